package io.ashlar.tier.restore;

import io.ashlar.store.BlobStore;
import io.ashlar.store.CheckpointDroppedException;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.StoreException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.LossListener;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.collect.HeldCheckpoint;
import io.ashlar.tier.collect.SurvivingChain;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.object.ObjectStore;
import org.jspecify.annotations.Nullable;

/**
 * Restores a checkpoint of a tier into a local store.
 *
 * <pre>{@code
 * try (ObjectStore objects = ObjectStores.open("s3://bucket/prefix");
 *     BlobStore into = LocalBlobStore.builder(folder).open()) {
 *   Restore.restore(objects, into, TierProgress.NONE);
 * }
 * }</pre>
 *
 * <ol>
 *   <li>The checkpoint is pinned, and its chain of manifests is read.
 *   <li>Batches are fetched newest first, several ahead of the one in use, and checked against
 *       their manifest: length, CRC-32C and counts. If the store holds blobs already, the indexes
 *       of the batches are read first, and then only what differs.
 *   <li>The first entry met of each id is its last state: a blob is put, a delete is remembered. So
 *       each blob is written once, and replaced or deleted blobs are not written at all.
 *   <li>Blobs go into epochs of bounded size. Several epochs are committed at the same time.
 * </ol>
 *
 * <p>A restore sends one request for each manifest and each batch, or two for each batch if the
 * store holds blobs already. The number of blobs does not matter. It writes only the pin to the
 * object store.
 */
public final class Restore {
  private static final int ATTEMPTS_MAX = 3;
  private static final String PIN_OWNER = "restore";

  private Restore() {}

  /**
   * Restores the newest checkpoint into an empty store, with {@link RestoreOptions#DEFAULTS}.
   * Throws what {@link #restore(ObjectStore, BlobStore, RestoreOptions, TierProgress)} throws.
   *
   * @param objects the tier; stays the caller's.
   * @param into the store; stays the caller's.
   * @param progress told how many entries are read.
   * @return what was restored.
   */
  public static RestoreReport restore(ObjectStore objects, BlobStore into, TierProgress progress) {
    return restore(objects, into, RestoreOptions.DEFAULTS, progress);
  }

  /**
   * Restores a checkpoint.
   *
   * <p>If this fails, the store holds an arbitrary part of the blobs, each of them whole. So
   * restore into a folder with a temporary name, and rename it when this has returned. To resume a
   * failed restore, call this again with {@link RestoreOptions#onto}. An interrupt ends the restore
   * and stays set.
   *
   * <p>Thread: the caller's, which puts the blobs; read-ahead threads end before this returns.
   * Memory: 46 to 91 bytes an id, twice that if the store holds blobs, and the batches read ahead:
   * 64 MiB, or one larger batch.
   *
   * @param objects the tier; stays the caller's.
   * @param into the store; stays the caller's. Do not write to it during the restore.
   * @param options which checkpoint, and how.
   * @param progress told how many entries are read; the total is known before the first batch, and
   *     includes entries that were replaced later.
   * @return what was restored.
   * @throws StoreOpenException if {@code into} must be empty and is not, if there is no manifest,
   *     or if there never was such a checkpoint. Nothing was put.
   * @throws IllegalArgumentException if {@code into} is to be restored onto and is not a local
   *     store.
   * @throws CheckpointDroppedException if retention dropped the checkpoint, before the restore or
   *     while it ran without a pin; the message names the retained ones. If the newest checkpoint
   *     is wanted and {@code into} is a local store, the restore first tries up to {@value
   *     #ATTEMPTS_MAX} times.
   * @throws CorruptionException naming the manifest or batch that is damaged, or missing though it
   *     is retained.
   * @throws io.ashlar.store.WrongKeyException if a batch is encrypted, and its key is not among
   *     {@link RestoreOptions#keys}.
   * @throws io.ashlar.store.FormatVersionException if a later release wrote a manifest.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer, or this
   *     was interrupted.
   */
  public static RestoreReport restore(
      ObjectStore objects, BlobStore into, RestoreOptions options, TierProgress progress) {
    return restore(objects, into, options, progress, LossListener.NONE);
  }

