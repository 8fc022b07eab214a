package io.ashlar.store.checkpoint;

import io.ashlar.store.background.Governor;
import io.ashlar.store.background.PacedWork;
import io.ashlar.store.disk.GuardedDisk;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.IndexCheckpointFormat;
import io.ashlar.store.format.LogPosition;
import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.index.BucketWalk;
import io.ashlar.store.space.BlockSpace;
import io.ashlar.store.space.StoreContent;
import io.ashlar.store.spi.BackgroundWork;
import io.ashlar.store.spi.Driving;
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
 *   idle ──start (role)──▶ copying ──chunk by chunk──▶ synced ──flip──▶ freeing (role) ──▶ idle
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

  /** How much is copied from the index in one step. */
  private static final long COPIED_BYTES = 64 << 10;

  private static final long CHUNK_BYTES = Blocks.offset(IndexCheckpointFormat.CHUNK_BLOCKS_MAX);

  private final GuardedDisk disk;
  private final Poison poison;
  private final BlobIndex index;
  private final BlockSpace space;
  private final Generations generations;
  private final CheckpointSchedule schedule;
  private final Executor executor;
  private final RoleAccess role;
  private final Governor governor;
  private final NativeMemory memory = NativeMemory.reserve(CHUNK_BYTES);
  private final MemorySegment chunk = memory.segment();
  private final BucketWalk walk = new BucketWalk();
  private final Uninterrupted.PlainWait isIdle = // made here: the wait needs no heap
      () -> {
        while (this.running) {
          wait();
        }
      };

  // Owned by the commit role's holder.
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
  private volatile @Nullable PacedWork work; // written by the executor, read by a thread in need
  private volatile boolean hurried; // written by the role's holder, read by the executor
  private volatile boolean closing; // written by the closing thread, read by the executor
  private boolean running; // guarded by this

  /**
   * Creates one that continues from the generations that recovery found.
   *
   * @param content what is written, and where it goes.
   * @param generations replaces the older by what was written.
   * @param schedule says when.
   * @param executor runs the steps.
   * @param role gives them the commit role.
   * @param governor says how long they rest.
   */
  public IndexCheckpointer(
      GuardedDisk disk,
      StoreContent content,
      Generations generations,
      CheckpointSchedule schedule,
      Executor executor,
      RoleAccess role,
      Governor governor) {
    this.disk = disk;
    poison = disk.poison();
    index = content.index();
    space = content.space();
    this.generations = generations;
    this.schedule = schedule;
    this.executor = executor;
    this.role = role;
    this.governor = governor;
    base = generations.base();
    noteGenerations();
  }

  /** Notes that the log has advanced. Thread: the commit role's holder. */
  public void noteLog(long blocks, long operations) {
    schedule.noteLog(blocks, operations);
  }

  /**
   * Returns whether enough was logged for the next checkpoint. Thread: the commit role's holder.
   */
  public boolean isDue() {
    return schedule.isDue();
  }

  /**
   * Returns whether the open that has just ended replayed enough for a checkpoint. Thread: the
   * commit role's holder.
   */
  public boolean isDueAfterOpen(long replayedRecords) {
    return schedule.isDueAfterOpen(replayedRecords);
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
    schedule.restart();
    hurried = false;
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

  /**
   * Lets the checkpoint that is being written rest no more: commits need the space that it frees
   * (L15). Thread: the commit role's holder.
   */
  public void hurry() {
    hurried = true;
    PacedWork now = work;
    if (now != null) {
      now.hurry();
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
    return generations.newerBlocks();
  }

  /** Waits until no checkpoint is being written. Thread: one that does not run its steps. */
  public void awaitIdle() {
    Driving.until(this, () -> !isRunning()); // its steps may wait for the role
    synchronized (this) {
      Uninterrupted.run(isIdle);
    }
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
      more = !closing && !poison.isSet() && copyChunk(paced());
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

  /** Returns what paces a step, which runs on this thread. */
  private BackgroundWork paced() {
    PacedWork begun;
    try {
      begun = governor.begin();
    } catch (OutOfMemoryError e) {
      return BackgroundWork.UNPACED; // what little a step needs, it may still get
    }
    work = begun;
    if (hurried) { // looked at only now, so that neither misses the other
      begun.hurry();
    }
    return begun;
  }

  private boolean copyChunk(BackgroundWork pace) {
    long restedBytes = bytes;
    while (cursor >= 0 && !IndexCheckpointFormat.isFull(bytes)) {
      cursor = walk.write(index, cursor, chunk, bytes);
      bytes += walk.bytes();
      buckets++;
      entries += walk.entries();
      if (bytes - restedBytes >= COPIED_BYTES) {
        restedBytes = bytes;
        pace.rest(0);
      }
    }
    if (!writeChunk(pace)) {
      abandon(null);
      return false;
    }
    if (cursor >= 0) {
      beginChunk();
      return true;
    }
    finish(pace);
    return false;
  }

  private void beginChunk() {
    buckets = 0;
    entries = 0;
    bytes = IndexCheckpointFormat.HEADER_BYTES;
  }

  /** Writes the chunk; returns false when there is no space for it. */
  private boolean writeChunk(BackgroundWork pace) {
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
            generations.storeId(),
            base.sequence(),
            start,
            previousStart,
            previousBlocks,
            previousCrc32c,
            buckets,
            entries,
            (int) bytes);
    write(Blocks.offset(start), Blocks.offset(blocks), pace);
    previousStart = start;
    previousBlocks = blocks;
    number++;
    return true;
  }

  private void write(long offset, long length, BackgroundWork pace) {
    long part;
    for (long at = 0; at < length; at += part) {
      part = Math.min(pace.stepBytesMax(), length - at);
      disk.disk().write(chunk.asSlice(at, part), offset + at);
      pace.rest(part);
    }
  }

  private void finish(BackgroundWork pace) {
    long[] covered = new long[1];
    role.perform(() -> covered[0] = role.durableSequence()); // every entry copied is at most as new
    try {
      disk.sync();
    } catch (NativeException e) {
      return; // the store is poisoned
    }
    Generation written =
        new Generation(base, covered[0], List.copyOf(chunks), chunks.getLast(), previousCrc32c);
    if (poison.isSet()) {
      return;
    }
    try {
      disk.orPoison(() -> generations.point(written)); // L24
    } catch (NativeException e) {
      return;
    }
    role.perform(() -> flip(written));
    boolean[] freed = new boolean[1];
    while (!freed[0]) {
      pace.rest(0);
      role.perform(() -> freed[0] = poison.isSet() || generations.freeRecords(space));
    }
  }

  private void flip(Generation written) {
    if (poison.isSet()) {
      return;
    }
    generations.flip(written, space);
    unreferencedBlocks = 0;
    completedCount++;
    noteGenerations();
  }

  private void noteGenerations() {
    schedule.noteCheckpoint(generations.newerBlocks());
    space.reserve(reserveBlocks());
  }

  /** Returns the blocks that puts leave free, so that three checkpoints always find room (L15). */
  private long reserveBlocks() {
    long blocks = generations.newerBlocks();
    return 3 * (blocks + blocks / 4 + 1);
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
    return generations.blocks() + unreferencedBlocks;
  }

  /** Ends the checkpoint that is being written, without its flip, and frees the memory. */
  @Override
  public void close() {
    closing = true;
    awaitIdle();
    memory.close();
  }
}
