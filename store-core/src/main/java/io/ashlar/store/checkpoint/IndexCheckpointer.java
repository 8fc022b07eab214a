package io.ashlar.store.checkpoint;

import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.IndexCheckpointFormat;
import io.ashlar.store.format.LogPosition;
import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.space.BlockSpace;
import io.ashlar.store.spi.Log;
import io.ashlar.store.spi.Uninterrupted;
import io.ashlar.uring.NativeException;
import io.ashlar.uring.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Writes index checkpoints in the background.
 *
 * <pre>
 *   idle ──start (role)──▶ copying ──chunk by chunk──▶ synced ──flip (role)──▶ idle
 *                                          └── a write fails, no space ──▶ abandoned ──▶ idle
 * </pre>
 *
 * <p><b>Invariants, and a crash at each step.</b> Until the flip is durable both superblock copies
 * refer to older generations, whose chunks and records are untouched: the new chunks are free space
 * to a recovery. The flip writes the older copy only (rule L12); if it is torn, the newer copy
 * decides. Once the flip is durable, the older generation has no superblock copy any more. Its
 * chunks are freed, and so are the records up to the next generation's base (rule L13). No mark
 * comes from a checkpoint (rule L2).
 *
 * <p>Thread: the executor, one step after another; {@link #isDue} and {@link #start} by the commit
 * role's holder; {@link #close} by one.
 */
public final class IndexCheckpointer implements AutoCloseable {

  /** Runs something as the holder of the commit role, and waits for it. */
  public interface RoleAccess {

    /** Runs it. */
    void perform(Runnable task);

    /** Returns the last durable record's number. Thread: the role's holder. */
    long durableSequence();
  }

  private static final long OPERATIONS_MIN = 1 << 16;
  private static final long OPENED_RECORDS_MIN = 256;
  private static final long BLOBS_PER_OPENED_RECORD = 4096;
  private static final int OPENED_SHARE = 4;
  private static final long CHUNK_BYTES = Blocks.offset(IndexCheckpointFormat.CHUNK_BLOCKS_MAX);

  private final Disk disk;
  private final BlobIndex index;
  private final BlockSpace space;
  private final SuperblockPair superblocks;
  private final RecordLedger ledger;
  private final Poison poison;
  private final Executor executor;
  private final RoleAccess role;
  private final long storeId;
  private final long logBlocksMin;
  private final NativeMemory memory = NativeMemory.reserve(CHUNK_BYTES);
  private final MemorySegment chunk = memory.segment();
  private final BlobIndex.BucketWalk walk = new BlobIndex.BucketWalk();
  private final Uninterrupted.PlainWait isIdle = // made here: the wait needs no heap
      () -> {
        while (this.running) {
          wait();
        }
      };

  // Owned by the commit role's holder.
  private Generation older;
  private Generation newer;
  private long logBlocks; // written to the log since the newer generation's base
  private long logOperations;
  private long dueBlocks; // how far the log goes before the next checkpoint
  private long dueOperations;
  private LogPosition base;
  private long unreferencedBlocks; // of the checkpoint that is being written
  private long completedCount;

  // Owned by the executor while a checkpoint is being written.
  private long cursor;
  private int number;
  private int buckets;
  private int entries;
  private long bytes;
  private long previousStart;
  private long previousBlocks;
  private int previousCrc32c;
  private List<Generation.Chunk> chunks = new ArrayList<>();
  private volatile boolean closing; // written by the closing thread, read by the executor
  private boolean running; // guarded by this

  /**
   * Creates one that knows the generations which the two superblock copies refer to.
   *
   * @param logBlocksMin how many blocks the log advances at least between two checkpoints.
   * @param logBlocks how far it has advanced since the newer one.
   * @param logOperations how many operations it has since then.
   */
  public IndexCheckpointer(
      Disk disk,
      BlobIndex index,
      BlockSpace space,
      SuperblockPair superblocks,
      RecordLedger ledger,
      Poison poison,
      Executor executor,
      RoleAccess role,
      long storeId,
      long logBlocksMin,
      Generation older,
      Generation newer,
      long logBlocks,
      long logOperations) {
    this.disk = disk;
    this.index = index;
    this.space = space;
    this.superblocks = superblocks;
    this.ledger = ledger;
    this.poison = poison;
    this.executor = executor;
    this.role = role;
    this.storeId = storeId;
    this.logBlocksMin = logBlocksMin;
    this.older = older;
    this.newer = newer;
    this.logBlocks = logBlocks;
    this.logOperations = logOperations;
    base = newer.base();
    noteGenerations();
  }

  /** Notes that the log has advanced. Thread: the commit role's holder. */
  public void noteLog(long blocks, long operations) {
    logBlocks += blocks;
    logOperations += operations;
  }

  /**
   * Returns whether enough was logged for the next checkpoint. Thread: the commit role's holder.
   */
  public boolean isDue() {
    return logBlocks >= dueBlocks || logOperations >= dueOperations;
  }

  /**
   * Returns whether the open that has just ended replayed enough that a checkpoint should be
   * written now, so that the next open need not repeat it. Enough is a quarter of the operations
   * that make a checkpoint due otherwise. Enough is also a number of records whose replay takes as
   * long as the checkpoint. Thread: the commit role's holder.
   */
  public boolean isDueAfterOpen(long replayedRecords) {
    return OPENED_SHARE * logOperations >= dueOperations
        || replayedRecords
            >= Math.max(OPENED_RECORDS_MIN, index.liveCount() / BLOBS_PER_OPENED_RECORD);
  }

  /**
   * Starts a checkpoint that covers everything up to {@code position}, unless one is being written.
   * Thread: the commit role's holder.
   */
  public void start(LogPosition position) {
    synchronized (this) {
      if (running || closing || poison.isSet()) {
        return;
      }
      running = true;
    }
    logBlocks = 0;
    logOperations = 0;
    base = position;
    cursor = 0;
    number = 0;
    previousStart = 0;
    previousBlocks = 0;
    previousCrc32c = 0;
    chunks = List.of(); // the first step makes the list
    beginChunk();
    if (!handOver()) {
      ended();
      Log.log(
          IndexCheckpointer.class,
          System.Logger.Level.WARNING,
          "an index checkpoint was postponed: no thread was available");
    }
  }

  /** Returns whether a checkpoint is being written. Thread: any. */
  public synchronized boolean isRunning() {
    return running;
  }

  /** Returns how many checkpoints were completed since open. Thread: the role's holder. */
  public long completedCount() {
    return completedCount;
  }

  /** Returns how long the newer checkpoint is. Thread: the commit role's holder. */
  public long newerBlocks() {
    return newer.blocks();
  }

  /** Waits until no checkpoint is being written. Thread: one that does not run its steps. */
  public synchronized void awaitIdle() {
    Uninterrupted.run(isIdle);
  }

  /**
   * Takes one step and schedules the next; takes the next step itself if there is no thread for it.
   */
  private void step() {
    boolean more = stepOnce();
    while (more && !handOver()) {
      more = stepOnce();
    }
  }

  private boolean handOver() {
    try {
      executor.execute(this::step);
      return true;
    } catch (RuntimeException | Error e) { // none can be had, or no heap for the task
      return false;
    }
  }

  /**
   * Copies the index until a chunk is full and writes it; then comes the next step, or the flip.
   *
   * @return whether another step is to follow.
   */
  private boolean stepOnce() {
    boolean more = false;
    try {
      more = !closing && !poison.isSet() && copyChunk();
    } catch (NativeException e) {
      abandon(e);
    } catch (RuntimeException | Error e) {
      poison.set(e);
      throw e;
    } finally {
      if (!more) {
        ended();
      }
    }
    return more;
  }

  private synchronized void ended() {
    running = false;
    notifyAll();
  }

  private boolean copyChunk() {
    while (cursor >= 0 && !IndexCheckpointFormat.isFull(bytes)) {
      cursor = index.writeBucket(cursor, walk, chunk, bytes);
      bytes += walk.bytes();
      buckets++;
      entries += walk.entries();
    }
    if (!writeChunk()) {
      abandon(null);
      return false;
    }
    if (cursor >= 0) {
      beginChunk();
      return true;
    }
    finish();
    return false;
  }

  private void beginChunk() {
    buckets = 0;
    entries = 0;
    bytes = IndexCheckpointFormat.HEADER_BYTES;
  }

  /** Writes the chunk; returns false when there is no space for it. */
  private boolean writeChunk() {
    long blocks = Blocks.count(bytes);
    long[] allocated = {-1};
    role.perform(() -> {
      allocated[0] = poison.isSet() ? -1 : space.allocateReserved(blocks);
      unreferencedBlocks += allocated[0] < 0 ? 0 : blocks;
    });
    long start = allocated[0];
    if (start < 0) {
      return false;
    }
    if (chunks.isEmpty()) {
      chunks = new ArrayList<>();
    }
    chunks.add(new Generation.Chunk(start, blocks));
    previousCrc32c =
        IndexCheckpointFormat.seal(
            chunk,
            number,
            storeId,
            base.sequence(),
            start,
            previousStart,
            previousBlocks,
            previousCrc32c,
            buckets,
            entries,
            (int) bytes);
    disk.write(chunk.asSlice(0, Blocks.offset(blocks)), Blocks.offset(start));
    previousStart = start;
    previousBlocks = blocks;
    number++;
    return true;
  }

  private void finish() {
    long[] covered = new long[1];
    role.perform(() -> covered[0] = role.durableSequence()); // every entry copied is at most as new
    try {
      disk.sync();
    } catch (NativeException e) {
      poison.set(e); // it may have hidden the failure of a commit's write
      return;
    }
    Generation written =
        new Generation(base, covered[0], List.copyOf(chunks), chunks.getLast(), previousCrc32c);
    role.perform(() -> flip(written));
  }

  private void flip(Generation written) {
    if (poison.isSet()) {
      return;
    }
    try {
      superblocks.flip(written);
    } catch (NativeException e) {
      poison.set(e); // L24
      return;
    }
    unreferencedBlocks = 0;
    if (!older.equals(newer)) { // both copies name one generation after a repair
      older.free(space);
    }
    ledger.freeThrough(newer.base().sequence(), space); // L13
    older = newer;
    newer = written;
    completedCount++;
    noteGenerations();
  }

  /** Works out what follows from the generations' sizes, once for each and not for every commit. */
  private void noteGenerations() {
    // Four times the last one's size keeps what checkpoints write a fraction of what commits write.
    dueBlocks = Math.max(logBlocksMin, 4 * newer.blocks());
    // An open takes a microsecond for each, some ten times as long as for an entry (0033).
    dueOperations = Math.max(OPERATIONS_MIN, index.liveCount() / 16);
    space.reserve(reserveBlocks());
  }

  /** Returns the blocks that puts leave free, so that three checkpoints always find room (L15). */
  private long reserveBlocks() {
    return 3 * (newer.blocks() + newer.blocks() / 4 + 1);
  }

  private void abandon(@Nullable NativeException failure) {
    Log.log(
        IndexCheckpointer.class,
        System.Logger.Level.WARNING,
        "an index checkpoint was abandoned: "
            + (failure == null ? "no space" : failure.getMessage()));
    List<Generation.Chunk> written = chunks;
    role.perform(() -> {
      unreferencedBlocks = 0;
      for (Generation.Chunk one : written) {
        if (failure == null) {
          space.free(one.start(), one.blocks());
        } else {
          space.quarantine(one.blocks()); // L24: the failed write may still land
        }
      }
    });
    chunks = List.of();
  }

  /**
   * Returns the blocks of all chunks: of both generations, and of the checkpoint that is being
   * written. Thread: the commit role's holder.
   */
  public long blocks() {
    long referenced = older.equals(newer) ? newer.blocks() : older.blocks() + newer.blocks();
    return referenced + unreferencedBlocks;
  }

  /** Ends the checkpoint that is being written, without its flip, and frees the memory. */
  @Override
  public void close() {
    closing = true;
    awaitIdle();
    memory.close();
  }
}
