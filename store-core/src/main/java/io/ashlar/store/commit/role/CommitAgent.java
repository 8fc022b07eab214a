package io.ashlar.store.commit.role;

import io.ashlar.store.StoreConfig;
import io.ashlar.store.agent.StoreAgent;
import io.ashlar.store.commit.epoch.CommitQueue;
import io.ashlar.store.commit.epoch.EpochBuffer;
import io.ashlar.store.commit.epoch.EpochOutcome;
import io.ashlar.store.commit.epoch.GroupLeader;
import io.ashlar.store.commit.epoch.QueueEntry;
import io.ashlar.store.commit.epoch.RoleTask;
import io.ashlar.store.commit.group.AckSequencer;
import io.ashlar.store.commit.group.GroupCommitter;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.DiskQueue;
import io.ashlar.store.disk.GuardedDisk;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.format.LogRecordFormat;
import io.ashlar.store.spi.Log;
import java.lang.invoke.VarHandle;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The commit agent. When epochs wait, it takes the commit role and coalesces the epochs into
 * groups. It commits the groups through the ring, which it alone owns. By default it has a thread
 * of its own, the I/O thread.
 *
 * <pre>
 *   running ── its ring or its code fails ──▶ refusing ── close ──▶ ended
 *      └───────── close, and the queue is empty ───────────────────▶│
 * </pre>
 *
 * <p>With a coalescing window the first epoch of a group waits that long for others, or until a
 * group or the queue is full. The agent sleeps meanwhile and does not hold the role. A task that is
 * queued for the role ends the window, and so does a close.
 *
 * <p>A thread that adds to the queue, or releases the role, then wakes this agent if it sleeps
 * ({@link AgentSleep}).
 *
 * <p>Thread: {@link #doWork}, {@link #sleep} and {@link #onClose} belong to the thread that runs
 * the agent. The rest is safe from any thread.
 */
public final class CommitAgent extends StoreAgent implements GroupLeader {

  private static final int GROUP_BUFFERS_MAX = 1000;
  private static final long REFUSE_PARK_NS = 1_000_000;
  private static final long SLEEP_NS_MIN = 1_000_000; // while a caller holds the role
  private static final long SLEEP_NS = TimeUnit.SECONDS.toNanos(10);

  private final CommitQueue queue;
  private final CommitRole role;
  private final GroupCommitter committer;
  private final AckSequencer acks;
  private final Poison poison;
  private final Disk disk;
  private final FileWatch fileWatch;
  private final LongSupplier clockNs;
  private final long quietNs;
  private final CoalescingWindow window;
  private final long groupBytesMax;
  private final EpochBuffer[] group;
  private final DirectQueue direct;
  private final Leaders leaders;
  private final LongAdder callerGroups;

  private final AgentSleep sleep = new AgentSleep();
  private final QueueRefusal refusal;

  private volatile boolean closing; // written by the closing thread, read by the agent's
  private final AtomicInteger queuedTasks = new AtomicInteger(); // behind an epoch, perhaps
  private volatile long lastCommitNs; // written by the role's holder, read by the agent's thread
  private boolean refusing; // the agent's thread's

  /**
   * Creates one without a ring.
   *
   * @param clockNs a monotonic clock.
   */
  public CommitAgent(
      StoreConfig config,
      CommitQueue queue,
      CommitRole role,
      GroupCommitter committer,
      AckSequencer acks,
      GuardedDisk guarded,
      LongSupplier clockNs) {
    this.queue = queue;
    this.role = role;
    this.committer = committer;
    this.acks = acks;
    poison = guarded.poison();
    disk = guarded.disk();
    fileWatch = new FileWatch(disk, poison, clockNs);
    refusal = new QueueRefusal(queue, role, acks, poison);
    this.clockNs = clockNs;
    quietNs = TimeUnit.MILLISECONDS.toNanos(config.quietMarkMs());
    callerGroups = guarded.counters().callerGroups;
    leaders = new Leaders(queue);
    window = new CoalescingWindow(clockNs, config.coalesceWindowNs());
    groupBytesMax = config.groupBytesMax();
    group = new EpochBuffer[config.groupEpochsMax()];
    direct = new DirectQueue(disk, GroupCommitter.QUEUE_CAPACITY);
  }

  /** Lets callers lead groups, unless epochs are to wait for company. Thread: the opening one. */
  public void letCallersLead() {
    if (!window.isOn()) {
      leaders.allow();
    }
  }

  /** Returns whether a caller may lead groups while it waits for its commit. Thread: any. */
  public boolean mayLead(Thread caller) {
    return leaders.isAllowed(caller);
  }

  @Override
  public String roleName() {
    return "ashlar-io";
  }

  @Override
  protected DiskQueue openQueue() {
    return disk.openQueue(GroupCommitter.QUEUE_CAPACITY);
  }

  @Override
  protected boolean canBeOrphaned() {
    return true; // its groups are reaped within its work (L19)
  }

  @Override
  protected void continueWithout(RuntimeException failure) {
    fail(failure);
    throw failure;
  }

  /**
   * Commits the waiting epochs, or writes a mark when it is due. If the agent has failed, it
   * refuses the waiting epochs instead, because no caller may hang (promise G10).
   *
   * @return how many entries were served; 0 if the queue was empty, its epochs wait for more, or
   *     another thread has the role.
   */
  @Override
  public int doWork() {
    if ((closing && queue.isEmpty()) || (isRefused() && !refusing)) {
      throw ENDED;
    }
    try {
      return refusing ? refusal.refuseQueued() : work();
    } catch (RuntimeException | Error e) {
      fail(e);
      return 1;
    }
  }

  private void fail(Throwable e) {
    refusing = true;
    poison.set(e);
    acks.wakeWaiters();
    Log.log(
        CommitAgent.class,
        System.Logger.Level.ERROR,
        "the store failed: its commit agent cannot continue",
        e);
  }

  private int work() {
    if (queue.isEmpty()) {
      return markWhenQuiet();
    }
    if (waitsForCompany() || !role.tryTake()) {
      return 0;
    }
    try {
      return serve(ring());
    } finally {
      acks.deliver();
      releaseRole();
    }
  }

  private int serve(DiskQueue ring) {
    int served = 0;
    QueueEntry next = queue.peek();
    while (next != null) {
      if (next instanceof RoleTask task) {
        acks.deliver();
        var _ = queue.poll();
        queuedTasks.decrementAndGet();
        task.execute(poison);
        served++;
      } else if (waitsForCompany() || (served > 0 && leaders.next() != null)) {
        break;
      } else {
        window.end();
        int count = gather(false);
        served += count;
        commit(count, ring);
      }
      next = queue.peek();
      if (next == null) {
        acks.deliver();
        next = queue.peek();
      }
    }
    return served;
  }

  private void commit(int count, DiskQueue ring) {
    try {
      fileWatch.check();
      committer.commit(group, count, ring);
      lastCommitNs = clockNs.getAsLong();
    } catch (RuntimeException | Error e) {
      poison.set(e); // L19
      acks.deliver();
      acks.failAll(group, count);
      acks.wakeWaiters();
      Log.log(
          CommitAgent.class, System.Logger.Level.ERROR, "the store failed in the commit path", e);
    }
  }

  /**
   * Returns whether the queued epochs keep waiting for others. Opens the window when it sees the
   * first of them.
   */
  private boolean waitsForCompany() {
    return window.isOn() && !queue.isEmpty() && !isWindowEnded() && window.holds();
  }

  /** Returns whether something other than time ends the window. */
  private boolean isWindowEnded() {
    return closing || queuedTasks.get() > 0 || queue.size() >= group.length || !queue.hasRoom();
  }

  /**
   * Takes the epochs of the next group out of the queue, in their order.
   *
   * @param led whether a caller leads the group.
   */
  private int gather(boolean led) {
    long bytesMax = led ? Math.min(groupBytesMax, Leaders.BYTES_MAX) : groupBytesMax;
    long recordBytes = LogRecordFormat.HEADER_BYTES;
    long bytes = 0;
    int buffers = 0;
    int count = 0;
    while (count < group.length && queue.peek() instanceof EpochBuffer epoch) {
      if (led && !Leaders.isLed(epoch)) {
        break;
      }
      recordBytes += LogRecordFormat.EPOCH_BYTES + epoch.operationBytes();
      bytes += epoch.writableBlocks() * Disk.BLOCK_BYTES;
      buffers += epoch.writableBuffers();
      if (count > 0
          && (recordBytes > LogRecordFormat.RECORD_BYTES_MAX
              || bytes > bytesMax
              || buffers > GROUP_BUFFERS_MAX)) {
        break;
      }
      var _ = queue.poll();
      group[count++] = epoch;
    }
    return count;
  }

  private int markWhenQuiet() {
    if (!committer.isUnmarked()
        || clockNs.getAsLong() - lastCommitNs < quietNs
        || !role.tryTake()) {
      return 0;
    }
    try {
      committer.writeMark(ring()); // L31
      return 1;
    } finally {
      releaseRole();
    }
  }

  /**
   * The fast path: takes the free role and commits on the calling thread, which saves the
   * hand-over. Not for a virtual thread, which would pin its carrier (L20), not past others that
   * wait, and not where a commit shall wait for company.
   *
   * @return false if nothing was done; else the epoch's outcome is known.
   */
  public boolean tryCommitHere(EpochBuffer epoch) {
    if (!queue.isEmpty() || poison.isSet() || window.isOn() || Thread.currentThread().isVirtual()) {
      return false;
    }
    if (!role.tryTake()) {
      return false;
    }
    boolean committed = false;
    try {
      fileWatch.check();
      committed = queue.isEmpty() && !poison.isSet() && committer.tryCommitAlone(epoch);
      if (committed) {
        lastCommitNs = clockNs.getAsLong();
        noteCallerGroup();
      }
    } catch (RuntimeException | Error e) {
      poison.set(e); // L19
      acks.deliver();
      epoch.outcome().setFailure(poison.failure(true));
      committed = true;
    } finally {
      releaseRole();
    }
    if (committed) {
      wakeForMark();
    }
    return committed;
  }

  /** Returns whether no commit is running or queued. Thread: any. */
  public boolean isIdle() {
    return queue.isEmpty() && !role.isHeld();
  }

  /**
   * Takes the role if it is free, and leads groups of callers until the epoch of this one has an
   * outcome. Thread: a platform thread that waits for that outcome, and whose epoch is queued.
   */
  @Override
  public void leadUntilDone(EpochOutcome outcome) {
    if (!role.tryTake()) {
      return; // its holder calls the next leader (L33)
    }
    try {
      while (!outcome.isDone() && leaders.next() != null) {
        commit(gather(true), direct);
        noteCallerGroup();
      }
    } finally {
      acks.deliver();
      releaseRole();
    }
    wakeForMark();
  }

  private void noteCallerGroup() {
    if (!poison.isSet()) {
      callerGroups.increment();
    }
  }

  /**
   * Releases the role, and calls the thread that serves what is queued: the next leader or, also
   * for what was queued in the moment of the release, this agent (L33). Thread: the role's holder.
   */
  void releaseRole() {
    Thread leader = leaders.next();
    role.release();
    if (leader != null) {
      LockSupport.unpark(leader);
    } else if (!queue.isEmpty()) {
      wakeIfAsleep(AgentSleep.BRIEF);
    }
  }

  /** Wakes the agent: something is in the queue. Thread: any, after it put it in. */
  public void wakeForWork() {
    VarHandle.fullFence();
    int seen = sleep.depth();
    if (seen != AgentSleep.AWAKE) {
      wakeIfAsleep(
          seen == AgentSleep.COALESCING && isWindowEnded()
              ? AgentSleep.COALESCING
              : AgentSleep.BRIEF);
    }
  }

  /** Wakes the agent: a task is in the queue. Thread: any, after it put it in. */
  void wakeForTask() {
    queuedTasks.incrementAndGet(); // below 0 for a moment, if it was done already
    wakeForWork();
  }

  /** Wakes the agent if it sleeps without a time to write a mark. */
  private void wakeForMark() {
    wakeIfAsleep(AgentSleep.LONG);
  }

  private void wakeIfAsleep(int atLeast) {
    if (sleep.tryEnd(atLeast)) {
      queue().wakeUp();
    }
  }

  @Override
  protected void sleep() {
    if (refusing) {
      LockSupport.parkNanos(this, REFUSE_PARK_NS);
      return;
    }
    try {
      sleepInRing();
    } catch (RuntimeException | Error e) {
      fail(e);
    }
  }

  private void sleepInRing() {
    boolean company = waitsForCompany();
    boolean brief = committer.isUnmarked();
    long timeoutNs = SLEEP_NS;
    if (company) {
      timeoutNs = window.leftNs();
    } else if (brief) {
      timeoutNs =
          Math.clamp(
              lastCommitNs + quietNs - clockNs.getAsLong(),
              SLEEP_NS_MIN,
              Math.max(SLEEP_NS_MIN, quietNs));
    }
    sleep.begin(company ? AgentSleep.COALESCING : brief ? AgentSleep.BRIEF : AgentSleep.LONG);
    boolean stillNothing =
        company
            ? waitsForCompany()
            : (queue.isEmpty() || role.isHeld()) && brief == committer.isUnmarked();
    if (stillNothing && !closing) {
      var _ = queue().await(CommitAgent::onStrayCompletion, timeoutNs);
    }
    sleep.end();
  }

  private static void onStrayCompletion(long token, @Nullable Throwable failure, long bytes) {
    throw new IllegalStateException("L19: a completion without a commit: token=" + token);
  }

  /** Returns the queue for the writes of this thread. */
  private DiskQueue ring() {
    return isOrphaned() ? direct : queue();
  }

  /** Asks the agent to serve the queue and end. Thread: any. */
  public void close() {
    closing = true;
    if (queueIfOpen() != null) {
      wakeForWork();
    }
  }

  /** Serves the queue here, if the role is free, because the agent's driver does not. */
  public boolean serveHere() {
    if (!role.tryTake()) {
      return false;
    }
    try {
      var _ = serve(direct); // fails every epoch of a store that has failed
      if (committer.isUnmarked() && !poison.isSet()) {
        committer.writeMark(direct);
      }
    } catch (RuntimeException | Error e) {
      poison.set(e); // L19
    } finally {
      acks.deliver();
      releaseRole();
    }
    return true;
  }

  /** Marks the last group, lets growth settle, and closes the ring. */
  @Override
  public void onClose() {
    DiskQueue ring = queueIfOpen();
    if (ring == null) {
      return;
    }
    if (!closing) {
      fail(new IllegalStateException("the commit agent was ended while the store was open"));
      var _ = refusal.refuseQueued();
    }
    if (refusing) {
      ring.close();
      return;
    }
    while (!role.tryTake()) {
      Thread.onSpinWait();
    }
    try {
      committer.finish(ring());
    } catch (RuntimeException | Error e) {
      fail(e);
    } finally {
      ring.close();
      role.retire();
    }
  }
}
