package io.ashlar.store.commit;

import io.ashlar.store.AckListener;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobStore;
import io.ashlar.store.CommitReport;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreException;
import io.ashlar.store.StoreFailedException;
import io.ashlar.store.disk.BufferPool;
import io.ashlar.store.disk.PooledBuffer;
import io.ashlar.store.disk.StoreGate;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.Checksum;
import io.ashlar.store.format.OperationFormat;
import io.ashlar.uring.NativeException;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * An epoch being filled by its caller.
 *
 * <pre>
 *   open ──commit──▶ ended           open ──close──▶ ended
 *     └──a put fails half-way──▶ broken ──close──▶ ended
 * </pre>
 *
 * <p>Values go to pooled buffers, packed one behind another. When the pool runs short or the epoch
 * holds as much as one gathered write carries, the filled buffers are <i>spilled</i> to extents
 * that nothing refers to yet, so half-filled epochs cannot block one another for ever; a value
 * longer than the longest buffer <i>streams</i> there. Every such write has ended before the epoch
 * is queued (rule L26).
 *
 * <p>Thread: one, the caller's.
 */
final class LocalEpoch implements Epoch {

  private static final int BUFFERS_MAX = 512;

  /** Gives the next bytes of a value that streams. */
  @FunctionalInterface
  private interface ValueSource {

    /** Fills all of {@code chunk} with the value's bytes from {@code offset} on. */
    void fill(MemorySegment chunk, long offset) throws IOException;
  }

  private enum State {
    OPEN,
    BROKEN,
    ENDED
  }

  private final CommitPath path;
  private final StoreGate gate;
  private final EpochBuffer buffer;
  private final BufferPool pool;
  private State state = State.OPEN;
  private long bufferedBytes;
  private @Nullable MemorySegment claimed;
  private long claimedOperation;
  private long claimedLength;

  LocalEpoch(CommitPath path, StoreGate gate, EpochBuffer buffer) {
    this.path = path;
    this.gate = gate;
    this.buffer = buffer;
    pool = path.pool();
  }

  @Override
  public void put(BlobId id, MemorySegment value) {
    long length = value.byteSize();
    beginOperation(length);
    try {
      if (length > pool.largestBytes()) {
        stream(
            id,
            length,
            (chunk, offset) -> MemorySegment.copy(value, offset, chunk, 0, chunk.byteSize()));
      } else {
        MemorySegment slot = slot(length);
        MemorySegment.copy(value, 0, slot, 0, length);
        addBuffered(id, slot, length);
      }
    } catch (IOException e) {
      throw new IllegalStateException("a copy from memory cannot fail", e);
    } finally {
      gate.exit();
    }
  }

  @Override
  public void put(BlobId id, ReadableByteChannel source, long length) throws IOException {
    beginOperation(length);
    try {
      ValueSource fill = (chunk, offset) -> readFully(source, chunk, offset, length);
      if (length > pool.largestBytes()) {
        stream(id, length, fill);
      } else {
        MemorySegment slot = slot(length);
        state = State.BROKEN;
        fill.fill(slot.asSlice(0, length), 0);
        state = State.OPEN;
        addBuffered(id, slot, length);
      }
    } finally {
      gate.exit();
    }
  }

  private static void readFully(
      ReadableByteChannel source, MemorySegment chunk, long offset, long length)
      throws IOException {
    ByteBuffer bytes = chunk.asByteBuffer();
    while (bytes.hasRemaining()) {
      if (source.read(bytes) < 0) {
        throw new EOFException(
            "the channel ended early: length=" + length + ", got=" + (offset + bytes.position()));
      }
    }
  }

  @Override
  public MemorySegment claim(BlobId id, long length) {
    if (length > pool.largestBytes()) {
      throw new IllegalArgumentException(
          "a claim is at most claimBytesMax()="
              + pool.largestBytes()
              + " bytes, put a longer value instead: length="
              + length);
    }
    beginOperation(length);
    try {
      MemorySegment slot = slot(length);
      claimed = slot;
      claimedLength = length;
      claimedOperation = buffer.addPut(id.high(), id.low(), 0, 0, length);
      return slot.asSlice(0, length);
    } finally {
      gate.exit();
    }
  }

