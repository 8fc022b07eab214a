package io.ashlar.tier.follow;

import io.ashlar.store.CheckpointDroppedException;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.StoreClosedException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.spi.Log;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.collect.HeldCheckpoint;
import io.ashlar.tier.collect.SurvivingChain;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.readback.BatchReader;
import java.lang.System.Logger.Level;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The checkpoint that a follower reads now, with its index and its pin.
 *
 * <pre>
 *        refresh()               close()
 *   +--> FOLLOWING ------------------------> CLOSED
 *   +--------+
 * </pre>
 *
 * <p>A failed refresh keeps the current checkpoint. A read holds the index that it began with, and
 * so the pin, until it ends.
 *
 * <p>Thread: any; one refresh at a time.
 */
final class FollowedCheckpoint {
  private static final int ATTEMPTS_MAX = 3;
  private static final String PIN_OWNER = "follower";

  private final ObjectStore objects;
  private final FollowerConfig config;
  private final ManifestStore manifests;
  private final BatchReader reader;
  private final ReentrantLock moving = new ReentrantLock();

  /** Written by refresh and close, read by any thread; null once closed. */
  private volatile @Nullable CheckpointIndex index;

  /**
   * Follows the checkpoint that {@code config} says; throws what {@link FollowerStore#open} does.
   */
  FollowedCheckpoint(TierObjects objects, FollowerConfig config) {
    this.objects = objects.store();
    this.config = config;
    this.manifests = new ManifestStore(objects.store());
    this.reader = new BatchReader(objects);
    this.index = first();
  }

  /** What is left of the checkpoint, if it is damaged: a follower reads every intact blob. */
  private CheckpointIndex first() {
    try {
      return next(null);
    } catch (CorruptionException damage) {
      SurvivingChain chain = SurvivingChain.read(objects, config.checkpoint());
      TierManifest newest = chain.newest();
      if (newest == null) {
        throw damage;
      }
      Log.log(
          FollowedCheckpoint.class,
          Level.WARNING,
          "objects of a checkpoint are lost; what is certain can be read: checkpoint="
              + chain.sequence()
              + ", damage="
              + damage.getMessage());
      HeldCheckpoint held = HeldCheckpoint.takeSurvivor(objects, newest, config.pin(), PIN_OWNER);
      return CheckpointIndex.makePartial(held, chain, reader, config.indexBytesMax());
    }
  }

  /** Moves to the newest one, as {@link FollowerStore#refresh} says. */
  boolean refresh() {
    moving.lock();
    try {
      CheckpointIndex before = opened();
      if (config.checkpoint() > 0) {
        return false;
      }
      TierManifest latest = manifests.latest();
      if (latest != null && latest.putId().equals(before.manifest().putId())) {
        return false; // by the put id, as another store's manifest may have the same sequence
      }
      index = next(before);
      before.release();
      return true;
    } finally {
      moving.unlock();
    }
  }

  /** Makes the next index; starts again if the newest checkpoint is dropped while it is read. */
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
      ManifestChain chain = held.chain();
      if (before != null) {
        checkGoesOn(before.manifest(), chain);
      }
      made = CheckpointIndex.make(held, chain, reader, before, config.indexBytesMax());
      return made;
    } catch (CorruptionException e) {
      throw held.explained(e);
    } finally {
      if (made == null) {
        held.close();
      }
    }
  }

  /**
   * Refuses a chain that does not continue the manifest that was followed: sequences only rise, and
   * no manifest is ever replaced. A new writer, a collection and a repair all obey this.
   */
  private void checkGoesOn(TierManifest followed, ManifestChain chain) {
    TierManifest newest = chain.latest();
    boolean later = newest.sequence() > followed.sequence() && isOfSameLine(followed, newest);
    TierManifest there = later ? find(followed.sequence(), chain) : null;
    if (!later || (there != null && !there.putId().equals(followed.putId()))) {
      throw new StoreOpenException(
          "this prefix no longer holds the tier that was followed, as it was put back to an earlier"
              + " state or holds another store's; open a new follower to read what is there now:"
              + " tier="
              + objects
              + ", followed="
              + text(followed)
              + ", newest="
              + text(newest),
          null);
    }
  }

  /** Whether a manifest may come after another: a generation has one writer, and only rises. */
  private static boolean isOfSameLine(TierManifest before, TierManifest after) {
    return after.generation() == before.generation()
        ? after.storeId() == before.storeId() && after.incarnation() == before.incarnation()
        : after.generation() > before.generation();
  }

  /** The manifest of a sequence; null if it is not there any more, or cannot be read. */
  private @Nullable TierManifest find(long sequence, ManifestChain chain) {
    long fromBase = sequence - chain.manifests().getFirst().sequence();
    if (fromBase >= 0) {
      return chain.manifests().get((int) fromBase);
    }
    try {
      return manifests.find(sequence);
    } catch (CorruptionException damaged) {
      return null; // the chain does not need it
    }
  }

  private static String text(TierManifest manifest) {
    return manifest.sequence()
        + "/"
        + manifest.putId()
        + " of store "
        + Long.toHexString(manifest.storeId());
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
   * Ends it. The pin is released before this returns, even if reads are in progress.
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
