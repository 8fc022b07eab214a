package io.ashlar.store.commit;

import io.ashlar.store.AckListener;
import io.ashlar.store.Admission;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobStore;
import io.ashlar.store.Epoch;
import io.ashlar.store.commit.epoch.ClaimGuards;
import io.ashlar.store.commit.epoch.EpochBuffer;
import io.ashlar.store.disk.BufferPool;
import io.ashlar.store.disk.Lender;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.disk.StoreGate;
import io.ashlar.store.spi.StackRoom;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import org.jspecify.annotations.Nullable;

/**
 * Fills epochs for their callers, and hands them over to be committed.
 *
 * <p>Values go to pooled buffers ({@link EpochRoom}), or, if they are longer than the longest
 * buffer, directly to extents without a reference to them yet. Every write ahead has ended before
 * the epoch is queued (rule L26).
 *
 * <p>Every method takes the epoch's buffer and the stamp of its begin ({@link EpochBuffer#begin}).
 * A value that fits into a buffer allocates nothing.
 *
 * <p>Thread: any; one for each epoch.
 */
final class EpochWriter {

  private final EpochCommits commits;
  private final StoreGate gate;
  private final BufferPool pool;
  private final EpochRoom room;
  private final EpochSpill spill;
  private final Poison poison;

  EpochWriter(
      EpochCommits commits, Lender lender, EpochRoom room, EpochSpill spill, Poison poison) {
    this.commits = commits;
    gate = lender.gate();
    pool = lender.pool();
    this.room = room;
    this.spill = spill;
    this.poison = poison;
  }

  /** Returns whether the store looks for wrong uses of its handles. */
  boolean checks() {
    return pool.checks();
  }

  /** Returns the store's gate. */
  StoreGate gate() {
    return gate;
  }

