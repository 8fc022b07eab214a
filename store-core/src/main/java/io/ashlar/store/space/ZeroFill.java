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
 * (rule L29). It writes zeroes, or asks the file system for zeroes. The latter takes no time but
 * slows the first commits into the range.
 *
 * <p>The zeroes come from one huge page. A virtual disk passes each run of memory to its host
 * separately. A host may keep the file in pages as long as its first writes. Short first writes
 * then slow every later read and sync: see decision 0014.
 *
 * <p>Thread: one at a time. Memory: 2 MiB of native memory from the first use until {@link #close}.
 */
public final class ZeroFill implements AutoCloseable {

  /** How much one write fills: a huge page. */
  static final int CHUNK_BYTES = 2 << 20;

  private final Disk disk;
  private @Nullable NativeMemory zeroes;
  private boolean marks = true; // until the file system has refused it

  /** Creates one for a disk, which stays open. */
  public ZeroFill(Disk disk) {
    this.disk = disk;
  }

  /**
   * Fills {@code [offset, endOffset)}, both multiples of 4 KiB; durable after the next sync.
   *
   * @param beforeWrite told the length of each part before it is written; may throw to give up.
   * @throws io.ashlar.uring.NativeException if a write fails; a part may have been filled.
   */
  public void fill(long offset, long endOffset, LongConsumer beforeWrite) {
    MemorySegment source = zeroes();
    for (long at = offset; at < endOffset; at += CHUNK_BYTES) {
      long length = Math.min(CHUNK_BYTES, endOffset - at);
      beforeWrite.accept(length);
      disk.write(source.asSlice(0, length), at);
    }
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
        if (e.errno() != Errno.EOPNOTSUPP) {
          throw e;
        }
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
