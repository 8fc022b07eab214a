package io.ashlar.store.metrics;

import java.util.concurrent.atomic.LongAdder;

/**
 * How long commits take, for background work that yields to them.
 *
 * <p>A commit is <i>slow</i> if it takes several times as long as usual. What is usual follows the
 * commits: it is their median while no background work is done. During background work it follows
 * quick commits only, so that commits slowed by that work do not count as usual.
 *
 * <p>Thread: {@link #told} by the commit role's holder, the rest by any. Nothing is allocated, and
 * no clock is read here.
 */
public final class CommitLatency {

  /** A commit that takes no longer than this is not slow, whatever is usual. */
  static final long SLOW_NS_MIN = 400_000;

  private static final int SLOW_FACTOR = 4;
  private static final long USUAL_NS_MAX = 1_000_000_000;
  private static final int STEP_SHIFT = 6;
  private static final int STEP_SHIFT_BESIDE = 10; // upwards, during background work

  private final LongAdder slow = new LongAdder();
  private final LongAdder own = new LongAdder();
  private final LongAdder epochs;
  private volatile long slowNs = SLOW_NS_MIN; // written by the role's holder, read by any
  private volatile long besideUntilNs = Long.MIN_VALUE; // written by background threads
  private long usualNs = SLOW_NS_MIN / SLOW_FACTOR; // the role's holder's

  /**
   * Creates one that has seen no commit.
   *
   * @param epochs counts all epochs that become durable.
   */
  CommitLatency(LongAdder epochs) {
    this.epochs = epochs;
  }

  /**
   * Notes how long the oldest epoch of a durable group took so far. Thread: the commit role's
   * holder.
   *
   * @param nowNs on the store's clock.
   */
  public void told(long ns, long nowNs) {
    long before = usualNs;
    boolean beside = nowNs - besideUntilNs < 0 && besideUntilNs != Long.MIN_VALUE;
    long usual =
        ns > before
            ? before + (before >> (beside ? STEP_SHIFT_BESIDE : STEP_SHIFT)) + 1
            : before - (before >> STEP_SHIFT);
    usualNs = Math.min(USUAL_NS_MAX, usual);
    long bound = Math.max(SLOW_NS_MIN, SLOW_FACTOR * usualNs);
    if (Math.abs(bound - slowNs) > slowNs >> 3) {
      slowNs = bound; // seldom: every committing thread reads it
    }
  }

  /** Notes how long a commit took, until its caller ran again. */
  void committed(long ns) {
    if (ns > slowNs) {
      slow.increment();
    }
  }

  /** Notes an epoch of the store's own, which no application waits for. */
  public void countOwn() {
    own.increment();
  }

  /** Returns from which length on a commit is slow. */
  public long slowNs() {
    return slowNs;
  }

  /** Returns how many commits were slow since open. */
  public long slowCount() {
    return slow.sum();
  }

  /** Returns how many epochs of the application became durable since open. */
  public long commitCount() {
    return epochs.sum() - own.sum();
  }

  /** Notes that background work is done until then, on the store's clock. */
  public void besideUntil(long ns) {
    besideUntilNs = ns;
  }
}
