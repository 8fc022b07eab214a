package io.ashlar.store.commit;

import io.ashlar.store.BlobId;
import io.ashlar.store.StoreException;
import io.ashlar.store.StoreFailedException;
import io.ashlar.store.disk.BufferPool;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.disk.PooledBuffer;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.ChecksumTable;
import io.ashlar.uring.NativeException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;

/**
 * Brings values of an epoch to their extents before its commit: what it has buffered, beside its
 * filling ({@link #begin}) or at once ({@link #write}), and values that no buffer holds ({@link
 * #stream}). Every such write has ended before the epoch is queued or given up (rule L26); one that
 * failed fails the epoch alone, and keeps its extents unused (L24).
 *
 * <p>Thread: an epoch's caller.
 */
final class EpochSpill {

  /** Gives the next bytes of a value that streams. */
  @FunctionalInterface
  interface ValueSource {

    /** Fills all of {@code chunk} with the value's bytes from {@code offset} on. */
    void fill(MemorySegment chunk, long offset) throws IOException;
  }

  private final BufferPool pool;
  private final HeldSpace held;
  private final AheadWriter ahead;
  private final Poison poison;
  private final long bufferTimeoutNs;

  EpochSpill(
      BufferPool pool, HeldSpace held, AheadWriter ahead, Poison poison, long bufferTimeoutMs) {
    this.pool = pool;
    this.held = held;
    this.ahead = ahead;
    this.poison = poison;
    bufferTimeoutNs = TimeUnit.MILLISECONDS.toNanos(bufferTimeoutMs);
  }

  /** Lets a lane write the filled buffers, if one is idle and a run of free blocks holds them. */
  void begin(EpochBuffer buffer) {
    AheadWriter.Lane lane = ahead.tryTake(buffer.values().count());
    if (lane == null) {
      return;
    }
    boolean begun = false;
    try {
      long blocks = buffer.unplacedBlocks();
      long start = held.tryTake(buffer, blocks, blocks).start();
      if (start >= 0) {
        var _ = buffer.placeFrom(start);
        lane.begin(buffer, start);
        begun = true;
      }
    } finally {
      if (!begun) {
        lane.giveBack();
      }
    }
  }

  /** Waits for what {@link #begin} began; what failed fails the epoch (L26). */
  void await(EpochBuffer buffer) {
    ahead.await(buffer);
    Throwable failure = buffer.ahead().failure();
    if (failure != null) {
      buffer.breakOff();
      held.quarantineAll(buffer); // L24
      poison.check();
      throw writeFailed(failure);
    }
  }

  /** Waits for it where the epoch is given up. */
  void settle(EpochBuffer buffer) {
    ahead.await(buffer);
    if (buffer.ahead().failure() != null) {
      held.quarantineAll(buffer); // L24
    }
  }

  /** Writes the filled buffers to free space and gives them back. */
  void write(EpochBuffer buffer) {
    if (buffer.unplacedBlocks() == 0) {
      buffer.values().release();
      return;
    }
    buffer.breakOff(); // until it has succeeded
    Holding holding = new Holding(buffer);
    boolean fits;
    try {
      ScatteredPlacement placement = new ScatteredPlacement(holding, ahead::writeNow);
      placement.begin(buffer.unplacedBlocks());
      fits = placement.place(buffer);
      placement.end();
    } catch (NativeException e) {
      // Which of its extents the failed write touched is not told apart: none is used again (L24).
      held.quarantineAll(buffer);
      throw writeFailed(e);
    }
    if (!fits) {
      throw held.fullException(holding.refusedBlocks);
    }
    buffer.setAllPlaced();
    buffer.mend();
  }

  /**
   * Waits for a buffer, once the epoch has none that the pool could be short of.
   *
   * @throws io.ashlar.store.BackPressureTimeoutException if there was none until the deadline.
   */
  PooledBuffer awaitBuffer(EpochBuffer buffer, long bytes) {
    write(buffer);
    ahead.await(buffer);
    return awaitBuffer(bytes);
  }