  @Override
  public void delete(BlobId id) {
    beginOperation(0);
    try {
      buffer.addDelete(id.high(), id.low());
    } finally {
      gate.exit();
    }
  }

  /** Checks that an operation can be added and enters the gate. */
  private void beginOperation(long length) {
    checkOpen();
    if (length < 0 || length > BlobStore.BLOB_BYTES_MAX) {
      throw new IllegalArgumentException(
          "a blob has 0 to " + BlobStore.BLOB_BYTES_MAX + " bytes: length=" + length);
    }
    if (buffer.operationCount() >= OPERATIONS_MAX) {
      throw new IllegalArgumentException(
          "an epoch has at most " + OPERATIONS_MAX + " operations: commit it and begin another");
    }
    gate.enter();
    try {
      path.poison().check();
      sealClaim();
    } catch (RuntimeException | Error e) {
      gate.exit();
      throw e;
    }
  }

  private void checkOpen() {
    if (state == State.ENDED) {
      throw new IllegalStateException("the epoch has ended: it was committed or closed");
    }
    if (state == State.BROKEN) {
      throw new IllegalStateException("the epoch is broken by a failed put: close it");
    }
  }

  /** Takes the bytes that the caller filled in place: from here on they must not change. */
  private void sealClaim() {
    MemorySegment slot = claimed;
    if (slot != null) {
      claimed = null;
      OperationFormat.crc32c(buffer.operations(), claimedOperation, seal(slot, claimedLength));
    }
  }

  /** Zeroes what lies behind the value in its last block; returns the value's checksum. */
  private static int seal(MemorySegment slot, long length) {
    if (slot.byteSize() > length) {
      slot.asSlice(length).fill((byte) 0);
    }
    return Checksum.crc32c(slot.asSlice(0, length));
  }

  private void addBuffered(BlobId id, MemorySegment slot, long length) {
    buffer.addPut(id.high(), id.low(), seal(slot, length), 0, length);
  }

  /** Returns memory for a value of {@code length} bytes, rounded up to whole blocks. */
  private MemorySegment slot(long length) {
    long bytes = Blocks.roundUp(length);
    if (bytes == 0) {
      return MemorySegment.NULL;
    }
    if (buffer.lastBufferFreeBytes() < bytes) {
      if (bufferedBytes + bytes > path.config().groupBytesMax()
          || buffer.bufferCount() >= BUFFERS_MAX) {
        spill();
      }
      buffer.addBuffer(takeBuffer(bytes), 0);
    }
    bufferedBytes += bytes;
    return buffer.takeFromLastBuffer(bytes);
  }

  /**
   * Takes a buffer: twice the last one's size if there is one, else what fits, else after a spill.
   */
  private PooledBuffer takeBuffer(long bytes) {
    long wanted = Math.clamp(2 * buffer.lastBufferCapacity(), bytes, pool.largestBytes());
    PooledBuffer taken = pool.tryTake(wanted);
    if (taken == null && wanted > bytes) {
      taken = pool.tryTake(bytes);
    }
    if (taken == null) {
      spill();
      taken = awaitBuffer(bytes);
    }
    return taken;
  }

