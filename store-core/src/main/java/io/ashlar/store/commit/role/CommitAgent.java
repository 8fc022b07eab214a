package io.ashlar.store.commit.role;

import io.ashlar.store.StoreClosedException;
import io.ashlar.store.StoreConfig;
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
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The I/O thread's work. When epochs wait, it takes the commit role and coalesces the epochs into
 * groups. It commits the groups through the ring, which it alone owns.
 *
 * <pre>
 *   awake ── nothing to do ──▶ asleep ── wakeUp, or time to write a mark ──▶ awake
 * </pre>
 *
 * <p>With a coalescing window the first epoch of a group waits that long for others, or until a
 * group or the queue is full. The agent sleeps meanwhile and does not hold the role. A task that is
 * queued for the role ends the window, and so does a close.
 *
 * <p>A thread that adds to the queue, or releases the role, then checks whether this agent sleeps,
 * and wakes it. The agent checks the queue once more after it has declared that it sleeps. A full
 * fence precedes each check, so one of the two always sees the other.
 *
 * <p>Thread: {@link #run}, {@link #doWork} and {@link #onClose} belong to one thread, the I/O
 * thread or a test that drives them. The rest is safe from any thread.
 */
public final class CommitAgent implements GroupLeader {

  private static final int AWAKE = 0;
  private static final int COALESCING = 1; // woken by what ends the window alone
  private static final int ASLEEP_BRIEFLY = 2;
  private static final int ASLEEP = 3;
  private static final int GROUP_BUFFERS_MAX = 1000;
  private static final long REFUSE_PARK_NS = 1_000_000;
  private static final long SLEEP_NS_MIN = 1_000_000; // while a caller holds the role
  private static final long SLEEP_NS = TimeUnit.SECONDS.toNanos(10);
  private static final VarHandle SLEEP;

  static {
    try {
      SLEEP = MethodHandles.lookup().findVarHandle(CommitAgent.class, "sleep", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

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

  private @Nullable DiskQueue diskQueue; // owned by the I/O thread; wakeUp by any
  private volatile boolean closing; // written by the closing thread, read by the I/O thread
  private final AtomicInteger queuedTasks = new AtomicInteger(); // behind an epoch, perhaps
  private volatile long lastCommitNs; // written by the role's holder, read by the I/O thread

  @SuppressWarnings("unused") // through SLEEP: written by the I/O thread and by who wakes it
  private int sleep;

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
  void letCallersLead() {
    if (!window.isOn()) {
      leaders.allow();
    }
  }

  /** Returns whether a caller may lead groups while it waits for its commit. Thread: any. */
  public boolean mayLead(Thread caller) {
    return leaders.isAllowed(caller);
  }

  /** Opens the ring. Thread: the I/O thread, before anything else. */
  void onStart() {
    diskQueue = disk.openQueue(GroupCommitter.QUEUE_CAPACITY);
  }

  /** Works and sleeps until {@link #close} is called, then closes the ring. */
  public void run() {
    while (!closing || !queue.isEmpty()) {
      if (doWork() == 0) {
        sleep();
      }
    }
    onClose();
  }

  /**
   * Commits the waiting epochs, or writes a mark when it is due.
   *
   * @return how many entries were served; 0 if the queue was empty, its epochs wait for more, or
   *     another thread has the role.
   */
  public int doWork() {
    if (queue.isEmpty()) {
      return markWhenQuiet();
    }
    if (waitsForCompany() || !role.tryTake()) {
      return 0;
    }
    try {
      return serve();
    } finally {
      acks.deliver();
      releaseRole();
    }
  }

  private int serve() {
    DiskQueue ring = ring();
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
      wakeIfAsleep(ASLEEP_BRIEFLY);
    }
  }

  /** Wakes the agent: something is in the queue. Thread: any, after it put it in. */
  public void wakeForWork() {
    VarHandle.fullFence();
    int seen = (int) SLEEP.getAcquire(this);
    if (seen != AWAKE) {
      wakeIfAsleep(seen == COALESCING && isWindowEnded() ? COALESCING : ASLEEP_BRIEFLY);
    }
  }

  /** Wakes the agent: a task is in the queue. Thread: any, after it put it in. */
  void wakeForTask() {
    queuedTasks.incrementAndGet(); // below 0 for a moment, if it was done already
    wakeForWork();
  }

  /** Wakes the agent if it sleeps without a time to write a mark. */
  private void wakeForMark() {
    if ((int) SLEEP.getAcquire(this) == ASLEEP) {
      wakeIfAsleep(ASLEEP);
    }
  }

  private void wakeIfAsleep(int atLeast) {
    int seen = (int) SLEEP.getAcquire(this);
    if (seen >= atLeast && SLEEP.compareAndSet(this, seen, AWAKE)) {
      ring().wakeUp();
    }
  }

  private void sleep() {
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
    SLEEP.setRelease(this, company ? COALESCING : brief ? ASLEEP_BRIEFLY : ASLEEP);
    VarHandle.fullFence();
    boolean stillNothing =
        company
            ? waitsForCompany()
            : (queue.isEmpty() || role.isHeld()) && brief == committer.isUnmarked();
    if (stillNothing && !closing) {
      var _ = ring().await(CommitAgent::onStrayCompletion, timeoutNs);
    }
    SLEEP.setRelease(this, AWAKE);
  }

  private static void onStrayCompletion(long token, @Nullable Throwable failure, long bytes) {
    throw new IllegalStateException("L19: a completion without a commit: token=" + token);
  }

  /**
   * Fails every entry until {@link #close}, after the ring has failed and the store is poisoned: no
   * caller may hang (promise G10). Thread: the I/O thread, instead of {@link #run}.
   */
  void refuseUntilClosed() {
    while (!closing || !queue.isEmpty()) {
      if (role.tryTake()) {
        try {
          for (QueueEntry entry = queue.poll(); entry != null; entry = queue.poll()) {
            refuse(entry);
          }
        } catch (RuntimeException
            | Error e) { // those that come after it must hear of it all the same
          Log.log(CommitAgent.class, System.Logger.Level.ERROR, "a refusal has failed", e);
        } finally {
          role.release();
        }
      }
      LockSupport.parkNanos(this, REFUSE_PARK_NS);
    }
    DiskQueue ring = diskQueue;
    if (ring != null) {
      ring.close();
    }
  }

  private void refuse(QueueEntry entry) {
    switch (entry) {
      case RoleTask task -> task.refuse(poison.failure(false));
      case EpochBuffer epoch -> {
        epoch.releaseBuffers();
        acks.ackFailed(epoch, poison.failure(true));
      }
    }
  }

  private DiskQueue ring() {
    DiskQueue ring = diskQueue;
    if (ring == null) {
      throw new StoreClosedException("the store is closed", null);
    }
    return ring;
  }

  /** Asks the I/O thread to serve the queue and end. Thread: any. */
  public void close() {
    closing = true;
    wakeForWork();
  }

  /** Marks the last group, lets growth settle, and closes the ring. Thread: the I/O thread. */
  void onClose() {
    while (!role.tryTake()) {
      Thread.onSpinWait();
    }
    DiskQueue ring = ring();
    try {
      committer.finish(ring);
    } finally {
      ring.close();
      role.retire();
    }
  }
}
