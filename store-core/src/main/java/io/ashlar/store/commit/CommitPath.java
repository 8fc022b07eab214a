package io.ashlar.store.commit;

import io.ashlar.store.Epoch;
import io.ashlar.store.StallCause;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.agent.AgentHost;
import io.ashlar.store.checkpoint.IndexCheckpointer;
import io.ashlar.store.checkpoint.RecoveredLog;
import io.ashlar.store.commit.epoch.CommitQueue;
import io.ashlar.store.commit.epoch.EpochBufferPool;
import io.ashlar.store.commit.epoch.HeldQuota;
import io.ashlar.store.commit.epoch.Quota;
import io.ashlar.store.commit.group.AckSequencer;
import io.ashlar.store.commit.group.GroupCommitter;
import io.ashlar.store.commit.group.GroupPublisher;
import io.ashlar.store.commit.group.LogTail;
import io.ashlar.store.commit.group.RecordEncoder;
import io.ashlar.store.commit.role.CommitAgent;
import io.ashlar.store.commit.role.CommitRole;
import io.ashlar.store.commit.role.RoleTasks;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.GuardedDisk;
import io.ashlar.store.disk.Lender;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.disk.StoreGate;
import io.ashlar.store.format.Superblock;
import io.ashlar.store.metrics.StoreCounters;
import io.ashlar.store.space.BlockSpace;
import io.ashlar.store.space.StoreContent;
import io.ashlar.store.spi.StackRoom;
import io.ashlar.store.vacuum.CommitAccess;
import java.lang.foreign.Arena;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * The wired write path: the interface of this package to the rest of the store.
 *
 * <p>Thread: any, unless a method says otherwise.
 */
public final class CommitPath implements AutoCloseable {

  private static final long QUEUED_MS_MAX = 1_000;

  private final StoreGate gate;
  private final EpochBufferPool buffers;
  private final HeldQuota quota;
  private final LogTail tail;
  private final AckSequencer acks;
  private final IndexCheckpointer checkpointer;
  private final GroupPublisher publisher;
  private final GroupCommitter committer;
  private final CommitAgent agent;
  private AgentHost.@Nullable Running running; // written before the store is open
  private final RoleTasks tasks;
  private final AheadWriter ahead;
  private final Arena arena = Arena.ofShared(); // one: closing it asks every thread of the process
  private final EpochCommits commits;
  private final EpochWriter writer;

  /**
   * Wires the write path to the recovered state.
   *
   * @param lender its gate is entered by every thread that fills or commits an epoch.
   * @param content what commits change.
   * @param log where the log continues.
   * @param checkpoints makes the writer of index checkpoints, given access to the commit role.
   */
  public CommitPath(
      StoreConfig config,
      GuardedDisk disk,
      Lender lender,
      StoreContent content,
      RecoveredLog log,
      Function<IndexCheckpointer.RoleAccess, IndexCheckpointer> checkpoints,
      Clocks clocks) {
    gate = lender.gate();
    Poison poison = disk.poison();
    BlockSpace space = content.space();
    long timeoutMs = config.backPressureTimeoutMs();
    ahead = new AheadWriter(disk, arena);
    CommitQueue queue = new CommitQueue(config.queueCapacity());
    StoreCounters counters = disk.counters();
    StallCause whileFree = config.coalesceWindowNs() > 0 ? StallCause.ROLE : StallCause.SCHEDULING;
    CommitRole role = new CommitRole(counters.timeline, whileFree);
    quota = new HeldQuota(config.heldBytesMax());
    Quota claimQuota = new Quota(EpochRoom.claimQuotaBytes(lender.pool()));
    buffers = new EpochBufferPool(config.queueCapacity(), quota, claimQuota, lender.traces());
    tail = new LogTail(space, log, config.logExtentBytesMax() / Disk.BLOCK_BYTES);
    acks = new AckSequencer(gate, log.position().epoch(), poison, buffers, counters);
    checkpointer = checkpoints.apply(new RoleHolder());
    Superblock superblock = log.superblock();
    publisher =
        new GroupPublisher(content, tail, acks, checkpointer, counters, superblock.incarnation());
    RecordEncoder encoder = new RecordEncoder(tail, arena, clocks.wallMs(), superblock);
    committer = new GroupCommitter(disk, space, tail, acks, publisher, encoder, arena);
    agent = new CommitAgent(config, queue, role, committer, acks, disk, clocks.monotonicNs());
    tasks = new RoleTasks(gate, queue, role, agent, poison, timeoutMs);
    HeldSpace held = new HeldSpace(tasks, quota, space, poison, committer.refusals(), timeoutMs);
    commits =
        new EpochCommits(lender, queue, agent, buffers, held, this::workIfDrivenHere, counters);
    EpochSpill spill = new EpochSpill(lender, held, ahead, poison, counters.stalls);
    EpochRoom room =
        new EpochRoom(commits, lender.pool(), spill, claimQuota, config.groupBytesMax());
    writer = new EpochWriter(commits, lender, room, spill, poison);
  }

