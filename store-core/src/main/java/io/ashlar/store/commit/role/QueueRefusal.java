package io.ashlar.store.commit.role;

import io.ashlar.store.commit.epoch.CommitQueue;
import io.ashlar.store.commit.epoch.EpochBuffer;
import io.ashlar.store.commit.epoch.QueueEntry;
import io.ashlar.store.commit.epoch.RoleTask;
import io.ashlar.store.commit.group.AckSequencer;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.spi.Log;

/**
 * Refuses what is queued for a store that has failed, so that no caller hangs (promise G10).
 *
 * <p>Thread: the commit agent's.
 */
final class QueueRefusal {

  private final CommitQueue queue;
  private final CommitRole role;
  private final AckSequencer acks;
  private final Poison poison;

  QueueRefusal(CommitQueue queue, CommitRole role, AckSequencer acks, Poison poison) {
    this.queue = queue;
    this.role = role;
    this.acks = acks;
    this.poison = poison;
  }

  /** Refuses every entry and returns how many; 0 if another thread has the role. */
  int refuseQueued() {
    if (!role.tryTake()) {
      return 0;
    }
    int refused = 0;
    try {
      for (QueueEntry entry = queue.poll(); entry != null; entry = queue.poll()) {
        refused++;
        refuse(entry);
      }
    } catch (RuntimeException | Error e) { // the entries after it must be refused too
      Log.log(QueueRefusal.class, System.Logger.Level.ERROR, "a refusal has failed", e);
    } finally {
      role.release();
    }
    return refused;
  }

  private void refuse(QueueEntry entry) {
    switch (entry) {
      case RoleTask task -> task.refuse(poison.failure(false));
      case EpochBuffer epoch -> {
        epoch.releaseBuffers();
        acks.ackFailed(epoch, poison.failure(true));
      }
    }
  }
}
