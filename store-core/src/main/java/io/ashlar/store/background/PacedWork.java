package io.ashlar.store.background;

import io.ashlar.store.spi.BackgroundWork;
import io.ashlar.store.spi.Driving;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A piece of background work, from its begin to its end on one thread.
 *
 * <pre>
 *   step ── {@link #rest} or {@link #endStep} ──▶ resting ── time over | hurry | close ──▶ step
 * </pre>
 *
 * <p>Thread: the one that works; {@link #hurry} and {@link #isOver} by any.
 */
public final class PacedWork implements BackgroundWork {

  /** What ends a rest early, beside {@link #hurry} and a close. */
  enum Kind {
    /** Nothing does. */
    PATIENT,
    /** An interrupt does. */
    INTERRUPTIBLE,
    /** Rests are no longer than the step before them, and no ceiling holds. */
    AHEAD
  }

  /** A rest looks by itself this often. */
  private static final long LOOK_NS = 10_000_000;

  /** No rest is longer, so that sums of times do not overflow. */
  private static final long REST_NS_MAX = TimeUnit.DAYS.toNanos(10_000);

  private static final double SECOND_NS = TimeUnit.SECONDS.toNanos(1);

  private final Governor governor;
  private final Thread thread = Thread.currentThread();
  private final long bytesPerSecondMax;
  private final Kind kind;
  private final long beginNs;
  private long bytes;
  private long stepNs; // when the step began
  private long stepCpuNs;
  private long dueNs; // when the next step may begin
  private volatile boolean hurried; // written by a thread that waits for this work

  PacedWork(Governor governor, long bytesPerSecondMax, Kind kind) {
    this.governor = governor;
    this.bytesPerSecondMax = bytesPerSecondMax;
    this.kind = kind;
    beginNs = governor.nowNs();
    governor.look(beginNs);
    beginStep(beginNs);
  }

  private void beginStep(long nowNs) {
    stepNs = nowNs;
    stepCpuNs = governor.clocks().threadCpuNs().getAsLong();
  }

  @Override
  public void rest(long stepBytes) {
    endStep(stepBytes);
    rest();
  }

  @Override
  public long stepBytesMax() {
    return hurried ? STEP_BYTES_MAX : governor.stepBytesMax();
  }

  /** Ends a step without resting: {@link #rest()} follows, or the next step. */
  public void endStep(long stepBytes) {
    long nowNs = governor.nowNs();
    long tookNs = Math.max(0, nowNs - stepNs);
    long cpuNs = Math.clamp(governor.clocks().threadCpuNs().getAsLong() - stepCpuNs, 0, tookNs);
    bytes += stepBytes;
    governor.endStep(this, stepNs, nowNs, cpuNs, stepBytes);
    beginStep(nowNs);
  }

  /** Returns how long it waits for commits at most, after a step that took so long. */
  long yieldNsMax(long tookNs) {
    return kind == Kind.AHEAD ? tookNs : Governor.YIELD_NS_MAX;
  }

  /**
   * Sets when the next step may begin, as {@link Governor#nowNs}.
   *
   * @param yieldNs by commits.
   * @param ceilingNs by the ceilings of all work.
   */
  void restUntil(long yieldNs, long ceilingNs) {
    dueNs = kind == Kind.AHEAD ? yieldNs : Math.max(yieldNs, ceilingNs);
    if (bytesPerSecondMax > 0) {
      long ns = (long) Math.min((double) REST_NS_MAX, SECOND_NS * bytes / bytesPerSecondMax);
      dueNs = Math.max(dueNs, beginNs + ns);
    }
  }

  /** Returns how long to rest before the next step, in nanoseconds; 0 for not at all. */
  public long restNs() {
    return hurried ? 0 : Math.max(0, dueNs - governor.nowNs());
  }

  /** Rests as long as {@link #restNs} says. */
  public void rest() {
    long ns = governor.clocks().waits() ? restNs() : 0;
    if (ns > 0 && !governor.isClosed()) {
      governor.rests(this);
      try {
        park(ns);
      } finally {
        governor.works(this);
      }
    }
    beginStep(governor.nowNs());
  }

  private void park(long ns) {
    long deadlineNs = System.nanoTime() + ns; // a test's clock may stand still
    boolean interrupted = false;
    long leftNs = ns;
    while (leftNs > 0 && !hurried && !governor.isClosed()) {
      Driving.pause(this, Math.min(leftNs, LOOK_NS));
      interrupted |= Thread.interrupted();
      leftNs = interrupted && kind == Kind.INTERRUPTIBLE ? 0 : deadlineNs - System.nanoTime();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Ends the rest, and lets the work rest no more: a commit waits for it. Thread: any. */
  public void hurry() {
    hurried = true;
    wake();
  }

  void wake() {
    LockSupport.unpark(thread);
  }

  /** Returns whether the store is being closed: the work should end. Thread: any. */
  public boolean isOver() {
    return governor.isClosed();
  }
}
