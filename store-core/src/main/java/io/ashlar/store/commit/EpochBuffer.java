package io.ashlar.store.commit;

import io.ashlar.store.AckListener;
import io.ashlar.store.disk.PooledBuffer;
import io.ashlar.store.format.ChecksumTable;
import io.ashlar.store.format.OperationFormat;
import io.ashlar.store.index.OperationApplier;
import io.ashlar.store.vacuum.Relocations;
import io.ashlar.uring.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * What one epoch holds: its operations in the form in which the log record takes them ({@link
 * OperationFormat}), the values of its puts ({@link EpochValues}), its writes ahead and its
 * outcome.
 *
 * <p>A put is <i>placed</i> when its bytes are on their way to an extent already (first block not
 * 0), or it has none.
 *
 * <pre>
 *   filling ──commit──▶ queued ──taken by the role──▶ durable | failed ──recycle──▶ filling
 *      └──────close──────▶ recycled
 * </pre>
 *
 * <p>A buffer is used for one epoch after another. Each use has a <i>stamp</i> of its own, so that
 * a caller who holds on to an epoch that has ended cannot touch the next one.
 *
 * <p>Thread: the epoch's caller while filling; the commit role's holder while queued; its outcome
 * hands it back.
 */
final class EpochBuffer implements QueueEntry {

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

  private long unplacedBlocks;
  private boolean anyPlaced;
  private long heldBlocks;
  private @Nullable Relocations relocations;

  private long claimedOperation = -1; // whose value the caller fills in place, or −1
  private long claimedOffset;
  private final RepeatedIds repeatedIds = new RepeatedIds();
  private byte @Nullable [] repeats;

  /** Creates an empty one; its first memory lives as long as it does. */
  EpochBuffer() {
    initialOperations = Arena.ofAuto().allocate(OPERATION_BYTES_INITIAL, 64);
    operations = initialOperations;
  }

  // ---- who may fill it: the epoch's caller

  /** Begins an epoch: another use of this buffer, with a stamp of its own. */
  void begin() {
    STAMP.setRelease(this, (stamp() / STATES + 1) * STATES + OPEN);
  }

  /** Returns the stamp of this use; that of an open epoch is what its caller proves itself by. */
  long stamp() {
    return (long) STAMP.getAcquire(this);
  }

  /** Returns whether the epoch begun with {@code begun} is open and whole. */
  boolean isOpen(long begun) {
    return stamp() == begun;
  }

  /** Returns whether the epoch begun with {@code begun} has neither been committed nor closed. */
  boolean isUnended(long begun) {
    long now = stamp();
    return now == begun || now == begun + BROKEN;
  }

  /** Lets nothing but {@code close} be done with the epoch, unless {@link #mend} follows. */
  void breakOff() {
    STAMP.setRelease(this, stamp() / STATES * STATES + BROKEN);
  }

  /** Takes {@link #breakOff} back. */
  void mend() {
    STAMP.setRelease(this, stamp() / STATES * STATES + OPEN);
  }

  /** Ends the caller's use of it. */
  void end() {
    STAMP.setRelease(this, stamp() / STATES * STATES + ENDED);
  }

  // ---- filling: the epoch's caller

