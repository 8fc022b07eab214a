package io.ashlar.store.commit.epoch;

import io.ashlar.store.AckListener;
import io.ashlar.store.disk.PooledBuffer;
import io.ashlar.store.format.ChecksumTable;
import io.ashlar.store.format.OperationFormat;
import io.ashlar.store.index.OperationApplier;
import io.ashlar.store.vacuum.Relocations;
import io.ashlar.uring.IoVectors;
import io.ashlar.uring.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The content of one epoch. It has the operations in the form of the log record ({@link
 * OperationFormat}), and the values of puts ({@link EpochValues}) and claims ({@link EpochClaims}).
 * It also has the epoch's writes ahead and its outcome.
 *
 * <p>A put is <i>placed</i> when its bytes are already on their way to an extent (first block above
 * 0), or it has no bytes.
 *
 * <pre>
 *   filling ──commit──▶ queued ──taken by the role──▶ durable | failed ──recycle──▶ filling
 *      └──────close──────▶ recycled
 * </pre>
 *
 * <p>A buffer is used for one epoch after another. Each use has a <i>stamp</i> of its own, so a
 * caller that keeps an ended epoch cannot touch the next one.
 *
 * <p>Thread: the epoch's caller while filling, the commit role's holder while queued. The outcome
 * returns the buffer to the caller.
 */
public final class EpochBuffer implements QueueEntry {

  private static final int OPERATION_BYTES_INITIAL = 4096;
  private static final int STATES = 4;
  private static final int OPEN = 0;
  private static final int BROKEN = 1;
  private static final int ENDED = 2;
  private static final VarHandle STAMP;

