package io.ashlar.store.commit;

/** An entry of the {@link CommitQueue}. */
sealed interface QueueEntry permits EpochBuffer, RoleTask {}
