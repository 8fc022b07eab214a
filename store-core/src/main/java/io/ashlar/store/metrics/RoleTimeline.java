package io.ashlar.store.metrics;

import io.ashlar.store.StallCause;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.LongSupplier;

/**
 * What the commit role was doing lately, so that a commit which took long can be told why.
 *
 * <p>The role always does one thing, named by the cause that it would be for a commit that waits.
 * {@link #enter} ends it and begins another, with one look at the clock. What lasted at least
 * {@value #NOTED_NS_MIN} ns is noted, in a ring of the last {@value #CAPACITY}. A commit that
 * waited longer than the ring reaches back finds less than there was.
 *
 * <p>Thread: the commit role's holder writes; a free role counts as held by the thread that
 * released it. Any thread reads what was noted ({@link #causes}, {@link #overlapNs}). A reader
 * drops a note that may have been overwritten while it was read. Nothing is allocated.
 */
public final class RoleTimeline {

  static final int CAPACITY = 512;
  static final long NOTED_NS_MIN = 50_000;

  private static final StallCause[] CAUSES = StallCause.values();
  private static final int SLOT_LONGS = 3;
  private static final int CAUSE = 0;
  private static final int BEGIN = 1;
  private static final int END = 2;

  private final LongSupplier clockNs;
  private final AtomicLongArray slots = new AtomicLongArray(CAPACITY * SLOT_LONGS);
  private final AtomicLong noted = new AtomicLong(); // written by the role's holder (release)

  // Owned by the commit role's holder.
  private StallCause current = StallCause.SCHEDULING;
  private long sinceNs;
  private long groupNs;

  /**
   * Creates one of a role that is free.
   *
   * @param clockNs a monotonic clock.
   */
  public RoleTimeline(LongSupplier clockNs) {
    this.clockNs = clockNs;
    sinceNs = clockNs.getAsLong();
  }

  /** Returns what the clock says now. Thread: any. */
  public long nowNs() {
    return clockNs.getAsLong();
  }

  /**
   * Ends what the role was doing and begins something else. Thread: the commit role's holder.
   *
   * @return what it was, for a caller that lets it continue.
   */
  public StallCause enter(StallCause next) {
    long nowNs = clockNs.getAsLong();
    StallCause before = current;
    if (nowNs - sinceNs >= NOTED_NS_MIN) {
      note(before, sinceNs, nowNs);
    }
    current = next;
    sinceNs = nowNs;
    return before;
  }

  /** Returns when the last {@link #enter} was. Thread: the commit role's holder. */
  public long sinceNs() {
    return sinceNs;
  }

  /** Notes that a group was gathered now. Thread: the commit role's holder. */
  public void beginGroup() {
    StallCause _ = enter(current);
    groupNs = sinceNs;
  }

  /** Notes that a group was gathered when the role was taken. Thread: the commit role's holder. */
  public void beginGroupAtOnce() {
    groupNs = sinceNs;
  }

  /** Returns when the last group was gathered. Thread: the commit role's holder. */
  public long groupNs() {
    return groupNs;
  }

  /** Runs something, and counts its time as this. Thread: the commit role's holder. */
  public void run(StallCause cause, Runnable work) {
    StallCause before = enter(cause);
    try {
      work.run();
    } finally {
      StallCause _ = enter(before);
    }
  }

  private void note(StallCause cause, long beginNs, long endNs) {
    long number = noted.getPlain();
    int at = slot(number);
    VarHandle.storeStoreFence(); // a reader that sees a part of this sees the count before it
    slots.setOpaque(at + CAUSE, cause.ordinal());
    slots.setOpaque(at + BEGIN, beginNs);
    slots.setOpaque(at + END, endNs);
    noted.setRelease(number + 1);
  }

  private static int slot(long number) {
    return (int) (number % CAPACITY) * SLOT_LONGS;
  }

  /**
   * Returns the causes of what was noted after a moment, as bits by their ordinal numbers. Thread:
   * any.
   */
  int causes(long fromNs) {
    int seen = 0;
    long count = noted.getAcquire();
    for (long number = count - 1; number >= Math.max(0, count - CAPACITY + 1); number--) {
      int at = slot(number);
      int cause = (int) slots.getOpaque(at + CAUSE);
      long endNs = slots.getOpaque(at + END);
      VarHandle.loadLoadFence();
      if (isOverwritten(number) || endNs - fromNs <= 0) {
        break;
      }
      seen |= 1 << cause;
    }
    return seen;
  }

  /**
   * Returns how long the role did something within a span, as far as it was noted. Thread: any.
   *
   * @param eachNsMin how long what counts must have taken, within the span or not.
   */
  long overlapNs(StallCause cause, long fromNs, long toNs, long eachNsMin) {
    long sumNs = 0;
    long count = noted.getAcquire();
    for (long number = count - 1; number >= Math.max(0, count - CAPACITY + 1); number--) {
      int at = slot(number);
      int seen = (int) slots.getOpaque(at + CAUSE);
      long beginNs = slots.getOpaque(at + BEGIN);
      long endNs = slots.getOpaque(at + END);
      VarHandle.loadLoadFence();
      if (isOverwritten(number) || endNs - fromNs <= 0) {
        break;
      }
      if (seen == cause.ordinal() && endNs - beginNs >= eachNsMin) {
        sumNs += Math.max(0, Math.min(endNs, toNs) - Math.max(beginNs, fromNs));
      }
    }
    return sumNs;
  }

  /** Returns whether a slot may have another note by now, or a part of one. */
  private boolean isOverwritten(long number) {
    return noted.getAcquire() >= number + CAPACITY;
  }

  /** Returns the causes, by their ordinal numbers. */
  static StallCause cause(int ordinal) {
    return CAUSES[ordinal];
  }
}
