package io.ashlar.store.commit.epoch;

/** An entry of the {@link CommitQueue}. */
public sealed interface QueueEntry permits EpochBuffer, RoleTask {}
