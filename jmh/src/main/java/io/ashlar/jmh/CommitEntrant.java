package io.ashlar.jmh;

/** What commits in a cell, slice by slice. Thread: the main thread. */
abstract class CommitEntrant extends Entrant {

  CommitEntrant(String label, Contestant.Kind kind) {
    super(label, kind);
  }

  /** Measures one slice. */
  abstract void slice(SliceThreads threads, long durationNs);
}