  /**
   * Restores a checkpoint, and reports what is lost: see {@link RestoreOptions.Losses}.
   *
   * <p>Unless losses are refused, a damaged tier does not make this fail, and {@link
   * RestoreReport#losses} counts the losses. Every batch is then read whole, even if the store
   * holds blobs already. Apart from damage, this throws what {@link #restore(ObjectStore,
   * BlobStore, RestoreOptions, TierProgress)} throws.
   *
   * @param objects the tier; stays the caller's.
   * @param into the store; stays the caller's. Do not write to it during the restore.
   * @param options which checkpoint, and how.
   * @param progress told how many entries are read.
   * @param losses told what is lost, if losses are not refused; on the caller's thread.
   * @return what was restored, and what was lost.
   */
  public static RestoreReport restore(
      ObjectStore objects,
      BlobStore into,
      RestoreOptions options,
      TierProgress progress,
      LossListener losses) {
    if (options.losses() != RestoreOptions.Losses.REFUSE) {
      return restorePartly(objects, into, options, progress, losses);
    }
    TierSource source = options.onto() ? comparable(into) : null;
    if (source == null) {
      checkEmpty(into);
    }
    for (int attempt = 1; ; attempt++) {
      try (HeldCheckpoint held = hold(objects, options)) {
        return run(new TierObjects(objects, options.keys()), into, held, source, progress, losses);
      } catch (CheckpointDroppedException e) {
        // The store keeps what was put, so it must be able to tell what that is.
        boolean again =
            attempt < ATTEMPTS_MAX && options.checkpoint() == 0 && into instanceof TierSource;
        if (!again) {
          throw e;
        }
        source = comparable(into);
      }
    }
  }

  private static RestoreReport restorePartly(
      ObjectStore objects,
      BlobStore into,
      RestoreOptions options,
      TierProgress progress,
      LossListener losses) {
    TierSource source = options.onto() ? comparable(into) : null;
    if (source == null) {
      checkEmpty(into);
    }
    try (HeldCheckpoint _ = heldIfWhole(objects, options)) {
      SurvivingChain chain = SurvivingChain.read(objects, options.checkpoint());
      boolean guess = options.losses() == RestoreOptions.Losses.GUESS;
      setBulkLoad(into, true);
      TierObjects keyed = new TierObjects(objects, options.keys());
      try (PartialRun run = new PartialRun(keyed, into, source, chain, guess, progress, losses)) {
        run.run();
        return run.report();
      } finally {
        setBulkLoad(into, false);
      }
    }
  }

  /** Pins the checkpoint if its manifest is there. */
  private static @Nullable HeldCheckpoint heldIfWhole(ObjectStore objects, RestoreOptions options) {
    try {
      return HeldCheckpoint.take(objects, options.checkpoint(), options.pin(), PIN_OWNER);
    } catch (StoreException unpinned) {
      return null; // damaged, most likely: no collection deletes anything of a damaged chain
    }
  }

  private static HeldCheckpoint hold(ObjectStore objects, RestoreOptions options) {
    HeldCheckpoint held =
        HeldCheckpoint.take(objects, options.checkpoint(), options.pin(), PIN_OWNER);
    if (held == null) {
      throw new StoreOpenException(
          "there is nothing to restore: no manifest is below this prefix: prefix=" + objects, null);
    }
    return held;
  }

  private static RestoreReport run(
      TierObjects objects,
      BlobStore into,
      HeldCheckpoint held,
      @Nullable TierSource source,
      TierProgress progress,
      LossListener losses) {
    ManifestChain chain = held.chain();
    setBulkLoad(into, true);
    try (RestoreRun run = new RestoreRun(objects, into, chain, progress)) {
      if (source == null) {
        run.fill();
      } else {
        run.complete(source);
      }
      run.tellRecordedLosses(losses);
      return run.report();
    } catch (CorruptionException e) {
      throw held.explained(e);
    } finally {
      setBulkLoad(into, false);
    }
  }

  private static void setBulkLoad(BlobStore into, boolean on) {
    if (into instanceof TierSource store) {
      store.setBulkLoad(on);
    }
  }

  private static void checkEmpty(BlobStore into) {
    long blobs = into.stats().blobs();
    if (blobs != 0) {
      throw new StoreOpenException(
          "a restore needs an empty store, and this one holds blobs: choose a folder without a"
              + " store, or restore onto what is there: blobs="
              + blobs,
          null);
    }
  }

  private static TierSource comparable(BlobStore into) {
    if (into instanceof TierSource source) {
      return source;
    }
    throw new IllegalArgumentException(
        "this store cannot be restored onto, only a local one can: class="
            + into.getClass().getName());
  }
}
