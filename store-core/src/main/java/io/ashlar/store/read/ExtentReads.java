package io.ashlar.store.read;

import io.ashlar.store.disk.BufferPool;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.Lender;
import io.ashlar.store.disk.PooledBuffer;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.Checksum;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.uring.NativeException;
import java.lang.foreign.MemorySegment;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Reads the blocks of extents for the calling thread: itself, with one {@code pread} each, or, when
 * it is a virtual one, through the {@link ReadAgent}.
 *
 * <p>A failure is returned, not thrown: whether it matters is known only once the index was looked
 * at again (rule L21). Thread: any.
 */
final class ExtentReads {

  /**
   * From here on a buffer on huge pages and a copy are faster than the pages of a caller (0032).
   */
  private static final int COPY_BYTES_MIN = 32 << 10;

  private final Lender lender;
  private final Disk disk;
  private final BufferPool pool;
  private final ReadAgent agent;

  ExtentReads(Lender lender, Disk disk, ReadAgent agent) {
    this.lender = lender;
    this.disk = disk;
    pool = lender.pool();
    this.agent = agent;
  }

  BufferPool pool() {
    return pool;
  }

  /**
   * Returns whether a read may go to the caller's own memory. On a virtual thread it may not: a
   * ring would write to it, and only a system call keeps memory from being unmapped meanwhile.
   */
  static boolean canReadInto(MemorySegment target, long length) {
    return target.isNative()
        && !Thread.currentThread().isVirtual()
        && !target.isReadOnly()
        && target.byteSize() >= Blocks.roundUp(length)
        && target.address() % Blocks.BYTES == 0;
  }

  /** Takes a buffer, waiting for it if necessary. */
  PooledBuffer takeBuffer(long bytes) {
    return lender.takeBuffer(bytes);
  }

  /** Takes a buffer for a blob of {@code length} bytes, or for a part of it. */
  PooledBuffer takeBufferFor(long length) {
    return takeBuffer(Math.min(pool.largestBytes(), Blocks.roundUp(length)));
  }

  /**
   * Reads {@code bytes} of a blob from {@code offset} on, whole blocks, to the start of native,
   * aligned memory, on a virtual thread a pooled buffer's.
   *
   * @param offset a multiple of 4 KiB.
   */
  @Nullable NativeException read(
      ReadContext context, BlobLocation location, long offset, MemorySegment target, long bytes) {
    if (bytes == 0) {
      return null;
    }
    long fileOffset = Blocks.offset(location.startBlock()) + offset;
    try {
      long asked = Blocks.roundUp(bytes);
      long read =
          Thread.currentThread().isVirtual()
              ? agent.read(context.request(), target, asked, fileOffset)
              : disk.read(target, asked, fileOffset);
      return read >= bytes ? null : endOfFile(location, offset + read);
    } catch (NativeException e) {
      return e;
    }
  }

  /**
   * Reads blocks, whatever lies in them, to the start of memory that {@link #canReadInto}.
   *
   * @param bytes a multiple of 4 KiB.
   */
  @Nullable NativeException readBlocks(long startBlock, MemorySegment target, long bytes) {
    try {
      long read = disk.read(target, bytes, Blocks.offset(startBlock));
      return read >= bytes
          ? null
          : new NativeException(
              "pread", 0, "end of file at offset=" + (Blocks.offset(startBlock) + read));
    } catch (NativeException e) {
      return e;
    }
  }

  /** Returns why a request that is done did not read all of a blob, or null if it did. */
  static @Nullable NativeException failureOf(ReadRequest request, BlobLocation location) {
    NativeException failure = request.failure();
    return failure == null && request.bytesRead() < location.lengthBytes()
        ? endOfFile(location, request.bytesRead())
        : failure;
  }

  /** Returns the failure of a read that got no further than {@code reached} bytes into the blob. */
  private static NativeException endOfFile(BlobLocation location, long reached) {
    long fileOffset = Blocks.offset(location.startBlock()) + reached;
    return new NativeException("pread", 0, "end of file at offset=" + fileOffset);
  }

  /**
   * Takes a buffer to read a blob into and copy it from. Returns null if the blob is read directly
   * into a suitable target, because it is short or no buffer is free.
   */
  @Nullable PooledBuffer takeBufferToCopyFrom(MemorySegment target, long length) {
    if (!canReadInto(target, length)) {
      return takeBufferFor(length);
    }
    return length < COPY_BYTES_MIN ? null : pool.tryTakeSpare(Blocks.roundUp(length));
  }

  /** Reads a whole blob to any memory, through a buffer, which is released. */
  @Nullable NativeException readThrough(
      PooledBuffer buffer,
      ReadContext context,
      BlobLocation location,
      MemorySegment target,
      CRC32C crc) {
    long length = location.lengthBytes();
    try {
      for (long offset = 0; offset < length; offset += buffer.capacity()) {
        long bytes = Math.min(buffer.capacity(), length - offset);
        NativeException failure = read(context, location, offset, buffer.segment(), bytes);
        if (failure != null) {
          return failure;
        }
        Checksum.update(crc, buffer.view(), 0, (int) bytes);
        MemorySegment.copy(buffer.segment(), 0, target, offset, bytes);
      }
      return null;
    } finally {
      buffer.release();
    }
  }
}
