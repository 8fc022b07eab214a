package io.ashlar.store.commit;

import io.ashlar.store.AckListener;
import io.ashlar.store.StoreException;
import io.ashlar.store.disk.PooledBuffer;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.OperationFormat;
import io.ashlar.uring.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;
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
 * <p>Thread: the epoch's caller while filling; the commit role's holder while queued; {@code state}
 * hands it over. Memory: buffers go back to the pool in {@link #releaseBuffers}.
 */
final class EpochBuffer implements QueueEntry {

  private static final int OPERATION_BYTES_INITIAL = 4096;

  private volatile boolean done; // written by the role's holder, read by the committing thread

  private @Nullable Thread waiter;
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
  private long unplacedBlocks;
  private boolean anyPlaced;
  private long heldBlocks;

  private long epoch;
  private int deletesApplied;

  /** Creates an empty one; its first memory lives as long as it does. */
  EpochBuffer() {
    initialOperations = Arena.ofAuto().allocate(OPERATION_BYTES_INITIAL, 64);
    operations = initialOperations;
  }

  // ---- filling: the epoch's caller

  /** Appends a put; returns where it lies in {@link #operations}. */
  long addPut(long idHigh, long idLow, int crc32c, long startBlock, long length) {
    long offset = reserve(OperationFormat.PUT_BYTES);
    OperationFormat.put(operations, offset, idHigh, idLow, crc32c, startBlock, length);
    putCount++;
    valueBytes += length;
    if (startBlock == 0) {
      unplacedBlocks += Blocks.count(length);
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

  /** Takes {@code bytes}, whole blocks, of the last buffer and returns them. */
  MemorySegment takeFromLastBuffer(long bytes) {
    int last = bufferCount - 1;
    MemorySegment taken = buffers[last].segment().asSlice(usedBytes[last], bytes);
    usedBytes[last] += bytes;
    return taken;
  }

  /** Marks every put as placed and gives the buffers back: their values are in their extents. */
  void setAllPlaced() {
    anyPlaced |= unplacedBlocks > 0;
    unplacedBlocks = 0;
    releaseBuffers();
  }

  /** Notes that the epoch holds an extent which nothing refers to yet. */
  void addHeldBlocks(long blocks) {
    heldBlocks += blocks;
  }

  /** Returns the blocks of extents that were written ahead of the commit. */
  long heldBlocks() {
    return heldBlocks;
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

  /** Returns the bytes of one buffer that hold values. */
  MemorySegment bufferContent(int index) {
    return buffers[index].segment().asSlice(0, usedBytes[index]);
  }

  // ---- commit: caller to role and back

  /** Prepares for a commit whose outcome {@code newListener} is told. */
  void expect(AckListener newListener) {
    listener = newListener;
    waiter = null;
    done = false;
  }

  /** Prepares for a commit whose outcome this thread waits for. */
  void expectHere() {
    listener = null;
    waiter = Thread.currentThread();
    done = false;
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

  /** Waits for the outcome, however often the thread is interrupted. */
  void awaitOutcome() {
    boolean interrupted = false;
    while (!done) {
      LockSupport.park(this);
      interrupted |= Thread.interrupted();
    }
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
