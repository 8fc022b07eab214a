package io.ashlar.jmh.commit;

import io.ashlar.jmh.contest.Contestant;
import io.ashlar.jmh.contest.Entrant;

/** What commits in a cell, slice by slice. Thread: the main thread. */
abstract class CommitEntrant extends Entrant {

  CommitEntrant(String label, Contestant.Kind kind) {
    super(label, kind);
  }

  /** Commits, without measuring, until a file of ours stops growing; does nothing for others. */
  void settle(SliceThreads threads, long commitsEach, long durationNsMax) {}

  /** Measures one slice. */
  abstract void slice(SliceThreads threads, long durationNs);
}
