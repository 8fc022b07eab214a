package io.ashlar.store.commit;

/** What can wait in the {@link CommitQueue}. */
sealed interface QueueEntry permits EpochBuffer, RoleTask {}
