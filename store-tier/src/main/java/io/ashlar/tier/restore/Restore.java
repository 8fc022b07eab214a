package io.ashlar.tier.restore;

import io.ashlar.store.BlobStore;
import io.ashlar.store.CheckpointDroppedException;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.gc.HeldCheckpoint;
import io.ashlar.tier.object.ObjectStore;
import org.jspecify.annotations.Nullable;

/**
 * Brings back from a tier what it holds at a checkpoint.
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
   * @throws io.ashlar.store.FormatVersionException if a later release wrote a manifest.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer, or this
   *     was interrupted.
   */
  public static RestoreReport restore(
      ObjectStore objects, BlobStore into, RestoreOptions options, TierProgress progress) {
    TierSource source = options.onto() ? comparable(into) : null;
    if (source == null) {
      checkEmpty(into);
    }
    for (int attempt = 1; ; attempt++) {
      try (HeldCheckpoint held = hold(objects, options)) {
        return run(objects, into, held, source, progress);
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
      ObjectStore objects,
      BlobStore into,
      HeldCheckpoint held,
      @Nullable TierSource source,
      TierProgress progress) {
    ManifestChain chain = held.chain();
    setBulkLoad(into, true);
    try (RestoreRun run = new RestoreRun(objects, into, chain, progress)) {
      if (source == null) {
        run.fill();
      } else {
        run.complete(source);
      }
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
        "this store cannot be restored onto: it offers no TierSource: class="
            + into.getClass().getName());
  }
}