  static {
    try {
      STAMP = MethodHandles.lookup().findVarHandle(EpochBuffer.class, "stamp", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  @SuppressWarnings("unused") // through STAMP: written by its owner (release), read by any
  private long stamp = ENDED; // which use of this buffer it is, and the state of that

  private final EpochValues values = new EpochValues();
  private final EpochClaims claims;
  private final WritesAhead ahead = new WritesAhead();
  private final EpochOutcome outcome = new EpochOutcome();

  private final MemorySegment initialOperations;
  private MemorySegment operations;
  private @Nullable NativeMemory grownOperations;
  private long operationBytes;
  private int operationCount;
  private int putCount;
  private int deleteCount;
  private long valueBytes;

  private long unplacedBlocks; // of values that are not claims
  private boolean anyPlaced;
  private long heldBlocks;
  private @Nullable Relocations relocations;
  private boolean reading; // a put is reading the application's channel

  private final RepeatedIds repeatedIds = new RepeatedIds();
  private byte @Nullable [] repeats;

  /**
   * Creates an empty buffer, whose first memory has the buffer's lifetime.
   *
   * @param claimQuota bounds the bytes of pooled buffers that claims take.
   */
  public EpochBuffer(Quota claimQuota) {
    claims = new EpochClaims(claimQuota);
    initialOperations = Arena.ofAuto().allocate(OPERATION_BYTES_INITIAL, 64);
    operations = initialOperations;
  }

  // ---- who may fill it: the epoch's caller

  /** Begins an epoch: another use of this buffer, with a stamp of its own. */
  public void begin() {
    STAMP.setRelease(this, (stamp() / STATES + 1) * STATES + OPEN);
  }

  /** Returns the stamp of this use, by which the caller of an open epoch identifies itself. */
  public long stamp() {
    return (long) STAMP.getAcquire(this);
  }

  /** Returns whether the epoch begun with {@code begun} is open and whole. */
  public boolean isOpen(long begun) {
    return stamp() == begun;
  }

  /** Returns whether the epoch begun with {@code begun} has not yet been committed or closed. */
  public boolean isUnended(long begun) {
    long now = stamp();
    return now == begun || now == begun + BROKEN;
  }

  /** Allows only {@code close} on the epoch, unless {@link #mend} follows. */
  public void breakOff() {
    STAMP.setRelease(this, stamp() / STATES * STATES + BROKEN);
  }

  /** Takes {@link #breakOff} back, or {@link #end} when the commit was refused. */
  public void mend() {
    claims.reopen();
    STAMP.setRelease(this, stamp() / STATES * STATES + OPEN);
  }

  /** Notes whether a put is reading a channel, which may call the store. */
  public void setReading(boolean on) {
    reading = on;
  }

  /** Returns whether a put is reading a channel. */
  public boolean isReading() {
    return reading;
  }

  /** Ends the caller's use of it. */
  public void end() {
    STAMP.setRelease(this, stamp() / STATES * STATES + ENDED);
  }

  // ---- filling: the epoch's caller

  /**
   * Appends a put. A checksum table follows a value that is long enough for one. Returns the put's
   * offset in {@link #operations}.
   */
  public long addPut(long idHigh, long idLow, int crc32c, long startBlock, long length) {
    long offset = reserve(OperationFormat.PUT_BYTES);
    OperationFormat.put(operations, offset, idHigh, idLow, crc32c, startBlock, length);
    if (ChecksumTable.isFor(length)) {
      OperationFormat.setTable(operations, offset);
    }
    putCount++;
    valueBytes += length;
    if (startBlock == 0) {
      unplacedBlocks += OperationFormat.blocks(operations, offset);
    } else {
      anyPlaced = true;
    }
    return offset;
  }

  /** Appends a delete. */
  public void addDelete(long idHigh, long idLow) {
    long offset = reserve(OperationFormat.DELETE_BYTES); // first: it may move the operations
    OperationFormat.delete(operations, offset, idHigh, idLow);
    deleteCount++;
  }

  /** Appends an evict. */
  public void addEvict(
      long idHigh, long idLow, long version, long startBlock, long cold0, long cold1, long cold2) {
    long offset = reserve(OperationFormat.EVICT_BYTES);
    OperationFormat.evict(
        operations, offset, idHigh, idLow, version, startBlock, cold0, cold1, cold2);
  }

  /** Appends a cold-move. */
  public void addColdMove(
      long idHigh, long idLow, long version, long cold0, long cold1, long cold2) {
    long offset = reserve(OperationFormat.COLD_MOVE_BYTES);
    OperationFormat.coldMove(operations, offset, idHigh, idLow, version, cold0, cold1, cold2);
  }

  /** Appends the relocations of a batch, which is told what became of them. */
  public void addRelocations(Relocations batch) {
    relocations = batch;
    addHeldBlocks(batch.heldBlocks());
    batch.forEach((idHigh, idLow, version, startBlock, newBlock) -> {
      long offset = reserve(OperationFormat.RELOCATE_BYTES);
      OperationFormat.relocate(operations, offset, idHigh, idLow, version, startBlock, newBlock);
    });
  }

  /**
   * Makes room for one more put or delete and its buffers. No later step can then run out of memory
   * once a value has its place in a buffer.
   *
   * @throws io.ashlar.uring.NativeException if there is no memory; the epoch is unchanged.
   */
  public void makeRoom() {
    makeRoom(OperationFormat.PUT_BYTES);
    values.makeRoom();
  }

  private void makeRoom(int bytes) {
    if (operationBytes + bytes > operations.byteSize()) {
      NativeMemory larger = NativeMemory.reserve(Math.max(1 << 20, operations.byteSize() * 2));
      MemorySegment.copy(operations, 0, larger.segment(), 0, operationBytes);
      freeGrownOperations();
      grownOperations = larger;
      operations = larger.segment();
    }
  }

  private long reserve(int bytes) {
    makeRoom(bytes);
    long offset = operationBytes;
    operationBytes += bytes;
    operationCount++;
    return offset;
  }

  /**
   * Copies a value to where room was taken for it and appends its put. If its memory cannot be read
   * the epoch is broken, since a gap is left that no put accounts for.
   */
  public void addBuffered(long idHigh, long idLow, MemorySegment value, long offset) {
    breakOff();
    int crc32c = values.fill(offset, value);
    mend();
    addPut(idHigh, idLow, crc32c, 0, value.byteSize());
  }

  /** Appends the put of a value that lies where room was taken for it. */
  public void addSealed(long idHigh, long idLow, long offset, long length) {
    addPut(idHigh, idLow, values.seal(values.valueBuffer(), offset, length), 0, length);
  }

  /** Appends the put of a value that the caller fills where room was taken for it. */
  public MemorySegment addClaimed(
      long idHigh, long idLow, long offset, long length, boolean guarded) {
    breakOff();
    long operation = reserve(OperationFormat.PUT_BYTES);
    OperationFormat.put(operations, operation, idHigh, idLow, 0, EpochClaims.UNPLACED, length);
    if (ChecksumTable.isFor(length)) {
      OperationFormat.setTable(operations, operation);
    }
    putCount++;
    valueBytes += length;
    MemorySegment lent = claims.open(operations, operation, offset, guarded);
    mend();
    return lent;
  }

  /**
   * Ends a claim, whose bytes must not change from here on.
   *
   * @return false if no claim that is open has this memory.
   */
  public boolean endClaim(MemorySegment lent) {
    int claim = claims.find(operations, lent);
    if (claim >= 0) {
      claims.end(operations, claim);
    }
    return claim >= 0;
  }

  /** Takes the content of the open claims, which must not change from here on. */
  public void sealClaims() {
    claims.sealOpen(operations);
  }

  /** Marks every put that may be written as placed, and gives the buffers back. */
  public void setWritablePlaced() {
    anyPlaced |= writableBlocks() > 0;
    unplacedBlocks = 0;
    values.release();
    claims.takeOutWritable(PooledBuffer::release);
  }

  /**
   * Places the unplaced values that may be written, in one run from a block on and in the order of
   * {@link #addTo}. Returns the block after the last.
   */
  public long placeFrom(long firstBlock) {
    long next = firstBlock;
    for (long offset = 0; unplacedBlocks > 0 && offset < operationBytes; ) {
      int kind = OperationFormat.kind(operations, offset);
      if (ScatteredPlacement.isUnplaced(operations, offset, kind)) {
        OperationFormat.startBlock(operations, offset, next);
        next += OperationFormat.blocks(operations, offset);
      }
      offset += OperationFormat.bytes(kind);
    }
    return claims.placeFrom(operations, next);
  }

  /**
   * Gives the buffers that may be written, and whose values were placed, to {@code taker}, who
   * writes them ahead. {@link WritesAhead#end} must follow.
   */
  public void handOver(Consumer<PooledBuffer> taker) {
    ahead.begin();
    anyPlaced = true;
    unplacedBlocks = 0;
    values.takeOut(_ -> true, taker);
    claims.takeOutWritable(taker);
  }

  /** Notes that the epoch holds an extent which nothing refers to yet. */
  public void addHeldBlocks(long blocks) {
    heldBlocks += blocks;
  }

  /** Returns the blocks of extents that were written ahead of the commit. */
  public long heldBlocks() {
    return heldBlocks;
  }

  /** Returns how many of these count in the {@link HeldQuota}: not those of relocations. */
  public long quotaBlocks() {
    return relocations == null ? heldBlocks : 0;
  }

  // ---- what it holds: caller, then role

  /** Returns the values that have no extent yet, but for claims. */
  public EpochValues values() {
    return values;
  }

  /** Returns the claims that have no extent yet. */
  public EpochClaims claims() {
    return claims;
  }

  /** Returns how many buffers may be written. */
  public int writableBuffers() {
    return values.count() + claims.writableBuffers();
  }

  /** Returns the blocks of values that have no extent yet and may be written: not open claims. */
  public long writableBlocks() {
    return unplacedBlocks + claims.writableBlocks();
  }

  /** Adds the buffers that may be written to a gathered write. */
  public void addTo(IoVectors vectors) {
    values.addTo(vectors);
    claims.addTo(vectors);
  }

  /** Gives all buffers back to the pool. */
  public void releaseBuffers() {
    values.release();
    claims.release();
  }

  /** Returns its writes ahead. */
  public WritesAhead ahead() {
    return ahead;
  }

  /** Returns what becomes of it. */
  public EpochOutcome outcome() {
    return outcome;
  }

  public MemorySegment operations() {
    return operations;
  }

  public long operationBytes() {
    return operationBytes;
  }

  public int operationCount() {
    return operationCount;
  }

  public int putCount() {
    return putCount;
  }

  public int deleteCount() {
    return deleteCount;
  }

  /** Returns whether it must leave room in the log for deletes on a full store (L15). */
  public boolean leavesRoom() {
    return putCount > 0 || relocations != null;
  }

  /** Tells the batch of relocations, if any, that they were applied. Thread: the role's holder. */
  public void notePublished(OperationApplier.FreedExtents freed) {
    if (relocations != null) {
      relocations.onPublished(freed);
    }
  }

  /** Tells it that they will not be committed. Thread: the role's holder. */
  public void noteRefused() {
    if (relocations != null) {
      relocations.onRefused();
    }
  }

  public long valueBytes() {
    return valueBytes;
  }

  public boolean anyPlaced() {
    return anyPlaced;
  }

  // ---- commit: caller to role and back

  /** Prepares for a commit whose outcome {@code listener} is told. */
  public void expect(AckListener listener) {
    findRepeats();
    outcome.expect(listener);
  }

  /** Prepares for a commit whose outcome this thread waits for. */
  public void expectHere() {
    findRepeats();
    outcome.expectHere();
  }

  private void findRepeats() {
    boolean mayRepeat = operationCount > 1 && operationCount == putCount + deleteCount;
    repeats = mayRepeat ? repeatedIds.find(operations, operationCount) : null;
  }

  /**
   * Applies its operations, which are durable, to the index; returns how many deletes found a blob.
   * Thread: the commit role's holder.
   */
  public int applyTo(OperationApplier applier, long sequence, OperationApplier.FreedExtents freed) {
    return applier.applyEpoch(operations, operationCount, repeats, sequence, freed);
  }

  /** Empties it for the next epoch; buffers must have been given back. */
  void reset() {
    assert values.count() == 0 : "G13: an epoch ended with buffers";
    ahead.reset();
    outcome.reset();
    freeGrownOperations();
    operations = initialOperations;
    operationBytes = 0;
    operationCount = 0;
    putCount = 0;
    deleteCount = 0;
    valueBytes = 0;
    unplacedBlocks = 0;
    anyPlaced = false;
    heldBlocks = 0;
    claims.reset();
    relocations = null;
    repeats = null;
  }

  private void freeGrownOperations() {
    if (grownOperations != null) {
      grownOperations.close();
      grownOperations = null;
    }
  }
}
