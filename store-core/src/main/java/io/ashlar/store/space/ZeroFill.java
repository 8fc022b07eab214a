package io.ashlar.store.space;

import io.ashlar.store.disk.Disk;
import io.ashlar.uring.Errno;
import io.ashlar.uring.NativeException;
import io.ashlar.uring.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Makes a range of the data file read as zeroes, and maps its blocks, before a commit uses them
 * (rule L29). There are three steps to choose from:
 *
 * <table>
 *   <caption>The steps</caption>
 *   <tr><th>method<th>writes<th>changes the file's length
 *   <tr><td>{@link #allocate}<td>nothing; the blocks are given<td>once
 *   <tr><td>{@link #fill}<td>zeroes<td>with each write, unless {@link #allocate} did
 *   <tr><td>{@link #mark}<td>nothing; the first commits into the range are slow<td>once
 * </table>
 *
 * <p>A write that lengthens the file holds its inode's lock against all readers and writers. So
 * growth allocates first, and then fills in short pieces: see decision 0086.
 *
 * <p>The zeroes come from one huge page. A virtual disk passes each run of memory to its host
 * separately: see decision 0014.
 *
 * <p>Thread: one at a time. Memory: 2 MiB of native memory from the first use until {@link #close}.
 */
public final class ZeroFill implements AutoCloseable {

  /** How much one write fills that lengthens the file: a huge page. */
  static final int CHUNK_BYTES = 2 << 20;

  /** How much one write fills of allocated space; a commit's write waits for one of these. */
  static final int PIECE_BYTES = 256 << 10;

  private final Disk disk;
  private @Nullable NativeMemory zeroes;
  private boolean marks = true; // until the file system has refused it
  private boolean allocates = true; // until the file system has refused it

  /** Creates one for a disk, which stays open. */
  public ZeroFill(Disk disk) {
    this.disk = disk;
  }

  /**
   * Gives {@code [offset, endOffset)} its blocks, and the file the length for them, without
   * writing.
   *
   * @return false where the file system cannot do that: nothing was done.
   * @throws NativeException if the device fails or is full; a part may have been allocated.
   */
  public boolean allocate(long offset, long endOffset) {
    if (allocates && offset < endOffset) {
      try {
        disk.allocate(offset, endOffset - offset);
      } catch (NativeException e) {
        requireRefusal(e);
        allocates = false;
      }
    }
    return allocates;
  }

  /** Throws a failure again unless it says that the file system has no such call. */
  private static void requireRefusal(NativeException e) {
    if (e.errno() != Errno.EOPNOTSUPP && e.errno() != Errno.ENOSYS) {
      throw e;
    }
  }

  /**
   * Fills {@code [offset, endOffset)}, both multiples of 4 KiB; durable after the next sync.
   *
   * @param pieceBytes the longest write: {@link #PIECE_BYTES} where the range is allocated, else
   *     {@link #CHUNK_BYTES}.
   * @param beforeWrite told the length of each part before it is written; may throw to give up.
   * @throws io.ashlar.uring.NativeException if a write fails; a part may have been filled.
   */
  void fill(long offset, long endOffset, int pieceBytes, LongConsumer beforeWrite) {
    MemorySegment source = zeroes();
    for (long at = offset; at < endOffset; at += pieceBytes) {
      long length = Math.min(pieceBytes, endOffset - at);
      beforeWrite.accept(length);
      disk.write(source.asSlice(0, length), at);
    }
  }

  /** Fills a range that need not be allocated, in writes of {@link #CHUNK_BYTES}. */
  public void fill(long offset, long endOffset, LongConsumer beforeWrite) {
    fill(offset, endOffset, CHUNK_BYTES, beforeWrite);
  }

  /**
   * Fills {@code [offset, endOffset)} as {@link #fill} does, without writing where the file system
   * can do that.
   */
  public void mark(long offset, long endOffset, LongConsumer beforeWrite) {
    if (marks && offset < endOffset) {
      beforeWrite.accept(endOffset - offset);
      try {
        disk.zeroRange(offset, endOffset - offset);
        return;
      } catch (NativeException e) {
        requireRefusal(e);
        marks = false;
      }
    }
    fill(offset, endOffset, beforeWrite);
  }

  private MemorySegment zeroes() {
    if (zeroes == null) {
      zeroes = NativeMemory.allocate(CHUNK_BYTES);
    }
    return zeroes.segment();
  }

  @Override
  public void close() {
    if (zeroes != null) {
      zeroes.close();
    }
  }
}