  /**
   * Appends a put, of a value with a checksum table behind it if it is long enough for one; returns
   * where it lies in {@link #operations}.
   */
  long addPut(long idHigh, long idLow, int crc32c, long startBlock, long length) {
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
  void addDelete(long idHigh, long idLow) {
    long offset = reserve(OperationFormat.DELETE_BYTES); // first: it may move the operations
    OperationFormat.delete(operations, offset, idHigh, idLow);
    deleteCount++;
  }

  /** Appends an evict. */
  void addEvict(
      long idHigh, long idLow, long version, long startBlock, long cold0, long cold1, long cold2) {
    long offset = reserve(OperationFormat.EVICT_BYTES);
    OperationFormat.evict(
        operations, offset, idHigh, idLow, version, startBlock, cold0, cold1, cold2);
  }

  /** Appends a cold-move. */
  void addColdMove(long idHigh, long idLow, long version, long cold0, long cold1, long cold2) {
    long offset = reserve(OperationFormat.COLD_MOVE_BYTES);
    OperationFormat.coldMove(operations, offset, idHigh, idLow, version, cold0, cold1, cold2);
  }

  /** Appends the relocations of a batch, which is told what became of them. */
  void addRelocations(Relocations batch) {
    relocations = batch;
    addHeldBlocks(batch.heldBlocks());
    batch.forEach((idHigh, idLow, version, startBlock, newBlock) -> {
      long offset = reserve(OperationFormat.RELOCATE_BYTES);
      OperationFormat.relocate(operations, offset, idHigh, idLow, version, startBlock, newBlock);
    });
  }

  /**
   * Makes room for one more put or delete, so that none of what follows can fail for want of memory
   * once a value has its place in a buffer.
   *
   * @throws io.ashlar.uring.NativeException if there is no memory: the epoch is as it was.
   */
  void makeRoom() {
    makeRoom(OperationFormat.PUT_BYTES);
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
  void addBuffered(long idHigh, long idLow, MemorySegment value, long offset) {
    breakOff();
    int crc32c = values.fill(offset, value);
    mend();
    addPut(idHigh, idLow, crc32c, 0, value.byteSize());
  }

  /** Appends the put of a value that lies where room was taken for it. */
  void addSealed(long idHigh, long idLow, long offset, long length) {
    addPut(idHigh, idLow, values.seal(offset, length), 0, length);
  }

  /** Appends the put of a value that the caller is yet to fill in at {@code offset}. */
  void addClaimed(long idHigh, long idLow, long offset, long length) {
    claimedOperation = addPut(idHigh, idLow, 0, 0, length);
    claimedOffset = offset;
  }

  /** Takes the bytes that the caller filled in place: from here on they must not change. */
  void sealClaim() {
    if (claimedOperation >= 0) {
      long length = OperationFormat.length(operations, claimedOperation);
      OperationFormat.crc32c(operations, claimedOperation, values.seal(claimedOffset, length));
      claimedOperation = -1;
    }
  }

  /** Marks every put as placed and gives the buffers back: their values are in their extents. */
  void setAllPlaced() {
    anyPlaced |= unplacedBlocks > 0;
    unplacedBlocks = 0;
    values.release();
  }

  /**
   * Places the values that are not placed in one run from a block on, in the order in which the
   * buffers hold them; returns the block behind the last.
   */
  long placeFrom(long firstBlock) {
    long next = firstBlock;
    for (long offset = 0; offset < operationBytes; ) {
      int kind = OperationFormat.kind(operations, offset);
      if (ScatteredPlacement.isUnplaced(operations, offset, kind)) {
        OperationFormat.startBlock(operations, offset, next);
        next += OperationFormat.blocks(operations, offset);
      }
      offset += OperationFormat.bytes(kind);
    }
    return next;
  }

  /**
   * Gives the buffers, whose values were placed, to whoever writes them ahead; returns how many.
   * {@link WritesAhead#end} must follow.
   */
  int handOver(PooledBuffer[] target) {
    ahead.begin();
    anyPlaced = true;
    unplacedBlocks = 0;
    return values.handOver(target);
  }

  /** Notes that the epoch holds an extent which nothing refers to yet. */
  void addHeldBlocks(long blocks) {
    heldBlocks += blocks;
  }

  /** Returns the blocks of extents that were written ahead of the commit. */
  long heldBlocks() {
    return heldBlocks;
  }

  /** Returns how many of these count in the {@link HeldQuota}: not those of relocations. */
  long quotaBlocks() {
    return relocations == null ? heldBlocks : 0;
  }

  // ---- what it holds: caller, then role

  /** Returns the values that have no extent yet. */
  EpochValues values() {
    return values;
  }

  /** Returns its writes ahead. */
  WritesAhead ahead() {
    return ahead;
  }

  /** Returns what becomes of it. */
  EpochOutcome outcome() {
    return outcome;
  }

  MemorySegment operations() {
    return operations;
  }

  long operationBytes() {
    return operationBytes;
  }

  int operationCount() {
    return operationCount;
  }

  int putCount() {
    return putCount;
  }

  int deleteCount() {
    return deleteCount;
  }

  /** Returns whether it must leave room in the log for deletes on a full store (L15). */
  boolean leavesRoom() {
    return putCount > 0 || relocations != null;
  }

  /** Tells the batch of relocations, if any, that they were applied. Thread: the role's holder. */
  void notePublished(OperationApplier.FreedExtents freed) {
    if (relocations != null) {
      relocations.onPublished(freed);
    }
  }

  /** Tells it that they will not be committed. Thread: the role's holder. */
  void noteRefused() {
    if (relocations != null) {
      relocations.onRefused();
    }
  }

  long valueBytes() {
    return valueBytes;
  }

  long unplacedBlocks() {
    return unplacedBlocks;
  }

  boolean anyPlaced() {
    return anyPlaced;
  }

  // ---- commit: caller to role and back

  /** Prepares for a commit whose outcome {@code listener} is told. */
  void expect(AckListener listener) {
    findRepeats();
    outcome.expect(listener);
  }

  /** Prepares for a commit whose outcome this thread waits for. */
  void expectHere() {
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
  int applyTo(OperationApplier applier, long sequence, OperationApplier.FreedExtents freed) {
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
    claimedOperation = -1;
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
