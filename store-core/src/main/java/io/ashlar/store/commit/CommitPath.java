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
import io.ashlar.store.vacuum.CommitAccess;
import java.lang.foreign.Arena;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * The write path, wired: what the rest of the store sees of this package.
 *
 * <p>Thread: any, unless a method says otherwise.
 */
public final class CommitPath implements AutoCloseable {

  private final StoreConfig config;
  private final Poison poison;
  private final CommitQueue queue;
  private final CommitRole role = new CommitRole();
  private final EpochBufferPool buffers;
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
   * Wires the write path behind what recovery found.
   *
   * @param gate entered by whoever fills or commits an epoch.
   * @param position the end of the log.
   * @param ledger the records that replay needs.
   * @param checkpoints makes the writer of index checkpoints, given access to the commit role.
   * @param clockMs wall time for log records, ms since 1970.
   * @param clockNs a monotonic clock for waiting.
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
      LongSupplier clockNs) {
    this.config = config;
    this.poison = poison;
    ahead = new AheadWriter(disk, poison, counters, arena);
    queue = new CommitQueue(config.queueCapacity());
    HeldQuota quota = new HeldQuota(config.heldBytesMax());
    buffers = new EpochBufferPool(config.queueCapacity(), quota);
    tail = new LogTail(space, position, config.logExtentBytesMax() / Disk.BLOCK_BYTES, ledger);
    acks = new AckSequencer(position.epoch(), poison, buffers);
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
    tasks = new RoleTasks(queue, role, agent, poison, timeoutMs);
    held = new HeldSpace(tasks, quota, space, poison, committer, timeoutMs);
    EpochSpill spill = new EpochSpill(pool, held, ahead, poison, timeoutMs);
    writer = new EpochWriter(this, gate, pool, spill, poison, config.groupBytesMax());
  }

  /**
   * Starts the I/O thread and waits until it has its ring.
   *
   * @throws StoreOpenException if no thread can be had.
   * @throws RuntimeException what opening the ring threw; the thread has ended then.
   */
  public void start(String name) {
    CompletableFuture<Void> ready = new CompletableFuture<>();
    Thread started = new Thread(() -> runAgent(ready), name);
    started.setDaemon(true);
    thread = started;
    try {
      Threads.start(started);
    } catch (RejectedExecutionException e) {
      throw new StoreOpenException("the store has no I/O thread: " + e.getMessage(), e);
    }
    ahead.start("ashlar-ahead");
    try {
      ready.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      throw e;
    }
  }

  private void runAgent(CompletableFuture<Void> ready) {
    try {
      agent.onStart();
    } catch (RuntimeException | Error e) {
      ready.completeExceptionally(e);
      return;
    }
    ready.complete(null);
    try {
      agent.run();
    } catch (RuntimeException | Error e) {
      poison.set(e);
      acks.wakeWaiters();
      System.getLogger(CommitPath.class.getName())
          .log(System.Logger.Level.ERROR, "the store failed: its I/O thread cannot go on", e);
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
      role.refuseHolder();
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
    EpochBuffer buffer = buffers.take();
    fill.accept(buffer::addEvict);
    var _ = commit(buffer);
  }

  /**
   * Gives evicted blobs other cold references in one epoch and waits for it.
   *
   * @param fill adds the moves; at most {@link Epoch#OPERATIONS_MAX}.
   */
  public void commitColdMoves(Consumer<ColdMoveSink> fill) {
    EpochBuffer buffer = buffers.take();
    fill.accept(buffer::addColdMove);
    var _ = commit(buffer);
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
   * Returns what {@code question} finds out while no group is in flight. The rest of the log's
   * blocks are given to it.
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

  /**
   * Refuses what would wait for the commit role, or its holder, where a listener calls it.
   *
   * @throws IllegalStateException if this thread holds the role.
   */
  public void refuseListener() {
    role.refuseHolder();
  }

  // ---- for EpochWriter

  EpochBuffer takeEpochBuffer() {
    return buffers.take();
  }

  /** Returns whether nobody commits, and nobody waits for it: the device has nothing to do. */
  boolean isIdle() {
    return queue.isEmpty() && !role.isHeld();
  }

  /** Commits and waits; returns the epoch's number and recycles the buffer. */
  long commit(EpochBuffer buffer) {
    EpochOutcome outcome = buffer.outcome();
    buffer.expectHere();
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
    buffer.expect(listener);
    enqueue(buffer);
  }

  /** Commits as {@link #commit(EpochBuffer, AckListener)} does, unless the queue is full. */
  boolean tryCommit(EpochBuffer buffer, AckListener listener) {
    buffer.expect(listener);
    boolean queued = queue.offer(buffer);
    if (queued) {
      agent.wakeForWork();
    }
    return queued;
  }

  /**
   * The fast path: takes the free role and commits on this thread, which saves the hand-over. Not
   * for a virtual thread, which would pin its carrier (L20), and not past others that wait.
   */
  private boolean tryCommitHere(EpochBuffer buffer) {
    if (!queue.isEmpty() || poison.isSet() || Thread.currentThread().isVirtual()) {
      return false;
    }
    if (!role.tryTake()) {
      return false;
    }
    boolean committed = false;
    try {
      committed = queue.isEmpty() && committer.tryCommitAlone(buffer);
      if (committed) {
        agent.noteCommit();
      }
    } catch (RuntimeException | Error e) {
      poison.set(e); // L19
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
    long timeoutMs = role.isMine() ? 0 : config.backPressureTimeoutMs(); // it would wait for itself
    if (!queue.offer(buffer, timeoutMs)) {
      RuntimeException failure =
          new BackPressureTimeoutException(
              "the commit queue stayed full; the epoch was not applied: commit more slowly or raise"
                  + " queueCapacity or backPressureTimeoutMs: queueCapacity="
                  + config.queueCapacity()
                  + ", backPressureTimeoutMs="
                  + config.backPressureTimeoutMs(),
              null);
      if (role.isMine()) {
        buffer.mend(); // giving back what it holds would wait: it is still the caller's
      } else {
        abandon(buffer);
      }
      throw failure;
    }
    agent.wakeForWork();
  }

  /** Ends an epoch that will not be committed: gives its buffers and extents back. */
  void abandon(EpochBuffer buffer) {
    held.freeAll(buffer);
    buffers.recycle(buffer);
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
   * Commits what is queued, ends the I/O thread and frees the memory of this package. Nobody else
   * may be using the store any more. Thread: one.
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
