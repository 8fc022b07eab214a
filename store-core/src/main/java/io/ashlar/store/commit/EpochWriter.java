package io.ashlar.store.commit;

import io.ashlar.store.AckListener;
import io.ashlar.store.Admission;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobStore;
import io.ashlar.store.Epoch;
import io.ashlar.store.disk.BufferPool;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.disk.PooledBuffer;
import io.ashlar.store.disk.StoreGate;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.ChecksumTable;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import org.jspecify.annotations.Nullable;

/**
 * Fills epochs for their callers, and hands them to the commit path.
 *
 * <p>Values go to pooled buffers, packed one behind another. When the pool runs short or the epoch
 * holds as much as one gathered write carries, the filled buffers are <i>spilled</i> to extents
 * that nothing refers to yet, so half-filled epochs cannot block one another for ever; a value
 * longer than the longest buffer <i>streams</i> there. Every such write has ended before the epoch
 * is queued (rule L26).
 *
 * <p>Every method takes the epoch's buffer and the stamp under which it was begun ({@link
 * EpochBuffer#begin}). Nothing is allocated for a value that fits into a buffer.
 *
 * <p>Thread: any; one for each epoch.
 */
final class EpochWriter {

  private static final int BUFFERS_MAX = 512;

  /**
   * So much of an epoch, where pool and group allow it, is written ahead in one piece: the device
   * is slower with smaller ones by more than is gained by filling meanwhile (record 0037).
   */
  private static final long AHEAD_BYTES_MIN = 8 << 20;

  private final CommitPath path;
  private final StoreGate gate;
  private final BufferPool pool;
  private final EpochSpill spill;
  private final Poison poison;
  private final long groupBytesMax;
  private final long aheadBytesMin;

  EpochWriter(
      CommitPath path,
      StoreGate gate,
      BufferPool pool,
      EpochSpill spill,
      Poison poison,
      long groupBytesMax) {
    this.path = path;
    this.gate = gate;
    this.pool = pool;
    this.spill = spill;
    this.poison = poison;
    this.groupBytesMax = groupBytesMax;
    aheadBytesMin = Math.min(AHEAD_BYTES_MIN, Math.min(groupBytesMax / 2, pool.totalBytes() / 8));
  }

  /** Begins an epoch and returns its buffer. */
  EpochBuffer begin() {
    gate.enter();
    try {
      EpochBuffer buffer = path.takeEpochBuffer();
      buffer.begin();
      return buffer;
    } finally {
      gate.exit();
    }
  }

  /** See {@link Epoch#put(BlobId, MemorySegment)}. */
  void put(EpochBuffer buffer, long stamp, BlobId id, MemorySegment value) {
    long length = value.byteSize();
    beginOperation(buffer, stamp, length);
    try {
      if (length > pool.largestBytes()) {
        spill.stream(
            buffer,
            id,
            length,
            (chunk, offset) -> MemorySegment.copy(value, offset, chunk, 0, chunk.byteSize()));
      } else if (length == 0) {
        buffer.addPut(id.high(), id.low(), 0, 0, 0);
      } else {
        buffer.addBuffered(id.high(), id.low(), value, slot(buffer, length));
      }
    } catch (IOException e) {
      throw new IllegalStateException("a copy from memory cannot fail", e);
    } finally {
      gate.exit();
    }
  }

