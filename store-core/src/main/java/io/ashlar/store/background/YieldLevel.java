package io.ashlar.store.background;

import io.ashlar.store.metrics.CommitLatency;

/**
 * How long background work rests for each unit of time that it works, as commits need it.
 *
 * <pre>
 *   no commits ──▶ 0            commits ──▶ from {@value #LEVEL_MIN} to {@value #LEVEL_MAX}:
 *                               doubled when more commits are slow than usual, else lowered slowly
 * </pre>
 *
 * <p>The share of slow commits that is usual is measured while no background work is done.
 *
 * <p>Thread: one at a time; the governor's lock guards it.
 */
final class YieldLevel {

  static final double LEVEL_MIN = 1;
  static final double LEVEL_MAX = 16;

  /** Commits count as going on this long after the last one. */
  static final long ACTIVE_NS = 250_000_000;

  /** Commits are looked at this often. */
  static final long LOOK_NS = 20_000_000;

  /** Without a step of background work for this long, what commits did meanwhile is usual. */
  static final long QUIET_NS = 200_000_000;

  private static final double LOWERED = 0.9;
  private static final double KEPT = 0.875; // of what earlier looks have seen
  private static final double SHARE_FIRST = 1.0 / 256;
  private static final long QUIET_COMMITS_MIN = 500;
  private static final int SLOW_FACTOR = 2;
  private static final int SLOW_SPARE = 2; // slow commits that are no sign of anything

  private final CommitLatency latency;
  private long seenNs;
  private long seenCommits;
  private long seenSlow;
  private long commitNs = Long.MIN_VALUE; // when commits were last seen
  private double recentCommits;
  private double recentSlow;
  private double usualShare = SHARE_FIRST;
  private double level = LEVEL_MIN;

  YieldLevel(CommitLatency latency, long nowNs) {
    this.latency = latency;
    seenNs = nowNs;
    seenCommits = latency.commitCount();
    seenSlow = latency.slowCount();
  }

  /**
   * Looks what commits did since the last look.
   *
   * @param nowNs nanoseconds since the governor was made, 0 or more.
   */
  void look(long nowNs) {
    long commits = latency.commitCount();
    if (commits > seenCommits && nowNs - seenNs < QUIET_NS) {
      commitNs = nowNs;
    }
    long sinceNs = nowNs - seenNs;
    if (sinceNs < LOOK_NS) {
      return;
    }
    long slow = latency.slowCount();
    long newCommits = Math.max(0, commits - seenCommits);
    long newSlow = slow - seenSlow;
    seenNs = nowNs;
    seenCommits = Math.max(seenCommits, commits);
    seenSlow = slow;
    if (sinceNs >= QUIET_NS) {
      lookAtQuiet(newCommits, newSlow);
    } else {
      lookBeside(newCommits, newSlow);
    }
  }

  private void lookAtQuiet(long commits, long slow) {
    if (commits >= QUIET_COMMITS_MIN) {
      usualShare = (usualShare + (double) slow / commits) / 2;
    }
    recentCommits = 0;
    recentSlow = 0;
    level = LEVEL_MIN;
  }

  private void lookBeside(long commits, long slow) {
    recentCommits = KEPT * recentCommits + commits;
    recentSlow = KEPT * recentSlow + slow;
    if (recentSlow > SLOW_FACTOR * usualShare * recentCommits + SLOW_SPARE) {
      level = Math.min(LEVEL_MAX, 2 * level);
      recentCommits = 0;
      recentSlow = 0;
    } else {
      level = Math.max(LEVEL_MIN, LOWERED * level);
    }
  }

  /** Returns whether commits go on. */
  boolean isActive(long nowNs) {
    return commitNs != Long.MIN_VALUE && nowNs - commitNs < ACTIVE_NS;
  }

  /** Returns how long to rest for each unit of time of work while commits go on. */
  double level() {
    return level;
  }
}
