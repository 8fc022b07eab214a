package io.ashlar.store.commit.epoch;

/** What a caller does for its group while it waits for its own outcome (L33). */
@FunctionalInterface
public interface GroupLeader {

  /**
   * Leads groups until an epoch has an outcome, if the commit role is free; else does nothing.
   * Thread: the one that waits for {@code outcome}.
   */
  void leadUntilDone(EpochOutcome outcome);
}
