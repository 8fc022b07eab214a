package io.ashlar.store.commit;

import io.ashlar.store.BlobId;
import io.ashlar.store.StallCause;
import io.ashlar.store.StoreException;
import io.ashlar.store.StoreFailedException;
import io.ashlar.store.commit.epoch.EpochBuffer;
import io.ashlar.store.commit.epoch.ScatteredPlacement;
import io.ashlar.store.disk.BufferPool;
import io.ashlar.store.disk.Lender;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.disk.PooledBuffer;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.ChecksumTable;
import io.ashlar.store.metrics.Stalls;
import io.ashlar.uring.NativeException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.zip.CRC32C;

/**
 * Writes values of an epoch to their extents before its commit. Buffered values are written while
 * the epoch is filled ({@link #begin}) or at once ({@link #write}). Values that no buffer holds are
 * streamed ({@link #stream}). Every such write has ended before the epoch is queued or abandoned
 * (rule L26). A failed write fails only its epoch, and its extents stay unused (L24).
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

  /** Any buffer of this many bytes can carry the parts of a value that streams, and its table. */
  static final long CHUNK_BYTES_MIN = ChecksumTable.CHUNK_BYTES;

  private final Lender lender;
  private final BufferPool pool;
  private final HeldSpace held;
  private final AheadWriter ahead;
  private final Poison poison;
  private final Stalls stalls;

  EpochSpill(Lender lender, HeldSpace held, AheadWriter ahead, Poison poison, Stalls stalls) {
    this.lender = lender;
    pool = lender.pool();
    this.held = held;
    this.ahead = ahead;
    this.poison = poison;
    this.stalls = stalls;
  }

  /** Lets a lane write the filled buffers, if one is idle and a run of free blocks holds them. */
  void begin(EpochBuffer buffer) {
    AheadWriter.Lane lane = ahead.tryTake(buffer.writableBuffers());
    if (lane == null) {
      return;
    }
    boolean begun = false;
    try {
      long blocks = buffer.writableBlocks();
      long start = held.tryTake(buffer, blocks, blocks).start();
      if (start >= 0) {
        buffer.breakOff(); // until it is under way
        long end = buffer.placeFrom(start);
        assert end == start + blocks : "G13: an epoch's values are not as long as its puts say";
        lane.begin(buffer, start);
        begun = true;
        buffer.mend();
      }
    } finally {
      if (!begun) {
        lane.giveBack();
      }
    }
  }

  /** Waits for the writes that {@link #begin} began; a failed write fails the epoch (L26). */
  void await(EpochBuffer buffer) {
    if (buffer.ahead().areUnderWay()) {
      long begunNs = stalls.nowNs();
      ahead.await(buffer);
      stalls.waited(StallCause.WRITE, begunNs);
    }
    Throwable failure = buffer.ahead().failure();
    if (failure != null) {
      buffer.breakOff();
      held.quarantineAll(buffer); // L24
      poison.check();
      throw writeFailed(failure);
    }
  }

  /** Waits for these writes when the epoch is abandoned. */
  void settle(EpochBuffer buffer) {
    ahead.await(buffer);
    if (buffer.ahead().failure() != null) {
      held.quarantineAll(buffer); // L24
    }
  }

  /** Writes the buffers that may be written to free space and returns them to the pool. */
  void write(EpochBuffer buffer) {
    if (buffer.writableBlocks() == 0) {
      buffer.values().release();
      return;
    }
    lender.gate().refuseListener(); // before anything changes: taking space waits
    buffer.breakOff(); // until it has succeeded
    Holding holding = new Holding(buffer);
    boolean fits;
    try {
      ScatteredPlacement placement = new ScatteredPlacement(holding, ahead::writeNow);
      placement.begin(buffer.writableBlocks());
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
    buffer.setWritablePlaced();
    buffer.mend();
  }

  /** Waits until every write ahead of the epoch has ended, with or without success. */
  void awaitWrites(EpochBuffer buffer) {
    ahead.await(buffer);
  }

  /**
   * Waits for a buffer.
   *
   * @throws io.ashlar.store.BackPressureTimeoutException if there was none until the deadline.
   */
  PooledBuffer awaitBuffer(long bytes) {
    long begunNs = stalls.nowNs();
    try {
      return pool.take(bytes, deadlineNs());
    } finally {
      waitedForBuffers(begunNs);
    }
  }

  /** Returns what the store's clock says now. */
  long nowNs() {
    return stalls.nowNs();
  }

  /** Notes that a wait for buffers which began then has ended. */
  void waitedForBuffers(long begunNs) {
    stalls.waited(StallCause.BUFFERS, begunNs);
  }

  /** Returns until when a wait that begins now may last, on the clock of System.nanoTime(). */
  long deadlineNs() {
    return lender.deadlineNs();
  }

  /**
   * Writes a value to an extent of its own, in parts, ahead of the commit. A checksum table follows
   * it if it is long enough for one, so that parts of it can be read again.
   */
  void stream(EpochBuffer buffer, BlobId id, long length, ValueSource source) throws IOException {
    PooledBuffer chunk = takeChunk(buffer); // before space is held: this may write, and fail
    try {
      streamThrough(chunk, buffer, id, length, source);
    } finally {
      chunk.release();
    }
  }

  /** Takes a buffer for a value's parts; one of any length if open claims may hold the rest. */
  private PooledBuffer takeChunk(EpochBuffer buffer) {
    PooledBuffer chunk = pool.tryTake(pool.largestBytes());
    if (chunk != null) {
      return chunk;
    }
    write(buffer);
    awaitWrites(buffer);
    if (!buffer.claims().areOpen()) {
      return awaitBuffer(pool.largestBytes());
    }
    for (long bytes = pool.largestBytes(); chunk == null && bytes > CHUNK_BYTES_MIN; bytes /= 2) {
      chunk = pool.tryTake(bytes);
    }
    return chunk != null ? chunk : awaitBuffer(CHUNK_BYTES_MIN);
  }

  private void streamThrough(
      PooledBuffer chunk, EpochBuffer buffer, BlobId id, long length, ValueSource source)
      throws IOException {
    long blocks = ChecksumTable.extentBlocks(length, ChecksumTable.isFor(length));
    long start = held.take(buffer, blocks);
    if (start < 0) {
      throw held.fullException(blocks);
    }
    buffer.breakOff(); // until it has succeeded
    boolean written = false;
    try {
      int crc32c = streamParts(chunk, start, length, source);
      buffer.addPut(id.high(), id.low(), crc32c, start, length);
      written = true;
    } catch (NativeException e) {
      held.quarantine(buffer, blocks);
      written = true; // accounted for
      throw writeFailed(e);
    } finally {
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
    if (ChecksumTable.isFor(length)) {
      MemorySegment table = chunk.segment().asSlice(0, checksums.byteSize()).copyFrom(checksums);
      ahead.writeNow(table, 0, table.byteSize(), fileOffset + Blocks.roundUp(length));
    }
    return ChecksumTable.folded(checksums, length);
  }

  private static StoreException writeFailed(Throwable failure) {
    return new StoreFailedException(
        "a value could not be written ahead; the epoch was not applied, and the store stays usable:"
            + " close the epoch: failure="
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
