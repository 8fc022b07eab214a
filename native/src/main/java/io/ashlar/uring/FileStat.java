package io.ashlar.uring;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.ashlar.uring.libc.Libc;
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
  /** Of {@code struct statx}: its size and fields. Checked by the ABI test. */
  static final long STATX_BYTES = 256;

  static final long STX_NLINK_OFFSET = 16;
  static final long STX_MODE_OFFSET = 28;
  static final long STX_INO_OFFSET = 32;
  static final long STX_SIZE_OFFSET = 40;
  static final long STX_DEV_MAJOR_OFFSET = 136;
  static final long STX_DEV_MINOR_OFFSET = 140;
  static final long STX_DIO_MEM_ALIGN_OFFSET = 152;
  static final long STX_DIO_OFFSET_ALIGN_OFFSET = 156;

  private static final int FALLBACK_ALIGNMENT = 4096;

  /** Returns whether both describe the same file: device and inode are equal. */
  public boolean sameFile(FileStat other) {
    return device == other.device && inode == other.inode;
  }

  /** Asks statx(2) about a descriptor and path; {@code subject} names them in the failure. */
  static FileStat of(Arena arena, int fd, MemorySegment path, int flags, String subject) {
    MemorySegment stat = arena.allocate(STATX_BYTES, Long.BYTES);
    int result =
        LibcCalls.statx(fd, path, flags, Libc.STATX_BASIC_STATS() | Libc.STATX_DIOALIGN(), stat);
    if (result < 0) {
      throw new NativeException("statx", -result, subject);
    }
    return new FileStat(
        (long) stat.get(JAVA_INT, STX_DEV_MAJOR_OFFSET) << 32
            | Integer.toUnsignedLong(stat.get(JAVA_INT, STX_DEV_MINOR_OFFSET)),
        stat.get(JAVA_LONG, STX_INO_OFFSET),
        stat.get(JAVA_INT, STX_NLINK_OFFSET),
        stat.get(JAVA_LONG, STX_SIZE_OFFSET),
        Short.toUnsignedInt(stat.get(JAVA_SHORT, STX_MODE_OFFSET)),
        alignmentOf(stat.get(JAVA_INT, STX_DIO_MEM_ALIGN_OFFSET)),
        alignmentOf(stat.get(JAVA_INT, STX_DIO_OFFSET_ALIGN_OFFSET)));
  }

  private static int alignmentOf(int reported) {
    return reported == 0 ? FALLBACK_ALIGNMENT : reported;
  }
}
