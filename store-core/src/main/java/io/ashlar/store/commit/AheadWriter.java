package io.ashlar.store.commit;

import io.ashlar.store.commit.epoch.EpochBuffer;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.GuardedDisk;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.disk.PooledBuffer;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.metrics.StoreCounters;
import io.ashlar.uring.IoVectors;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jctools.queues.varhandle.MpmcVarHandleArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * Writes the filled buffers of a large epoch while its caller fills the next ones. Copying and
 * checksums so overlap the device's work.
 *
 * <p><b>Invariants, and the crash at each step.</b>
 *
 * <ol>
 *   <li><i>Hold.</i> The values get one run of blocks that is free under L2, held for the epoch. A
 *       crash: nothing refers to it.
 *   <li><i>Write</i>, on a lane. A crash leaves any part of it: nothing refers to it.
 *   <li><i>Await.</i> The epoch is queued, or abandoned and its run freed, only when each of its
 *       lanes has ended (L26). A failed lane quarantines the run (L24) and fails only its epoch.
 *   <li><i>Commit.</i> The group has bytes outside its gathered write, so it ends with a sync after
 *       every write (L17).
 * </ol>
 *
 * <p>A lane is one write in flight. There are two, so that the device has the next write while one
 * completes. They end with the store: its file and its pool outlive them (L22).
 *
 * <p>Thread: an epoch's caller calls {@link #tryTake} and {@link #await}. The thread that opens or
 * closes the store calls {@link #start} and {@link #close}. The writer's own threads end after a
 * while without work. Before {@link #start} it has no threads and delays each write until a caller
 * awaits it. That is the latest moment allowed, and the one that a simulated disk should see.
 */
final class AheadWriter implements AutoCloseable {

  private static final int LANES = 2;
  private static final int BUFFERS_MAX = 64;
  private static final long IDLE_THREAD_S = 10;

  private final Disk disk;
  private final Poison poison;
  private final StoreCounters counters;
  private final Lane[] lanes = new Lane[LANES];
  private final MpmcVarHandleArrayQueue<Lane> idle = new MpmcVarHandleArrayQueue<>(LANES);
  private final Queue<Runnable> putOff = new ArrayDeque<>(); // empty once there are threads
  private Executor executor = putOff::add;
  private @Nullable ExecutorService threads;

  /** Creates one whose memory lies in a shared arena that outlives its last write. */
  AheadWriter(GuardedDisk guarded, Arena arena) {
    disk = guarded.disk();
    poison = guarded.poison();
    counters = guarded.counters();
    for (int i = 0; i < LANES; i++) {
      lanes[i] = new Lane(arena);
      var _ = idle.offer(lanes[i]);
    }
  }

  /** Starts writing on threads of the given name. */
  void start(String name) {
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            0,
            LANES + 1, // a lane is idle a moment before its thread is
            IDLE_THREAD_S,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            task -> {
              Thread thread = new Thread(task, name);
              thread.setDaemon(true);
              return thread;
            },
            new ThreadPoolExecutor.CallerRunsPolicy());
    threads = pool;
    executor = pool;
  }

  /**
   * Returns a lane for an epoch with this many buffers, or null if both lanes are in use or the
   * epoch has too many. The caller begins the lane's write, or returns the lane.
   */
  @Nullable Lane tryTake(int bufferCount) {
    return bufferCount <= BUFFERS_MAX ? idle.relaxedPoll() : null;
  }

  /**
   * Writes a part of a value ahead of its commit, on this thread.
   *
   * @throws io.ashlar.store.StoreFailedException if the store has failed: nothing is written (L24).
   */
  void writeNow(MemorySegment buffer, long offset, long bytes, long fileOffset) {
    poison.check();
    disk.write(buffer.asSlice(offset, bytes), fileOffset);
    counters.bytesWritten.add(bytes);
  }

  /** Waits until every write ahead of an epoch has ended, with or without success. */
  void await(EpochBuffer epoch) {
    for (Runnable task = putOff.poll(); task != null; task = putOff.poll()) {
      task.run();
    }
    epoch.ahead().await();
  }

  /** Ends the threads after their writes; no epoch begins another. */
  @Override
  public void close() {
    putOff.forEach(Runnable::run);
    ExecutorService started = threads;
    if (started != null) {
      started.close();
    }
  }

  /** One write, used again and again. */
  final class Lane implements Runnable {

    private final IoVectors vectors;
    private final PooledBuffer[] buffers = new PooledBuffer[BUFFERS_MAX];
    private final Consumer<PooledBuffer> taker = this::take; // made once, ahead
    private final AtomicBoolean pending = new AtomicBoolean(); // taken by the one that writes
    private int bufferCount;
    private long fileOffset;
    private @Nullable EpochBuffer epoch;

    private Lane(Arena arena) {
      vectors = new IoVectors(BUFFERS_MAX, arena);
    }

    /** Takes an epoch's filled buffers and begins to write them one after another from a block. */
    void begin(EpochBuffer from, long startBlock) {
      vectors.clear();
      from.addTo(vectors);
      bufferCount = 0;
      from.handOver(taker);
      fileOffset = Blocks.offset(startBlock);
      epoch = from;
      pending.set(true);
      try {
        executor.execute(this);
      } catch (RuntimeException | Error e) { // no thread could be started: the caller writes
        run();
      }
    }

    private void take(PooledBuffer buffer) {
      buffers[bufferCount++] = buffer;
    }

    /** Returns the lane unused. */
    void giveBack() {
      var _ = idle.offer(this);
    }

    @Override
    public void run() {
      if (!pending.getAndSet(false)) {
        return; // the caller did it, to whom the executor had spoken of a failure
      }
      Throwable failure = null;
      try {
        poison.check(); // L24
        disk.write(vectors, fileOffset, false);
        counters.bytesWritten.add(vectors.bytes());
      } catch (RuntimeException | Error e) {
        failure = e;
      }
      for (int i = 0; i < bufferCount; i++) {
        buffers[i].release();
      }
      EpochBuffer written = epoch;
      epoch = null;
      giveBack();
      if (written != null) {
        written.ahead().end(failure);
      }
    }
  }
}
