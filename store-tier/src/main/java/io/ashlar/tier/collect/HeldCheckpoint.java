package io.ashlar.tier.collect;

import io.ashlar.store.CheckpointDroppedException;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.StoreException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.spi.Log;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.Remedy;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.object.ObjectNotFoundException;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.request.SecondLook;
import java.lang.System.Logger.Level;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint that is being read: its manifest, its pin if it has one, and the answer to why an
 * object of it is missing.
 *
 * <p><b>Dropped or damaged.</b> A batch or a manifest that is absent is damage, unless a collection
 * was allowed to delete it. It was allowed if the {@linkplain io.ashlar.tier.checkpoint.Boundary
 * boundary}, read <i>after</i> the object was found absent, has reached the base of the checkpoint.
 * This reader's own pin can rule that out:
 *
 * <ul>
 *   <li>a collector raises the boundary before it deletes anything, so what it deleted lies below
 *       the boundary as it is read afterwards;
 *   <li>a collector that raises the boundary sees every existing pin that was taken while the
 *       boundary was below the base ({@link Pins}). A pin may have been deleted by hand, so it is
 *       looked at again.
 * </ul>
 *
 * <p>A checkpoint below the boundary that only another reader's pin keeps counts as dropped: it
 * goes when that pin is released.
 *
 * <p>Thread: any. Closing releases the pin.
 */
public final class HeldCheckpoint implements AutoCloseable {
  private static final String REMEDY =
      "; choose one of these, or the newest; to keep more of them, raise what retention keeps";

  private final ObjectStore objects;
  private final TierManifest manifest;
  private final Pins.@Nullable Pin pin;
  private final AtomicBoolean closed = new AtomicBoolean();

  private HeldCheckpoint(ObjectStore objects, TierManifest manifest, Pins.@Nullable Pin pin) {
    this.objects = objects;
    this.manifest = manifest;
    this.pin = pin;
  }

  /**
   * Finds a checkpoint and pins it. A reader that may not write to the tier reads without a pin.
   *
   * @param objects the tier; stays the caller's, and open until this is closed.
   * @param checkpoint the sequence of its manifest, 1 or more; 0 for the newest.
   * @param withPin whether to pin it.
   * @param owner who reads, for people.
   * @return the checkpoint, to be closed; null if there is none at all and the newest was asked
   *     for.
   * @throws CheckpointDroppedException if retention dropped it.
   * @throws StoreOpenException if there never was such a checkpoint.
   * @throws CorruptionException if its manifest is damaged.
   * @throws io.ashlar.store.FormatVersionException if a later release wrote it.
   * @throws TierUnavailableException if the object store does not answer.
   */
  public static @Nullable HeldCheckpoint take(
      ObjectStore objects, long checkpoint, boolean withPin, String owner) {
    if (withPin) {
      try {
        Pins.Pinned pinned =
            checkpoint == 0
                ? Pins.takeLatest(objects, owner)
                : Pins.take(objects, checkpoint, owner);
        if (pinned != null) {
          return new HeldCheckpoint(objects, pinned.manifest(), pinned.pin());
        }
      } catch (TierUnavailableException e) {
        // Who may only read cannot pin; a store that does not answer at all says so below.
        Log.log(
            HeldCheckpoint.class,
            Level.DEBUG,
            "reading a checkpoint without a pin: " + e.getMessage());
      }
    }
    ManifestStore manifests = new ManifestStore(objects);
    TierManifest manifest = checkpoint == 0 ? manifests.latest() : manifests.find(checkpoint);
    if (manifest == null && checkpoint != 0) {
      throw absent(objects, manifests, checkpoint);
    }
    return manifest == null ? null : new HeldCheckpoint(objects, manifest, null);
  }

  /**
   * Holds a checkpoint whose manifest is at hand, with a pin if one can be taken.
   *
   * @param manifest the newest manifest that is left of a damaged chain.
   */
  public static HeldCheckpoint takeSurvivor(
      ObjectStore objects, TierManifest manifest, boolean withPin, String owner) {
    if (withPin) {
      try {
        Pins.Pinned pinned = Pins.take(objects, manifest.sequence(), owner);
        if (pinned != null) {
          return new HeldCheckpoint(objects, manifest, pinned.pin());
        }
      } catch (CorruptionException | TierUnavailableException e) {
        Log.log(
            HeldCheckpoint.class,
            Level.DEBUG,
            "reading a damaged checkpoint without a pin: " + e.getMessage());
      }
    }
    return new HeldCheckpoint(objects, manifest, null);
  }