  /** Begins an epoch and returns its buffer. */
  EpochBuffer begin() {
    gate.enter();
    try {
      EpochBuffer buffer = commits.take();
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
      long offset = roomFor(buffer, length);
      if (offset == EpochRoom.NO_ROOM) {
        spill.stream(
            buffer,
            id,
            length,
            (chunk, from) -> MemorySegment.copy(value, from, chunk, 0, chunk.byteSize()));
      } else if (length == 0) {
        buffer.addPut(id.high(), id.low(), 0, 0, 0);
      } else {
        buffer.addBuffered(id.high(), id.low(), value, offset);
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
      long offset = roomFor(buffer, length);
      if (offset == EpochRoom.NO_ROOM) {
        spill.stream(
            buffer, id, length, (chunk, from) -> readFully(buffer, source, chunk, from, length));
      } else if (length == 0) {
        buffer.addPut(id.high(), id.low(), 0, 0, 0);
      } else {
        buffer.breakOff();
        MemorySegment memory = buffer.values().memory().asSlice(offset, length);
        readFully(buffer, source, memory, 0, length);
        buffer.addSealed(id.high(), id.low(), offset, length);
        buffer.mend();
      }
    } finally {
      gate.exit();
    }
  }

  /** Finds room for a value of any length, or returns {@link EpochRoom#NO_ROOM}. */
  private long roomFor(EpochBuffer buffer, long length) {
    if (length > pool.largestBytes()) {
      return EpochRoom.NO_ROOM;
    }
    return length == 0 ? 0 : room.take(buffer, length);
  }

  private void readFully(
      EpochBuffer buffer, ReadableByteChannel source, MemorySegment chunk, long offset, long length)
      throws IOException {
    ByteBuffer bytes = chunk.asByteBuffer();
    gate.callbacks().beginCallback();
    buffer.setReading(true);
    try {
      while (bytes.hasRemaining()) {
        if (source.read(bytes) < 0) {
          throw new EOFException(
              "the channel ended early: length=" + length + ", got=" + (offset + bytes.position()));
        }
      }
    } finally {
      buffer.setReading(false);
      gate.callbacks().endCallback();
    }
  }

  /** See {@link Epoch#claim}. */
  MemorySegment claim(EpochBuffer buffer, long stamp, BlobId id, long length) {
    checkFitsBuffer(length);
    beginOperation(buffer, stamp, length);
    try {
      buffer.claims().makeRoom();
      long offset = length == 0 ? 0 : room.takeClaim(buffer, length);
      return claimed(buffer, id, offset, length);
    } finally {
      gate.exit();
    }
  }

  private MemorySegment claimed(EpochBuffer buffer, BlobId id, long offset, long length) {
    if (length == 0) {
      buffer.addPut(id.high(), id.low(), 0, 0, 0);
      return MemorySegment.NULL;
    }
    return buffer.addClaimed(id.high(), id.low(), offset, length, pool.checks());
  }

  /** See {@link Epoch#finish}. */
  void finish(EpochBuffer buffer, long stamp, MemorySegment claim) {
    checkOpen(buffer, stamp);
    enter();
    try {
      if (claim.byteSize() > 0 && !buffer.endClaim(claim)) {
        throw new IllegalArgumentException(
            "not the memory of an open claim of this epoch, or only a part of it: " + claim);
      }
    } finally {
      gate.exit();
    }
  }

  /** See {@link Epoch#tryPut}. */
  Admission tryPut(EpochBuffer buffer, long stamp, BlobId id, MemorySegment value) {
    long length = value.byteSize();
    checkFitsBuffer(length);
    beginOperation(buffer, stamp, length);
    try {
      long offset = length == 0 ? 0 : room.tryTake(buffer, length);
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
      buffer.claims().makeRoom();
      long offset = length == 0 ? 0 : room.tryTakeClaim(buffer, length);
      return offset < 0 ? null : claimed(buffer, id, offset, length);
    } finally {
      gate.exit();
    }
  }

  private void checkFitsBuffer(long length) {
    if (length > pool.largestBytes()) {
      throw new IllegalArgumentException(
          "the value is too long for a claim or tryPut; use put: claimBytesMax="
              + pool.largestBytes()
              + ", length="
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
    enter();
    boolean begun = false;
    try {
      buffer.makeRoom();
      begun = true;
    } finally {
      if (!begun) {
        gate.exit();
      }
    }
  }

  /** Enters the gate of a store that has not failed. */
  private void enter() {
    gate.enter();
    try {
      poison.check();
    } catch (RuntimeException | Error e) {
      gate.exit();
      throw e;
    }
  }

  private static void checkOpen(EpochBuffer buffer, long stamp) {
    if (!buffer.isOpen(stamp)) {
      checkNotReading(buffer, stamp);
      throw new IllegalStateException(
          buffer.isUnended(stamp)
              ? "the epoch is broken by a failed put: close it"
              : "the epoch has ended: it was committed or closed");
    }
  }

  /** Refuses what a channel does with the epoch that is reading it. */
  private static void checkNotReading(EpochBuffer buffer, long stamp) {
    if (buffer.isUnended(stamp) && buffer.isReading()) {
      throw new IllegalStateException(
          "this was called by the channel that a put of the same epoch is reading: call it after"
              + " the put has returned");
    }
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
    gate.refuseListener();
    ClaimGuards guards = beginCommit(buffer, stamp);
    try {
      return commits.commit(buffer);
    } finally {
      endCommit(buffer, stamp, guards);
    }
  }

  /** See {@link Epoch#commit(AckListener)}. */
  void commit(EpochBuffer buffer, long stamp, AckListener listener) {
    ClaimGuards guards = beginCommit(buffer, stamp);
    try {
      commits.commit(buffer, listener);
    } finally {
      endCommit(buffer, stamp, guards);
    }
  }

  /** See {@link Epoch#tryCommit}. */
  Admission tryCommit(EpochBuffer buffer, long stamp, AckListener listener) {
    checkOpen(buffer, stamp);
    if (buffer.ahead().areUnderWay()) {
      return Admission.BACK_PRESSURED;
    }
    if (buffer.claims().areOpen() && !commits.hasQueueRoom()) {
      return Admission.BACK_PRESSURED; // before their checksums are computed for nothing
    }
    ClaimGuards guards = beginCommit(buffer, stamp);
    try {
      if (commits.tryCommit(buffer, listener)) {
        return Admission.ACCEPTED;
      }
      buffer.mend(); // still the caller's
      return Admission.BACK_PRESSURED;
    } finally {
      endCommit(buffer, stamp, guards);
    }
  }

  /** Ends the filling, and takes what open claims hold; returns their guards, if there are any. */
  private @Nullable ClaimGuards beginCommit(EpochBuffer buffer, long stamp) {
    checkOpen(buffer, stamp);
    enter();
    try {
      spill.await(buffer);
      buffer.sealClaims();
    } catch (RuntimeException | Error e) {
      gate.exit();
      throw e;
    }
    ClaimGuards guards = buffer.claims().takeGuards();
    buffer.end(); // before the role can see it, who recycles it
    return guards;
  }

  private void endCommit(EpochBuffer buffer, long stamp, @Nullable ClaimGuards guards) {
    gate.exit();
    if (guards != null) {
      if (buffer.isUnended(stamp)) {
        buffer.claims().putGuardsBack(guards); // the commit was refused
      } else {
        guards.endAll();
      }
    }
  }

  /** See {@link Epoch#close}. */
  void close(EpochBuffer buffer, long stamp) {
    if (!buffer.isUnended(stamp)) {
      return;
    }
    checkNotReading(buffer, stamp);
    StackRoom.toEnd();
    if (buffer.heldBlocks() > 0) {
      gate.refuseListener(); // the epoch stays open: another thread can close it
    }
    ClaimGuards guards = buffer.claims().takeGuards();
    buffer.end();
    try {
      if (gate.tryEnter()) { // else the pool's memory has gone with the store
        try {
          spill.settle(buffer);
          commits.abandon(buffer);
        } finally {
          gate.exit();
        }
      } else {
        gate.freeLeft(); // which a system call on a claim may have kept
      }
    } finally {
      if (guards != null) {
        guards.endAll();
      }
    }
  }
}
