package io.ashlar.store.metrics;

import io.ashlar.store.StallCause;
import io.ashlar.store.StallStats;
import java.util.List;

/**
 * Names what each commit of more than a millisecond waited for.
 *
 * <pre>
 *   commit called ──▶ gathered into a group ──▶ durable, being told ──▶ caller runs
 *         └─ in the queue ─┘└──── in the group ────┘└──── scheduling ────┘
 * </pre>
 *
 * <p>Time in the queue belongs to what the role did meanwhile, by the {@link RoleTimeline}: growth,
 * a task, nothing, or a write or sync of over a millisecond. The rest of it is waiting for the
 * role. Time in the group belongs to what the role did, and the rest of it is the holder's own
 * work.
 *
 * <p>Thread: any. A commit that is fast costs one look at the clock. Nothing is allocated.
 */
public final class Stalls {

  /** What takes longer than this is a stall. */
  public static final long STALL_NS = 1_000_000;

  private final RoleTimeline timeline;
  private final CommitLatency latency;
  private final StallCounters counters = new StallCounters();

  /** Creates one without stalls so far. */
  Stalls(RoleTimeline timeline, CommitLatency latency) {
    this.timeline = timeline;
    this.latency = latency;
  }

  /** Returns what the clock says now. */
  public long nowNs() {
    return timeline.nowNs();
  }

  /**
   * Notes that a caller continues after its commit.
   *
   * @param begunNs when it called commit.
   * @param gatheredNs when its epoch was taken into a group.
   * @param toldNs when the role's holder began to tell the callers of the group.
   */
  public void committed(long begunNs, long gatheredNs, long toldNs) {
    long endNs = timeline.nowNs();
    latency.committed(endNs - begunNs);
    if (endNs - begunNs > STALL_NS) {
      split(begunNs, gatheredNs, toldNs, endNs);
    }
  }

  /** Notes that a wait which began then has ended. */
  public void waited(StallCause cause, long begunNs) {
    long ns = timeline.nowNs() - begunNs;
    if (ns > STALL_NS) {
      counters.addTime(cause, ns);
      counters.addStall(cause);
    }
  }

  private void split(long begunNs, long gatheredNs, long toldNs, long endNs) {
    long queuedNs = Math.max(0, gatheredNs - begunNs);
    long groupNs = Math.max(0, toldNs - gatheredNs);
    long workNs = 0; // of the group, and what the queue waited for
    long schedulingNs = Math.max(0, endNs - toldNs);
    StallCause longest = StallCause.ROLE;
    long longestNs = 0;
    for (int left = timeline.causes(begunNs); left != 0; left &= left - 1) {
      StallCause cause = RoleTimeline.cause(Integer.numberOfTrailingZeros(left));
      if (cause == StallCause.ROLE) {
        continue; // the rest of the time in the queue
      }
      long inQueueNs = timeline.overlapNs(cause, begunNs, gatheredNs, noticedNs(cause));
      long inGroupNs = timeline.overlapNs(cause, gatheredNs, toldNs, 0);
      queuedNs -= inQueueNs;
      groupNs -= inGroupNs;
      long ns = inQueueNs + inGroupNs;
      if (cause == StallCause.WORK) {
        workNs = ns;
      } else if (cause == StallCause.SCHEDULING) {
        schedulingNs += ns;
      } else if (ns > 0) {
        counters.addTime(cause, ns);
        longest = ns > longestNs ? cause : longest;
        longestNs = Math.max(ns, longestNs);
      }
    }
    longest = add(StallCause.WORK, workNs + groupNs, longest, longestNs);
    longestNs = Math.max(longestNs, workNs + groupNs);
    longest = add(StallCause.SCHEDULING, schedulingNs, longest, longestNs);
    longestNs = Math.max(longestNs, schedulingNs);
    longest = add(StallCause.ROLE, queuedNs, longest, longestNs);
    counters.addStall(longest);
  }

  private StallCause add(StallCause cause, long ns, StallCause longest, long longestNs) {
    if (ns > 0) {
      counters.addTime(cause, ns);
    }
    return ns > longestNs ? cause : longest;
  }

  /**
   * Returns how long the role must do something for a commit in the queue to have waited for it.
   */
  private static long noticedNs(StallCause cause) {
    return switch (cause) {
      case WRITE, SYNC, WORK -> STALL_NS;
      default -> 0;
    };
  }

  /** Returns what was counted since open, an entry for each cause. */
  public List<StallStats> stats() {
    return counters.stats();
  }
}