  private static StoreException absent(
      ObjectStore objects, ManifestStore manifests, long checkpoint) {
    Retained retained = Retained.of(manifests);
    if (checkpoint <= retained.boundary()) {
      return dropped("", objects, checkpoint, retained, null);
    }
    return new StoreOpenException(
        "there is no such checkpoint: checkpoint="
            + checkpoint
            + ", retained="
            + retained
            + ", tier="
            + objects,
        null);
  }

  /** What the newest manifest and the boundary say is kept. */
  private record Retained(long from, long through, long boundary) {
    static Retained of(ManifestStore manifests) {
      TierManifest latest = manifests.latest();
      long boundary = manifests.boundary().sequence();
      return latest == null
          ? new Retained(0, 0, boundary)
          : new Retained(
              Math.max(latest.collection().retainedFrom(), boundary + 1),
              latest.sequence(),
              boundary);
    }

    @Override
    public String toString() {
      return through == 0 ? "none" : from + " to " + through;
    }
  }

  private static CheckpointDroppedException dropped(
      String when,
      ObjectStore objects,
      long checkpoint,
      Retained retained,
      @Nullable Throwable cause) {
    return new CheckpointDroppedException(
        "checkpoint was dropped by retention"
            + when
            + ": checkpoint="
            + checkpoint
            + ", retained="
            + retained
            + ", tier="
            + objects
            + REMEDY,
        checkpoint,
        retained.from(),
        retained.through(),
        cause);
  }

  /** The checkpoint's manifest. */
  public TierManifest manifest() {
    return manifest;
  }

  /**
   * Reads the manifests from the checkpoint's base to it.
   *
   * @throws CheckpointDroppedException if retention dropped it meanwhile.
   * @throws CorruptionException naming the manifest that is absent or damaged.
   * @throws TierUnavailableException if the object store does not answer.
   */
  public ManifestChain chain() {
    try {
      return ManifestChain.read(new ManifestStore(objects), manifest);
    } catch (CorruptionException e) {
      throw explained(e);
    }
  }

  /**
   * Explains why reading this checkpoint failed. If an object was absent, this sends one to a few
   * requests.
   *
   * @param failure what a read of one of its objects threw.
   * @return {@code failure} with the {@linkplain Remedy remedy}, if it is damage; a {@link
   *     CheckpointDroppedException} with it as cause, if a collection took the object away.
   * @throws TierUnavailableException if the object store does not answer, so that this cannot be
   *     told; {@code failure} is suppressed in it.
   */
  public StoreException explained(CorruptionException failure) {
    if (!isOfAbsentObject(failure)) {
      return Remedy.added(failure);
    }
    try {
      ManifestStore manifests = new ManifestStore(objects);
      if (isPinned() || manifests.boundary().sequence() < manifest.collection().baseSequence()) {
        return Remedy.added(failure);
      }
      Retained retained = Retained.of(manifests);
      if (retained.through() == manifest.sequence()) {
        // The newest is never dropped: a repair did not come to its end.
        return Remedy.added(failure);
      }
      return dropped(
          " while it was read without a pin", objects, manifest.sequence(), retained, failure);
    } catch (StoreException e) {
      e.addSuppressed(failure);
      throw e;
    }
  }

  private static boolean isOfAbsentObject(CorruptionException failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof ObjectNotFoundException) {
        return true;
      }
    }
    return false;
  }

  private boolean isPinned() {
    if (pin == null || closed.get()) {
      return false;
    }
    try {
      return SecondLook.head(objects, pin.key()) != null;
    } catch (ObjectStoreException e) {
      throw new TierUnavailableException("asking for a pin failed: " + e.getMessage(), e);
    }
  }

  /** Releases the pin, if there is one. Idempotent. */
  @Override
  public void close() {
    if (pin != null && !closed.getAndSet(true)) {
      pin.close();
    }
  }
}
