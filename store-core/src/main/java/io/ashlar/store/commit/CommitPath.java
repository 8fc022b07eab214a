package io.ashlar.store.commit;

import io.ashlar.store.AckListener;
import io.ashlar.store.BackPressureTimeoutException;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.checkpoint.IndexCheckpointer;
import io.ashlar.store.checkpoint.RecordLedger;
import io.ashlar.store.disk.BufferPool;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.disk.StoreGate;
import io.ashlar.store.disk.Threads;
import io.ashlar.store.format.LogPosition;
import io.ashlar.store.index.OperationApplier;
import io.ashlar.store.metrics.StoreCounters;
import io.ashlar.store.space.BlockSpace;
import io.ashlar.store.spi.HandleTraces;
import io.ashlar.store.spi.Log;
import io.ashlar.store.spi.StackRoom;
import io.ashlar.store.vacuum.CommitAccess;
import java.lang.foreign.Arena;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * The wired write path: the interface of this package to the rest of the store.
 *
 * <p>Thread: any, unless a method says otherwise.
 */
public final class CommitPath implements AutoCloseable {

  private static final long QUEUED_MS_MAX = 1_000;

  private final StoreConfig config;
  private final StoreGate gate;
  private final Poison poison;
  private final CommitQueue queue;
  private final CommitRole role = new CommitRole();
  private final EpochBufferPool buffers;
  private final HeldQuota quota;
  private final LogTail tail;
  private final AckSequencer acks;
  private final IndexCheckpointer checkpointer;
  private final GroupPublisher publisher;
  private final GroupCommitter committer;
  private final CommitAgent agent;
  private final RoleTasks tasks;
  private final HeldSpace held;
  private final AheadWriter ahead;
  private final Arena arena = Arena.ofShared(); // one: closing it asks every thread of the process
  private final EpochWriter writer;
  private @Nullable Thread thread;

  /**
   * Wires the write path to the recovered state.
   *
   * @param gate entered by every thread that fills or commits an epoch.
   * @param position the end of the log.
   * @param ledger the records that replay needs.
   * @param checkpoints makes the writer of index checkpoints, given access to the commit role.
   * @param clockMs wall time for log records, ms since 1970.
   * @param clockNs a monotonic clock for waiting.
   * @param traces notes where epochs are begun, if traces are on.
   */
  public CommitPath(
      StoreConfig config,
      Disk disk,
      BufferPool pool,
      StoreGate gate,
      BlockSpace space,
      OperationApplier applier,
      StoreCounters counters,
      Poison poison,
      LogPosition position,
      RecordLedger ledger,
      Function<IndexCheckpointer.RoleAccess, IndexCheckpointer> checkpoints,
      long storeId,
      long incarnation,
      LongSupplier clockMs,
      LongSupplier clockNs,
      @Nullable HandleTraces traces) {
    this.config = config;
    this.gate = gate;
    this.poison = poison;
    ahead = new AheadWriter(disk, poison, counters, arena);
    queue = new CommitQueue(config.queueCapacity());
    quota = new HeldQuota(config.heldBytesMax());
    Quota claimQuota = new Quota(EpochRoom.claimQuotaBytes(pool));
    buffers = new EpochBufferPool(config.queueCapacity(), quota, claimQuota, traces);
    tail = new LogTail(space, position, config.logExtentBytesMax() / Disk.BLOCK_BYTES, ledger);
    acks = new AckSequencer(gate, position.epoch(), poison, buffers);
    checkpointer = checkpoints.apply(new RoleHolder());
    publisher = new GroupPublisher(space, tail, applier, acks, checkpointer, counters, incarnation);
    committer =
        new GroupCommitter(
            disk,
            space,
            tail,
            acks,
            publisher,
            counters,
            poison,
            arena,
            clockMs,
            storeId,
            incarnation);
    agent =
        new CommitAgent(
            queue,
            role,
            committer,
            publisher,
            space,
            acks,
            poison,
            disk,
            clockNs,
            TimeUnit.MILLISECONDS.toNanos(config.quietMarkMs()),
            config.coalesceWindowNs(),
            config.groupEpochsMax(),
            config.groupBytesMax());
    long timeoutMs = config.backPressureTimeoutMs();
    tasks = new RoleTasks(gate, queue, role, agent, poison, timeoutMs);
    held = new HeldSpace(tasks, quota, space, poison, committer, timeoutMs);
    EpochSpill spill = new EpochSpill(gate, pool, held, ahead, poison, timeoutMs);
    EpochRoom room = new EpochRoom(this, pool, spill, claimQuota, config.groupBytesMax());
    writer = new EpochWriter(this, gate, pool, room, spill, poison);
  }

