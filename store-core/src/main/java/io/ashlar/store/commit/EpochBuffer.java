package io.ashlar.store.commit;

import io.ashlar.store.AckListener;
import io.ashlar.store.StoreException;
import io.ashlar.store.disk.PooledBuffer;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.Checksum;
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
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What one epoch holds: its operations in the form in which the log record takes them ({@link
 * OperationFormat}), and the values of its puts in pooled buffers, each padded to whole blocks.
 *
 * <p>A put is <i>placed</i> when its bytes are on their way to an extent already (first block not
 * 0), or it has none. The values of the puts that are not placed lie in the buffers in the order of
 * the operations, with nothing between them: so one gathered write of all buffers lays them down
 * one after another.
 *
 * <pre>
 *   filling ──commit──▶ queued ──taken by the role──▶ durable | failed ──recycle──▶ filling
 *      └──────close──────▶ recycled
 * </pre>
 *
 * <p>A buffer is used for one epoch after another. Each use has a <i>stamp</i> of its own, so that
 * a caller who holds on to an epoch that has ended cannot touch the next one.
 *
 * <p>Thread: the epoch's caller while filling; the commit role's holder while queued; {@code done}
 * hands it back. Memory: buffers go back to the pool in {@link #releaseBuffers}.
 */
final class EpochBuffer implements QueueEntry {

  private static final int OPERATION_BYTES_INITIAL = 4096;
  private static final int LED_MAX = 15;
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

  private volatile boolean done; // written by the role's holder, read by the committing thread

  private @Nullable Thread waiter;
  private final @Nullable Thread[] led =
      new Thread[LED_MAX]; // by the role before done, then the waiter
  private int ledCount;
  private @Nullable AckListener listener;
  private @Nullable StoreException failure;

  private final MemorySegment initialOperations;
  private MemorySegment operations;
  private @Nullable NativeMemory grownOperations;
  private long operationBytes;
  private int operationCount;
  private int putCount;
  private int deleteCount;
  private long valueBytes;

  private PooledBuffer[] buffers = new PooledBuffer[8];
  private long[] usedBytes = new long[8];
  private int bufferCount;
  private int valueBuffer; // that of the last value, behind which one for its table may follow
  private long bufferedBytes;
  private long unplacedBlocks;
  private boolean anyPlaced;
  private long heldBlocks;
  private final AtomicInteger ahead = new AtomicInteger(); // writes ahead that have not ended
  private volatile @Nullable Throwable aheadFailure; // written by whoever wrote ahead, read by all
  private volatile @Nullable Thread aheadWaiter; // written by the caller, read by who wrote ahead
  private @Nullable Relocations relocations;

  private long claimedOperation = -1; // whose value the caller fills in place, or −1
  private long claimedOffset;
  private final CRC32C crc = new CRC32C();
  private final RepeatedIds repeatedIds = new RepeatedIds();
  private byte @Nullable [] repeats;

  private long epoch;
  private int deletesApplied;

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

  private long reserve(int bytes) {
    if (operationBytes + bytes > operations.byteSize()) {
      NativeMemory larger = NativeMemory.reserve(Math.max(1 << 20, operations.byteSize() * 2));
      MemorySegment.copy(operations, 0, larger.segment(), 0, operationBytes);
      freeGrownOperations();
      grownOperations = larger;
      operations = larger.segment();
    }
    long offset = operationBytes;
    operationBytes += bytes;
    operationCount++;
    return offset;
  }

  /** Adds a buffer whose first {@code used} bytes, whole blocks, hold values. */
  void addBuffer(PooledBuffer buffer, long used) {
    if (bufferCount == buffers.length) {
      buffers = Arrays.copyOf(buffers, bufferCount * 2);
      usedBytes = Arrays.copyOf(usedBytes, bufferCount * 2);
    }
    buffers[bufferCount] = buffer;
    usedBytes[bufferCount++] = used;
  }

  /** Returns the last buffer's bytes that hold nothing yet; 0 without a buffer. */
  long lastBufferFreeBytes() {
    return bufferCount == 0 ? 0 : buffers[bufferCount - 1].capacity() - usedBytes[bufferCount - 1];
  }

  /**
   * Takes the blocks of a value, and of its checksum table if it has one; there is room for both in
   * the last buffer, or for the value there and for the table in another.
   *
   * @param tableBuffer that other one, or null.
   * @return the value's offset in {@link #valueMemory}.
   */
  long takeForValue(long length, @Nullable PooledBuffer tableBuffer) {
    valueBuffer = bufferCount - 1;
    long offset = usedBytes[valueBuffer];
    long bytes = Blocks.offset(ChecksumTable.extentBlocks(length, ChecksumTable.isFor(length)));
    bufferedBytes += bytes;
    if (tableBuffer == null) {
      usedBytes[valueBuffer] += bytes;
    } else {
      usedBytes[valueBuffer] += Blocks.roundUp(length);
      addBuffer(tableBuffer, bytes - Blocks.roundUp(length));
    }
    return offset;
  }

  /** Returns the memory of the buffer that holds the value taken room for last. */
  MemorySegment valueMemory() {
    return buffers[valueBuffer].segment();
  }

  /** Copies a value to where room was taken for it and appends its put. */
  void addBuffered(long idHigh, long idLow, MemorySegment value, long offset) {
    MemorySegment.copy(value, 0, valueMemory(), offset, value.byteSize());
    addSealed(idHigh, idLow, offset, value.byteSize());
  }

  /** Appends the put of a value that lies where room was taken for it. */
  void addSealed(long idHigh, long idLow, long offset, long length) {
    addPut(idHigh, idLow, seal(offset, length), 0, length);
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
      OperationFormat.crc32c(operations, claimedOperation, seal(claimedOffset, length));
      claimedOperation = -1;
    }
  }

  /** Zeroes what lies behind the value in its last block; returns the value's checksum. */
  private int seal(long offset, long length) {
    if (length == 0) {
      return 0;
    }
    PooledBuffer holder = buffers[valueBuffer];
    long end = offset + Blocks.roundUp(length);
    Blocks.zero(holder.segment(), offset + length, end);
    if (!ChecksumTable.isFor(length)) {
      crc.reset();
      Checksum.update(crc, holder.view(), (int) offset, (int) length);
      return (int) crc.getValue();
    }
    boolean within = bufferCount == valueBuffer + 1;
    MemorySegment memory = within ? holder.segment() : buffers[valueBuffer + 1].segment();
    long tableStart = within ? end : 0;
    MemorySegment table =
        memory.asSlice(tableStart, Blocks.offset(ChecksumTable.blocks(length))).fill((byte) 0);
    ChecksumTable.fill(table, 0, crc, holder.view(), (int) offset, length);
    return ChecksumTable.folded(table, length);
  }

  /** Returns the bytes that the buffers hold. */
  long bufferedBytes() {
    return bufferedBytes;
  }

  /** Marks every put as placed and gives the buffers back: their values are in their extents. */
  void setAllPlaced() {
    anyPlaced |= unplacedBlocks > 0;
    unplacedBlocks = 0;
    releaseBuffers();
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
   * {@link #endAhead} must follow.
   */
  int handOver(PooledBuffer[] target) {
    int count = bufferCount;
    System.arraycopy(buffers, 0, target, 0, count);
    ahead.incrementAndGet();
    anyPlaced = true;
    unplacedBlocks = 0;
    bufferCount = 0;
    bufferedBytes = 0;
    return count;
  }

  /** Notes that a write ahead has ended. Thread: the one that wrote. */
  void endAhead(@Nullable Throwable newFailure) {
    if (newFailure != null) {
      aheadFailure = newFailure;
    }
    if (ahead.decrementAndGet() == 0) {
      LockSupport.unpark(aheadWaiter);
    }
  }

  /** Returns whether a write ahead is under way. */
  boolean isWrittenAhead() {
    return ahead.get() > 0;
  }

  /** Returns why a write ahead has failed, if one has. */
  @Nullable Throwable aheadFailure() {
    return aheadFailure;
  }

  /** Waits until every write ahead has ended, however often the thread is interrupted. */
  void awaitAhead() {
    if (!isWrittenAhead()) {
      return;
    }
    boolean interrupted = false;
    aheadWaiter = Thread.currentThread();
    while (isWrittenAhead()) {
      LockSupport.park(this);
      interrupted |= Thread.interrupted();
    }
    aheadWaiter = null;
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
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

  /** Returns the capacity of the last buffer, 0 without one. */
  long lastBufferCapacity() {
    return bufferCount == 0 ? 0 : buffers[bufferCount - 1].capacity();
  }

  /** Gives all buffers back to the pool. */
  void releaseBuffers() {
    for (int i = 0; i < bufferCount; i++) {
      buffers[i].release();
    }
    bufferCount = 0;
    bufferedBytes = 0;
  }

  // ---- what it holds: caller, then role

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

  int bufferCount() {
    return bufferCount;
  }

  /** Returns the memory of one buffer. */
  MemorySegment bufferMemory(int index) {
    return buffers[index].segment();
  }

  /** Returns how many of a buffer's first bytes, whole blocks, hold values. */
  long usedBytes(int index) {
    return usedBytes[index];
  }

  /** Adds what the buffers hold to a gathered write. */
  void addBuffersTo(IoVectors vectors) {
    for (int i = 0; i < bufferCount; i++) {
      vectors.add(bufferMemory(i), 0, usedBytes[i]);
    }
  }

  // ---- commit: caller to role and back

  /** Prepares for a commit whose outcome {@code newListener} is told. */
  void expect(AckListener newListener) {
    findRepeats();
    listener = newListener;
    waiter = null;
    done = false;
  }

  /** Prepares for a commit whose outcome this thread waits for. */
  void expectHere() {
    findRepeats();
    listener = null;
    waiter = Thread.currentThread();
    done = false;
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

  /** Returns who is told of the outcome, or null when a thread waits for it. */
  @Nullable AckListener listener() {
    return listener;
  }

  /** Sets what a durable commit did. Thread: the commit role's holder. */
  void setResult(long newEpoch, int newDeletesApplied) {
    epoch = newEpoch;
    deletesApplied = newDeletesApplied;
    failure = null;
  }

  /** Sets why a commit failed. Thread: the commit role's holder. */
  void setFailure(StoreException newFailure) {
    failure = newFailure;
  }

  /** Publishes the outcome and wakes the waiting thread. Thread: the commit role's holder. */
  void wake() {
    Thread thread = waiter;
    done = true;
    LockSupport.unpark(thread);
  }

  /**
   * Publishes the outcome of another epoch, whose thread this one's is to wake once it runs.
   *
   * @return false, and nothing done, when it has as many to wake as it takes. Thread: the commit
   *     role's holder, before {@link #wake}.
   */
  boolean tryLead(EpochBuffer other) {
    if (ledCount == led.length) {
      return false;
    }
    led[ledCount++] = other.waiter; // first: then its thread may use it for the next epoch
    other.done = true;
    return true;
  }

  private void wakeLed() {
    for (int i = 0; i < ledCount; i++) {
      LockSupport.unpark(led[i]);
      led[i] = null;
    }
    ledCount = 0;
  }

  /** Waits for the outcome, however often the thread is interrupted. */
  void awaitOutcome() {
    boolean interrupted = false;
    while (!done) {
      LockSupport.park(this);
      interrupted |= Thread.interrupted();
    }
    wakeLed();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  long epoch() {
    return epoch;
  }

  int deletesApplied() {
    return deletesApplied;
  }

  @Nullable StoreException failure() {
    return failure;
  }

  /** Empties it for the next epoch; buffers must have been given back. */
  void reset() {
    assert bufferCount == 0 : "G13: an epoch ended with buffers";
    assert !isWrittenAhead() : "L26: an epoch ended before its writes";
    aheadFailure = null;
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
    failure = null;
    listener = null;
    waiter = null;
  }

  private void freeGrownOperations() {
    if (grownOperations != null) {
      grownOperations.close();
      grownOperations = null;
    }
  }
}