  /** See {@link Epoch#put(BlobId, ReadableByteChannel, long)}. */
  void put(EpochBuffer buffer, long stamp, BlobId id, ReadableByteChannel source, long length)
      throws IOException {
    beginOperation(buffer, stamp, length);
    try {
      if (length > pool.largestBytes()) {
        spill.stream(
            buffer, id, length, (chunk, offset) -> readFully(source, chunk, offset, length));
      } else if (length == 0) {
        buffer.addPut(id.high(), id.low(), 0, 0, 0);
      } else {
        long offset = slot(buffer, length);
        buffer.breakOff();
        readFully(source, buffer.values().memory().asSlice(offset, length), 0, length);
        buffer.mend();
        buffer.addSealed(id.high(), id.low(), offset, length);
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

  /** See {@link Epoch#claim}. */
  MemorySegment claim(EpochBuffer buffer, long stamp, BlobId id, long length) {
    checkFitsBuffer(length);
    beginOperation(buffer, stamp, length);
    try {
      long offset = length == 0 ? 0 : slot(buffer, length);
      return claimed(buffer, id, offset, length);
    } finally {
      gate.exit();
    }
  }

  private static MemorySegment claimed(EpochBuffer buffer, BlobId id, long offset, long length) {
    buffer.addClaimed(id.high(), id.low(), offset, length);
    return length == 0 ? MemorySegment.NULL : buffer.values().memory().asSlice(offset, length);
  }

  /** See {@link Epoch#tryPut}. */
  Admission tryPut(EpochBuffer buffer, long stamp, BlobId id, MemorySegment value) {
    long length = value.byteSize();
    checkFitsBuffer(length);
    beginOperation(buffer, stamp, length);
    try {
      long offset = length == 0 ? 0 : trySlot(buffer, length);
      if (offset < 0) {
        return Admission.BACK_PRESSURED;
      }
      if (length == 0) {
        buffer.addPut(id.high(), id.low(), 0, 0, 0);
      } else {
        buffer.addBuffered(id.high(), id.low(), value, offset);
      }
      return Admission.ACCEPTED;
    } finally {
      gate.exit();
    }
  }

  /** See {@link Epoch#tryClaim}. */
  @Nullable MemorySegment tryClaim(EpochBuffer buffer, long stamp, BlobId id, long length) {
    checkFitsBuffer(length);
    beginOperation(buffer, stamp, length);
    try {
      long offset = length == 0 ? 0 : trySlot(buffer, length);
      return offset < 0 ? null : claimed(buffer, id, offset, length);
    } finally {
      gate.exit();
    }
  }

  private void checkFitsBuffer(long length) {
    if (length > pool.largestBytes()) {
      throw new IllegalArgumentException(
          "a claim, or a put that must not wait, is at most claimBytesMax()="
              + pool.largestBytes()
              + " bytes, put a longer value instead: length="
              + length);
    }
  }

  /** See {@link Epoch#delete}. */
  void delete(EpochBuffer buffer, long stamp, BlobId id) {
    beginOperation(buffer, stamp, 0);
    try {
      buffer.addDelete(id.high(), id.low());
    } finally {
      gate.exit();
    }
  }

  /** Checks that an operation can be added and enters the gate. */
  private void beginOperation(EpochBuffer buffer, long stamp, long length) {
    checkOpen(buffer, stamp);
    if (length < 0 || length > BlobStore.BLOB_BYTES_MAX) {
      throw new IllegalArgumentException(
          "a blob has 0 to " + BlobStore.BLOB_BYTES_MAX + " bytes: length=" + length);
    }
    if (buffer.operationCount() >= Epoch.OPERATIONS_MAX) {
      throw new IllegalArgumentException(
          "an epoch has at most "
              + Epoch.OPERATIONS_MAX
              + " operations: commit it and begin another");
    }
    buffer.makeRoom();
    enter(buffer);
  }

  /** Enters the gate of a store that has not failed, and takes what the caller claimed last. */
  private void enter(EpochBuffer buffer) {
    gate.enter();
    try {
      poison.check();
      buffer.sealClaim();
    } catch (RuntimeException | Error e) {
      gate.exit();
      throw e;
    }
  }

  private static void checkOpen(EpochBuffer buffer, long stamp) {
    if (!buffer.isOpen(stamp)) {
      throw new IllegalStateException(
          buffer.isUnended(stamp)
              ? "the epoch is broken by a failed put: close it"
              : "the epoch has ended: it was committed or closed");
    }
  }

  /** Finds room for a value, 1 byte or longer; returns its offset in its buffer. */
  private long slot(EpochBuffer buffer, long length) {
    EpochValues values = buffer.values();
    long bytes = Blocks.roundUp(length);
    if (values.bytes() >= aheadBytesMin && path.isIdle()) {
      spill.begin(buffer);
    }
    long tableBytes = tableBytes(length);
    boolean another = values.freeBytes() < bytes + tableBytes;
    if (another
        && (values.bytes() + bytes + tableBytes > groupBytesMax || values.count() >= BUFFERS_MAX)) {
      spill.write(buffer);
    }
    long offset = trySlot(buffer, length);
    if (offset >= 0) {
      return offset;
    }
    PooledBuffer taken = spill.awaitBuffer(buffer, bytes);
    PooledBuffer tableBuffer = null;
    if (taken.capacity() < bytes + tableBytes) {
      tableBuffer = awaitTableBuffer(taken, tableBytes);
    }
    values.add(taken, 0);
    return values.takeFor(length, tableBuffer);
  }

  /** Waits for a buffer for a table while {@code taken} is for its value. */
  private PooledBuffer awaitTableBuffer(PooledBuffer taken, long tableBytes) {
    try {
      return spill.awaitBuffer(tableBytes);
    } catch (RuntimeException | Error e) {
      taken.release();
      throw e;
    }
  }

  /** Does the same if that takes neither waiting nor writing; else returns −1. */
  private long trySlot(EpochBuffer buffer, long length) {
    long bytes = Blocks.roundUp(length);
    long tableBytes = tableBytes(length);
    EpochValues values = buffer.values();
    if (values.freeBytes() >= bytes + tableBytes) {
      return values.takeFor(length, null);
    }
    PooledBuffer taken = values.count() < BUFFERS_MAX ? tryTakeBuffer(values, bytes) : null;
    if (taken == null) {
      return -1;
    }
    PooledBuffer tableBuffer = null;
    if (taken.capacity() < bytes + tableBytes) {
      tableBuffer = pool.tryTake(tableBytes);
      if (tableBuffer == null) {
        taken.release();
        return -1;
      }
    }
    values.add(taken, 0);
    return values.takeFor(length, tableBuffer);
  }

  private static long tableBytes(long length) {
    return ChecksumTable.isFor(length) ? Blocks.offset(ChecksumTable.blocks(length)) : 0;
  }

  /** Takes a buffer of twice the last one's size, else what fits, if there is one. */
  private @Nullable PooledBuffer tryTakeBuffer(EpochValues values, long bytes) {
    long wanted = Math.clamp(2 * values.lastCapacity(), bytes, pool.largestBytes());
    PooledBuffer taken = pool.tryTake(wanted);
    return taken == null && wanted > bytes ? pool.tryTake(bytes) : taken;
  }

  /** See {@link Epoch#operationCount}. */
  int operationCount(EpochBuffer buffer, long stamp) {
    checkUnended(buffer, stamp);
    return buffer.operationCount();
  }

  /** See {@link Epoch#valueBytes}. */
  long valueBytes(EpochBuffer buffer, long stamp) {
    checkUnended(buffer, stamp);
    return buffer.valueBytes();
  }

  private static void checkUnended(EpochBuffer buffer, long stamp) {
    if (!buffer.isUnended(stamp)) {
      checkOpen(buffer, stamp); // which says why not
    }
  }

  /** See {@link Epoch#commit()}. */
  long commit(EpochBuffer buffer, long stamp) {
    path.refuseListener();
    beginCommit(buffer, stamp);
    try {
      return path.commit(buffer);
    } finally {
      gate.exit();
    }
  }

  /** See {@link Epoch#commit(AckListener)}. */
  void commit(EpochBuffer buffer, long stamp, AckListener listener) {
    beginCommit(buffer, stamp);
    try {
      path.commit(buffer, listener);
    } finally {
      gate.exit();
    }
  }

  /** See {@link Epoch#tryCommit}. */
  Admission tryCommit(EpochBuffer buffer, long stamp, AckListener listener) {
    checkOpen(buffer, stamp);
    if (buffer.ahead().areUnderWay()) {
      return Admission.BACK_PRESSURED;
    }
    beginCommit(buffer, stamp);
    try {
      if (path.tryCommit(buffer, listener)) {
        return Admission.ACCEPTED;
      }
      buffer.mend(); // still the caller's
      return Admission.BACK_PRESSURED;
    } finally {
      gate.exit();
    }
  }

  private void beginCommit(EpochBuffer buffer, long stamp) {
    checkOpen(buffer, stamp);
    enter(buffer);
    try {
      spill.await(buffer);
    } catch (RuntimeException | Error e) {
      gate.exit();
      throw e;
    }
    buffer.end(); // before the role can see it, who recycles it
  }

  /** See {@link Epoch#close}. */
  void close(EpochBuffer buffer, long stamp) {
    if (!buffer.isUnended(stamp)) {
      return;
    }
    if (buffer.heldBlocks() > 0) {
      path.refuseListener(); // the epoch stays open: another thread can close it
    }
    buffer.end();
    if (gate.tryEnter()) { // else the pool's memory has gone with the store
      try {
        spill.settle(buffer);
        path.abandon(buffer);
      } finally {
        gate.exit();
      }
    }
  }
}