  /**
   * Starts the I/O thread and waits until it has its ring.
   *
   * @throws StoreOpenException if no thread can be started.
   * @throws RuntimeException what opening the ring threw; the thread has ended then.
   */
  public void start(String name) {
    FutureTask<@Nullable Void> ready = new FutureTask<>(agent::onStart, null);
    Thread started = new Thread(() -> runAgent(ready), name);
    started.setDaemon(true);
    thread = started;
    try {
      Threads.start(started);
    } catch (RejectedExecutionException e) {
      throw new StoreOpenException("the store has no I/O thread: " + e.getMessage(), e);
    }
    ahead.start("ashlar-ahead");
    var _ = Threads.await(ready);
  }

  private void runAgent(FutureTask<@Nullable Void> ready) {
    ready.run();
    if (ready.state() != Future.State.SUCCESS) {
      return;
    }
    try {
      agent.run();
    } catch (RuntimeException | Error e) {
      poison.set(e);
      acks.wakeWaiters();
      Log.log(
          CommitPath.class,
          System.Logger.Level.ERROR,
          "the store failed: its I/O thread cannot continue",
          e);
      agent.refuseUntilClosed();
    }
  }

  /** Opens the ring on this thread, which from now on calls {@link #doWork} instead. For tests. */
  public void startHere() {
    agent.onStart();
  }

  /** Does the I/O thread's work once, on the thread that called {@link #startHere}. For tests. */
  public int doWork() {
    return agent.doWork();
  }

  /**
   * Begins an index checkpoint if the open that has just ended replayed much: a process that ends
   * and begins again and again would replay ever more. Thread: the one that opened the store.
   */
  public void checkpointAfterOpen(long replayedRecords) {
    tasks.perform(() -> {
      if (checkpointer.isDueAfterOpen(replayedRecords)) {
        checkpointer.start(tail.position());
      }
    });
  }

  /** Begins an epoch. */
  public Epoch beginEpoch() {
    return new LocalEpoch(writer, writer.begin());
  }

  /** Returns how many epochs were begun and have not yet become durable, failed or been closed. */
  public int openEpochs() {
    return buffers.inUse();
  }

  /** Returns the bytes of the data file that these epochs hold ahead of their commit. */
  public long heldBytes() {
    return quota.heldBytes();
  }

  /** Returns the last durable epoch. */
  public long durableEpoch() {
    return acks.durableEpoch();
  }

  /**
   * Waits until an epoch is durable.
   *
   * @throws IllegalStateException if a listener would wait.
   */
  public void awaitDurable(long epoch) {
    if (acks.durableEpoch() < epoch) {
      StackRoom.toBegin();
      gate.refuseListener();
    }
    acks.awaitDurable(epoch);
  }

  /** Returns the last durable log record's number. */
  public long sequence() {
    return publisher.sequence();
  }

  /** Returns the highest sequence that a durable mark covers. */
  public long markedSequence() {
    return publisher.markedSequence();
  }

  /** Returns the last epoch within {@link #markedSequence}, or an earlier one. */
  public long markedEpoch() {
    return publisher.markedEpoch();
  }

