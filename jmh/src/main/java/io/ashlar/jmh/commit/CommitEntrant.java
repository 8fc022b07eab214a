package io.ashlar.jmh.commit;

import io.ashlar.jmh.contest.Contestant;
import io.ashlar.jmh.contest.Entrant;

/** What commits in a cell, slice by slice. Thread: the main thread. */
abstract class CommitEntrant extends Entrant {

  CommitEntrant(String label, Contestant.Kind kind) {
    super(label, kind);
  }

  /** Measures one slice. */
  abstract void slice(SliceThreads threads, long durationNs);
}