  /** Waits for a buffer, likewise. */
  PooledBuffer awaitBuffer(long bytes) {
    return pool.take(bytes, System.nanoTime() + bufferTimeoutNs);
  }

  /**
   * Writes a value to an extent of its own, in parts, ahead of the commit, and its checksum table
   * behind it, so that parts of it can be read again.
   */
  void stream(EpochBuffer buffer, BlobId id, long length, ValueSource source) throws IOException {
    long blocks = ChecksumTable.extentBlocks(length, true);
    long start = held.take(buffer, blocks);
    if (start < 0) {
      throw held.fullException(blocks);
    }
    buffer.breakOff(); // until it has succeeded
    PooledBuffer chunk = pool.tryTake(pool.largestBytes());
    boolean written = false;
    try {
      if (chunk == null) {
        chunk = awaitBuffer(buffer, pool.largestBytes());
        buffer.breakOff(); // which was mended
      }
      int crc32c = streamParts(chunk, start, length, source);
      buffer.addPut(id.high(), id.low(), crc32c, start, length);
      written = true;
    } catch (NativeException e) {
      held.quarantine(buffer, blocks);
      written = true; // accounted for
      throw writeFailed(e);
    } finally {
      if (chunk != null) {
        chunk.release();
      }
      if (!written) {
        held.free(buffer, start, blocks);
      }
    }
    buffer.mend();
  }

  private int streamParts(PooledBuffer chunk, long start, long length, ValueSource source)
      throws IOException {
    CRC32C crc = new CRC32C();
    MemorySegment checksums = // the chunk's memory holds the value's parts first
        MemorySegment.ofArray(new byte[(int) Blocks.offset(ChecksumTable.blocks(length))]);
    long fileOffset = Blocks.offset(start);
    for (long offset = 0; offset < length; offset += chunk.capacity()) {
      long bytes = Math.min(chunk.capacity(), length - offset);
      MemorySegment part = chunk.segment().asSlice(0, Blocks.roundUp(bytes));
      source.fill(part.asSlice(0, bytes), offset);
      if (part.byteSize() > bytes) {
        part.asSlice(bytes).fill((byte) 0);
      }
      int first = (int) (offset / ChecksumTable.CHUNK_BYTES);
      ChecksumTable.fill(checksums, first, crc, chunk.view(), 0, bytes);
      ahead.writeNow(part, 0, part.byteSize(), fileOffset + offset);
    }
    MemorySegment table = chunk.segment().asSlice(0, checksums.byteSize()).copyFrom(checksums);
    ahead.writeNow(table, 0, table.byteSize(), fileOffset + Blocks.roundUp(length));
    return ChecksumTable.folded(table, length);
  }

  private static StoreException writeFailed(Throwable failure) {
    return new StoreFailedException(
        "a value could not be written ahead; its epoch was not applied, the store goes on: close the"
            + " epoch: failure="
            + failure.getMessage(),
        false,
        failure);
  }

  /** Takes extents for the values of an epoch. */
  private final class Holding implements ScatteredPlacement.Space {
    private final EpochBuffer buffer;
    private long refusedBlocks;
    private long allocatedBlocks;

    Holding(EpochBuffer buffer) {
      this.buffer = buffer;
    }

    @Override
    public long allocateFree(long least, long most) {
      HeldSpace.Held taken = held.tryTake(buffer, least, most);
      allocatedBlocks = taken.blocks();
      return taken.start();
    }

    @Override
    public long allocatedBlocks() {
      return allocatedBlocks;
    }

    @Override
    public long allocate(long blocks) {
      refusedBlocks = blocks;
      return held.take(buffer, blocks);
    }

    @Override
    public void giveBack(long start, long blocks) {
      held.free(buffer, start, blocks);
    }
  }
}