  private PooledBuffer awaitBuffer(long bytes) {
    long timeoutMs = path.config().backPressureTimeoutMs();
    return pool.take(bytes, System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs));
  }

  /** Writes the filled buffers to free space and gives them back. */
  private void spill() {
    long blocks = buffer.unplacedBlocks();
    if (blocks == 0) {
      buffer.releaseBuffers();
      bufferedBytes = 0;
      return;
    }
    state = State.BROKEN; // until it has succeeded
    Holding holding = new Holding();
    boolean fits;
    try {
      fits = ScatteredPlacement.place(buffer, holding, path::writeAhead);
    } catch (NativeException e) {
      // Which of its extents the failed write touched is not told apart: none is used again (L24).
      path.quarantineAll(buffer);
      throw writeFailed(e);
    }
    if (!fits) {
      throw path.fullException(holding.refusedBlocks);
    }
    buffer.setAllPlaced();
    bufferedBytes = 0;
    state = State.OPEN;
  }

  /** Takes extents for this epoch, through the commit role. */
  private final class Holding implements ScatteredPlacement.Allocation {
    private long refusedBlocks;

    @Override
    public long allocateFree(long blocks) {
      return path.tryHold(buffer, blocks, false);
    }

    @Override
    public long allocate(long blocks) {
      refusedBlocks = blocks;
      return path.tryHold(buffer, blocks, true);
    }
  }

  /** Writes a value to an extent of its own, in parts, ahead of the commit. */
  private void stream(BlobId id, long length, ValueSource source) throws IOException {
    long blocks = Blocks.count(length);
    long start = path.tryHold(buffer, blocks, true);
    if (start < 0) {
      throw path.fullException(blocks);
    }
    state = State.BROKEN; // until it has succeeded
    PooledBuffer chunk = pool.tryTake(pool.largestBytes());
    boolean written = false;
    try {
      if (chunk == null) {
        spillBuffers();
        chunk = awaitBuffer(pool.largestBytes());
      }
      int crc32c = streamParts(chunk, start, length, source);
      buffer.addPut(id.high(), id.low(), crc32c, start, length);
      written = true;
    } catch (NativeException e) {
      path.quarantine(buffer, blocks);
      written = true; // accounted for
      throw writeFailed(e);
    } finally {
      if (chunk != null) {
        chunk.release();
      }
      if (!written) {
        path.releaseHeld(buffer, start, blocks);
      }
    }
    state = State.OPEN;
  }

  /** Spills within a stream, whose own state it must not end. */
  private void spillBuffers() {
    spill();
    state = State.BROKEN;
  }

  private int streamParts(PooledBuffer chunk, long start, long length, ValueSource source)
      throws IOException {
    CRC32C crc = new CRC32C();
    long fileOffset = Blocks.offset(start);
    for (long offset = 0; offset < length; offset += chunk.capacity()) {
      long bytes = Math.min(chunk.capacity(), length - offset);
      MemorySegment part = chunk.segment().asSlice(0, Blocks.roundUp(bytes));
      source.fill(part.asSlice(0, bytes), offset);
      if (part.byteSize() > bytes) {
        part.asSlice(bytes).fill((byte) 0);
      }
      Checksum.update(crc, part.asSlice(0, bytes));
      path.poison().check();
      path.writeAhead(part, fileOffset + offset);
    }
    return (int) crc.getValue();
  }

  private static StoreException writeFailed(NativeException failure) {
    return new StoreFailedException(
        "a value could not be written ahead; its epoch was not applied, the store goes on: close the"
            + " epoch: failure="
            + failure.getMessage(),
        false,
        failure);
  }

  @Override
  public int operationCount() {
    return buffer.operationCount();
  }

  @Override
  public long valueBytes() {
    return buffer.valueBytes();
  }

  @Override
  public long commit() {
    beginCommit();
    try {
      return path.commit(buffer);
    } finally {
      gate.exit();
    }
  }

  @Override
  public void commit(AckListener listener) {
    beginCommit();
    try {
      path.commit(buffer, listener);
    } finally {
      gate.exit();
    }
  }

  @Override
  public CompletableFuture<CommitReport> commitAsync() {
    CompletableFuture<CommitReport> future = new CompletableFuture<>();
    commit(
        new AckListener() {
          @Override
          public void onDurable(
              long epoch, int putsTotal, int putsFlushed, int deletesTotal, int deletesApplied) {
            future.complete(
                new CommitReport(epoch, putsTotal, putsFlushed, deletesTotal, deletesApplied));
          }

          @Override
          public void onFailed(StoreException failure) {
            future.completeExceptionally(failure);
          }
        });
    return future;
  }

  private void beginCommit() {
    checkOpen();
    gate.enter();
    try {
      path.poison().check();
      sealClaim();
    } catch (RuntimeException | Error e) {
      gate.exit();
      throw e;
    }
    state = State.ENDED;
  }

  @Override
  public void close() {
    if (state == State.ENDED) {
      return;
    }
    state = State.ENDED;
    claimed = null;
    if (gate.tryEnter()) { // else the pool's memory has gone with the store
      try {
        path.abandon(buffer);
      } finally {
        gate.exit();
      }
    }
  }
}
