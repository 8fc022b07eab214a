package io.ashlar.tier.follow;

import io.ashlar.store.CheckpointDroppedException;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.StoreClosedException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.fetch.BatchReader;
import io.ashlar.tier.gc.HeldCheckpoint;
import io.ashlar.tier.object.ObjectStore;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The checkpoint that a follower reads now: its index and its pin, and going on to the next.
 *
 * <pre>
 *        refresh()               close()
 *   +--> FOLLOWING ------------------------> CLOSED
 *   +--------+
 * </pre>
 *
 * <p>What fails leaves the one before in its place. Who reads holds the index that he began with,
 * and with it its pin, whatever follows. Thread: any; one moves at a time.
 */
final class FollowedCheckpoint {
  private static final int ATTEMPTS_MAX = 3;
  private static final String PIN_OWNER = "follower";

  private final ObjectStore objects;
  private final FollowerConfig config;
  private final ManifestStore manifests;
  private final BatchReader reader;
  private final ReentrantLock moving = new ReentrantLock();

  /** Written by who moves or closes, read by any thread; null once closed. */
  private volatile @Nullable CheckpointIndex index;

  /**
   * Follows the checkpoint that {@code config} says; throws what {@link FollowerStore#open} does.
   */
  FollowedCheckpoint(ObjectStore objects, FollowerConfig config) {
    this.objects = objects;
    this.config = config;
    this.manifests = new ManifestStore(objects);
    this.reader = new BatchReader(objects);
    this.index = next(null);
  }

  /** Goes on to the newest one, as {@link FollowerStore#refresh} says. */
  boolean refresh() {
    if (config.checkpoint() > 0) {
      throw new UnsupportedOperationException(
          "this follower was opened at one checkpoint for good: checkpoint="
              + config.checkpoint()
              + ", tier="
              + objects);
    }
    moving.lock();
    try {
      CheckpointIndex before = opened();
      TierManifest latest = manifests.latest();
      if (latest != null && latest.sequence() == before.manifest().sequence()) {
        return false;
      }
      index = next(before);
      before.release();
      return true;
    } finally {
      moving.unlock();
    }
  }

  /** The newest one is looked for again if it is dropped while it is read. */
  private CheckpointIndex next(@Nullable CheckpointIndex before) {
    for (int attempt = 1; ; attempt++) {
      try {
        return made(before);
      } catch (CheckpointDroppedException e) {
        if (config.checkpoint() > 0 || attempt == ATTEMPTS_MAX) {
          throw e;
        }
      }
    }
  }

  private CheckpointIndex made(@Nullable CheckpointIndex before) {
    HeldCheckpoint held =
        HeldCheckpoint.take(objects, config.checkpoint(), config.pin(), PIN_OWNER);
    if (held == null) {
      throw new StoreOpenException(
          "there is no checkpoint to follow: no manifest is below this prefix: tier=" + objects,
          null);
    }
    CheckpointIndex made = null;
    try {
      made = CheckpointIndex.make(held, held.chain(), reader, before, config.indexBytesMax());
      return made;
    } catch (CorruptionException e) {
      throw held.explained(e);
    } finally {
      if (made == null) {
        held.close();
      }
    }
  }

  private CheckpointIndex opened() {
    CheckpointIndex held = index;
    if (held == null) {
      throw new StoreClosedException("the follower is closed: tier=" + objects, null);
    }
    return held;
  }

  /** The index, held for the caller, who releases it. */
  CheckpointIndex current() {
    while (true) {
      CheckpointIndex held = opened();
      if (held.retain()) {
        return held;
      }
    }
  }

  /**
   * Ends it; the pin is released before this returns, whoever still reads.
   *
   * @param endReads run once, before that.
   * @return whether it was open.
   */
  boolean close(Runnable endReads) {
    moving.lock();
    try {
      CheckpointIndex last = index;
      if (last == null) {
        return false;
      }
      index = null;
      endReads.run();
      last.checkpoint().close();
      last.release();
      return true;
    } finally {
      moving.unlock();
    }
  }
}