  /**
   * Starts the commit agent. It has its ring on return, unless it is driven.
   *
   * @param host runs the agent.
   * @param helped whether other threads help: callers that lead groups, and those that write ahead.
   * @throws StoreOpenException if no thread can be started.
   * @throws RuntimeException the failure to open the ring; the agent has ended then.
   */
  public void start(AgentHost host, boolean helped) {
    if (helped) {
      agent.letCallersLead();
      ahead.start("ashlar-ahead");
    }
    try {
      running = host.start(agent);
    } catch (RejectedExecutionException e) {
      throw new StoreOpenException("the store has no I/O thread: " + e.getMessage(), e);
    }
  }

  private void workIfDrivenHere() {
    AgentHost.Running started = running;
    if (started != null) {
      started.workIfDrivenHere();
    }
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
    commits.fillAndCommit(buffer -> fill.accept(buffer::addEvict));
  }

  /**
   * Gives evicted blobs other cold references in one epoch and waits for it.
   *
   * @param fill adds the moves; at most {@link Epoch#OPERATIONS_MAX}.
   */
  public void commitColdMoves(Consumer<ColdMoveSink> fill) {
    commits.fillAndCommit(buffer -> fill.accept(buffer::addColdMove));
  }

  /** Takes moves for {@link #commitColdMoves}. */
  @FunctionalInterface
  public interface ColdMoveSink {

    /** Adds one. */
    void add(long idHigh, long idLow, long version, long cold0, long cold1, long cold2);
  }

  /** Returns what vacuum needs of this. */
  public CommitAccess vacuumAccess() {
    return new VacuumAccess(commits, tasks, committer, tail, checkpointer);
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
  public record LogBlocks(long recordBlocks, long reservedBlocks, long checkpointBlocks) {

    /** Returns their sum. */
    public long blocks() {
      return recordBlocks + reservedBlocks + checkpointBlocks;
    }
  }

  /** Gives the checkpointer's steps the commit role, one after another. */
  private final class RoleHolder implements IndexCheckpointer.RoleAccess {

    @Override
    public void perform(Runnable task) {
      tasks.perform(StallCause.CHECKPOINT, task);
    }

    @Override
    public long durableSequence() {
      return tail.sequence();
    }
  }

  /** Frees the memory of this package after {@link #start} has failed. */
  public void discard() {
    ahead.close();
    checkpointer.close();
    freeMemory();
  }

  /**
   * Has the queued epochs committed and marked, and waits for that. Does not wait for a listener
   * that does not return. The memory stays: others may still be using the store.
   */
  public void commitQueued() {
    agent.close();
    AgentHost.Running started = running;
    if (started != null && !started.awaitEnd(QUEUED_MS_MAX)) {
      boolean _ = agent.serveHere();
    }
  }

  /**
   * Commits the queued epochs, ends the commit agent and frees the memory of this package. No other
   * thread may still be using the store. Thread: one.
   */
  @Override
  public void close() {
    ahead.close();
    checkpointer.close(); // it needs the role, so before the agent ends
    agent.close();
    AgentHost.Running started = running;
    if (started != null) {
      started.awaitEnd();
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
