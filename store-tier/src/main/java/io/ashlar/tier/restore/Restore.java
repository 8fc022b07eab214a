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
 * Brings back from a tier what it holds at a checkpoint.
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
 *       their manifest: length, CRC-32C and counts. Into a store that holds blobs already, their
 *       indexes are read first, and then whole batches, or ranges of them, for what differs.
 *   <li>The first entry met of each id is its last state: a blob is put, a delete is remembered. So
 *       each blob is written once, and what was replaced or deleted is not written at all.
 *   <li>Blobs go into epochs of bounded size, of which several are being committed.
 * </ol>
 *
 * <p>Requests are as many as there are manifests and batches, twice the batches at most where the
 * store holds blobs already; however many blobs there are. Nothing but the pin is written to the
 * object store.
 */
public final class Restore {
  private static final int ATTEMPTS_MAX = 3;
  private static final String PIN_OWNER = "restore";

  private Restore() {}

  /** Fills an empty store from the newest checkpoint, as {@link RestoreOptions#DEFAULTS} say. */
  public static RestoreReport restore(ObjectStore objects, BlobStore into, TierProgress progress) {
    return restore(objects, into, RestoreOptions.DEFAULTS, progress);
  }

  /**
   * Restores.
   *
   * <p>If this fails, the store holds an arbitrary part of the blobs, each of them whole: restore
   * into a folder of a temporary name, rename it when this has returned, and call this again with
   * {@link RestoreOptions#onto} to go on. An interrupt ends it, with the flag still set.
   *
   * <p>Thread: the caller's, which puts the blobs; read-ahead threads end before this returns.
   * Memory: a table of 46 to 91 bytes an id, two onto a store that holds blobs, and the batches
   * read ahead, 64 MiB or one of them.
   *
   * @param objects the tier; stays the caller's.
   * @param into the store; stays the caller's. Nobody else may write to it meanwhile.
   * @param progress told how many entries are read; the total is known before the first batch, and
   *     counts entries that were replaced later, too.
   * @throws StoreOpenException if {@code into} is not empty and should be, there is no manifest, or
   *     there never was such a checkpoint. Nothing was put.
   * @throws CheckpointDroppedException if retention dropped the checkpoint, before this began or
   *     while it ran without a pin; it says which ones are retained. The newest is begun again with
   *     {@value #ATTEMPTS_MAX} times, if {@code into} can be restored onto.
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
   * Restores, and tells what is lost: see {@link RestoreOptions.Losses}.
   *
   * <p>Unless losses are refused, damage of the tier does not make this fail, and {@link
   * RestoreReport#losses} counts what was not found. Every batch is then read whole, also onto a
   * store that holds blobs. What this throws is that of the other method, but for damage.
   *
   * @param losses told what is lost, if losses are not refused.
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
        // What is left of it is gone on from, so the store must be able to tell what that is.
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

  /** Keeps what is read from being collected, where the manifest to be pinned is there. */
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