  /**
   * Evicts blobs in one epoch and waits for it.
   *
   * @param fill adds the evictions; at most {@link Epoch#OPERATIONS_MAX}.
   */
  public void commitEvictions(Consumer<EvictionSink> fill) {
    fillAndCommit(buffer -> fill.accept(buffer::addEvict));
  }

  /**
   * Gives evicted blobs other cold references in one epoch and waits for it.
   *
   * @param fill adds the moves; at most {@link Epoch#OPERATIONS_MAX}.
   */
  public void commitColdMoves(Consumer<ColdMoveSink> fill) {
    fillAndCommit(buffer -> fill.accept(buffer::addColdMove));
  }

  /**
   * Commits an epoch of the store's own; an epoch that cannot be filled or prepared is returned to
   * its pool.
   */
  void fillAndCommit(Consumer<EpochBuffer> fill) {
    EpochBuffer buffer = buffers.take();
    boolean filled = false;
    try {
      fill.accept(buffer);
      buffer.expectHere();
      filled = true;
    } finally {
      if (!filled) {
        buffers.recycle(buffer);
      }
    }
    var _ = commitExpected(buffer);
  }

  /** Takes moves for {@link #commitColdMoves}. */
  @FunctionalInterface
  public interface ColdMoveSink {

    /** Adds one. */
    void add(long idHigh, long idLow, long version, long cold0, long cold1, long cold2);
  }

  /** Returns what vacuum needs of this. */
  public CommitAccess vacuumAccess() {
    return new VacuumAccess(this, tasks, committer, tail, checkpointer);
  }

  /** Takes evictions for {@link #commitEvictions}. */
  @FunctionalInterface
  public interface EvictionSink {

    /** Adds one. */
    void add(
        long idHigh, long idLow, long version, long startBlock, long cold0, long cold1, long cold2);
  }

  /** Has {@code task} done while no group is in flight, and waits for it. */
  public void performWithRole(Runnable task) {
    tasks.perform(task);
  }

  /**
   * Returns the answer of {@code question}, asked while no group is in flight. The rest of the
   * log's blocks are given to it.
   */
  public long askWithRole(ToLongFunction<LogBlocks> question) {
    return tasks.ask(() ->
        question.applyAsLong(
            new LogBlocks(tail.recordBlocks(), tail.reservedBlocks(), checkpointer.blocks())));
  }

  /**
   * The blocks that the log has.
   *
   * @param recordBlocks blocks of records.
   * @param reservedBlocks blocks kept for records to come.
   * @param checkpointBlocks blocks of index checkpoints.
   */
  public record LogBlocks(long recordBlocks, long reservedBlocks, long checkpointBlocks) {}

  // ---- for EpochWriter

  EpochBuffer takeEpochBuffer() {
    return buffers.take();
  }

  /** Returns whether no commit is running or queued, so that the device is idle. */
  boolean isIdle() {
    return queue.isEmpty() && !role.isHeld() && !gate.isInListener();
  }

  /** Returns whether the queue would take an epoch at this moment. */
  boolean hasQueueRoom() {
    return queue.hasRoom();
  }

  /** Commits and waits; returns the epoch's number and recycles the buffer. */
  long commit(EpochBuffer buffer) {
    expect(buffer, null);
    return commitExpected(buffer);
  }

  private long commitExpected(EpochBuffer buffer) {
    EpochOutcome outcome = buffer.outcome();
    if (!tryCommitHere(buffer)) {
      enqueue(buffer);
      if (thread == null) {
        var _ = agent.doWork(); // a test drives the I/O thread's work, on this thread
      }
      outcome.await();
    }
    StoreException failure = outcome.failure();
    long epoch = outcome.epoch();
    buffers.recycle(buffer);
    if (failure != null) {
      throw failure;
    }
    return epoch;
  }

  /** Commits; {@code listener} is told, and the buffer recycled, by the I/O thread. */
  void commit(EpochBuffer buffer, AckListener listener) {
    expect(buffer, listener);
    enqueue(buffer);
  }

