package io.ashlar.uring;

import io.ashlar.uring.libc.Libc;
import io.ashlar.uring.libc.statx;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The result of statx(2) for a file.
 *
 * @param device major number in the upper, minor number in the lower 32 bits.
 * @param inode inode number, unique within the device.
 * @param links how many names the file has in all folders; 0 once it was deleted.
 * @param bytes length in bytes.
 * @param mode type and permission bits, as in inode(7).
 * @param memoryAlignment bytes that a buffer's address must be a multiple of for direct I/O; 4096
 *     where the file system does not say.
 * @param offsetAlignment bytes that an offset and a length must be multiples of for direct I/O;
 *     4096 where the file system does not say.
 */
public record FileStat(
    long device,
    long inode,
    int links,
    long bytes,
    int mode,
    int memoryAlignment,
    int offsetAlignment) {
  private static final int FALLBACK_ALIGNMENT = 4096;

  /** Returns whether both describe the same file: device and inode are equal. */
  public boolean sameFile(FileStat other) {
    return device == other.device && inode == other.inode;
  }

  /** Asks statx(2) about a descriptor and path; {@code subject} names them in the failure. */
  static FileStat of(Arena arena, int fd, MemorySegment path, int flags, String subject) {
    MemorySegment stat = statx.allocate(arena);
    int result =
        LibcCalls.statx(fd, path, flags, Libc.STATX_BASIC_STATS() | Libc.STATX_DIOALIGN(), stat);
    if (result < 0) {
      throw new NativeException("statx", -result, subject);
    }
    return new FileStat(
        (long) statx.stx_dev_major(stat) << 32 | Integer.toUnsignedLong(statx.stx_dev_minor(stat)),
        statx.stx_ino(stat),
        statx.stx_nlink(stat),
        statx.stx_size(stat),
        Short.toUnsignedInt(statx.stx_mode(stat)),
        alignmentOf(statx.stx_dio_mem_align(stat)),
        alignmentOf(statx.stx_dio_offset_align(stat)));
  }

  private static int alignmentOf(int reported) {
    return reported == 0 ? FALLBACK_ALIGNMENT : reported;
  }
}