  /** Prepares a commit; what goes wrong here leaves the epoch with its caller. */
  private static void expect(EpochBuffer buffer, @Nullable AckListener listener) {
    boolean done = false;
    try {
      if (listener == null) {
        buffer.expectHere();
      } else {
        buffer.expect(listener);
      }
      done = true;
    } finally {
      if (!done) {
        buffer.mend();
      }
    }
  }

  /** Commits as {@link #commit(EpochBuffer, AckListener)} does, unless the queue is full. */
  boolean tryCommit(EpochBuffer buffer, AckListener listener) {
    expect(buffer, listener);
    boolean queued = queue.offer(buffer);
    if (queued) {
      agent.wakeForWork();
    }
    return queued;
  }

  /**
   * The fast path: takes the free role and commits on this thread, which saves the hand-over. Not
   * for a virtual thread, which would pin its carrier (L20), not past others that wait, and not
   * where a commit shall wait for company.
   */
  private boolean tryCommitHere(EpochBuffer buffer) {
    if (!queue.isEmpty()
        || poison.isSet()
        || config.coalesceWindowNs() > 0
        || Thread.currentThread().isVirtual()) {
      return false;
    }
    if (!role.tryTake()) {
      return false;
    }
    boolean committed = false;
    try {
      agent.checkFile();
      committed = queue.isEmpty() && !poison.isSet() && committer.tryCommitAlone(buffer);
      if (committed) {
        agent.noteCommit();
      }
    } catch (RuntimeException | Error e) {
      poison.set(e); // L19
      acks.deliver();
      buffer.outcome().setFailure(poison.failure(true));
      committed = true;
    } finally {
      agent.releaseRole();
    }
    if (committed) {
      agent.wakeForMark();
    }
    return committed;
  }

  private void enqueue(EpochBuffer buffer) {
    boolean listener = gate.isInListener(); // it would wait for itself
    long timeoutMs = listener ? 0 : config.backPressureTimeoutMs();
    if (!queue.offer(buffer, timeoutMs)) {
      if (listener) {
        buffer.mend(); // giving back what it holds would wait: it is still the caller's
      } else {
        abandon(buffer);
      }
      throw new BackPressureTimeoutException(
          "the commit queue stayed full; the epoch was not applied: commit more slowly or raise"
              + " queueCapacity or backPressureTimeoutMs: queueCapacity="
              + config.queueCapacity()
              + ", backPressureTimeoutMs="
              + config.backPressureTimeoutMs(),
          null);
    }
    agent.wakeForWork();
  }

  /** Ends an epoch that will not be committed: gives its buffers and extents back. */
  void abandon(EpochBuffer buffer) {
    try {
      held.freeAll(buffer);
    } finally {
      buffers.recycle(buffer);
    }
  }

  /** Gives the checkpointer's steps the commit role, one after another. */
  private final class RoleHolder implements IndexCheckpointer.RoleAccess {

    @Override
    public void perform(Runnable task) {
      tasks.perform(task);
    }

    @Override
    public long durableSequence() {
      return tail.sequence();
    }
  }

  /** Frees the memory of this package after {@link #start} or {@link #startHere} has failed. */
  public void discard() {
    ahead.close();
    checkpointer.close();
    freeMemory();
  }

  /**
   * Makes the I/O thread commit the queued epochs, mark them and end, and waits for that. Does not
   * wait for a listener that does not return. The memory stays: others may still be using the
   * store.
   */
  public void commitQueued() {
    agent.close();
    Threads.join(thread, QUEUED_MS_MAX);
  }

  /**
   * Commits the queued epochs, ends the I/O thread and frees the memory of this package. No other
   * thread may still be using the store. Thread: one.
   */
  @Override
  public void close() {
    ahead.close();
    checkpointer.close(); // it needs the role, so before the I/O thread ends
    agent.close();
    Thread started = thread;
    if (started == null) {
      agent.run();
    } else {
      Threads.join(started);
    }
    acks.close();
    freeMemory();
  }

  private void freeMemory() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
