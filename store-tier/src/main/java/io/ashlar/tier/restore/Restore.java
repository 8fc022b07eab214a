package io.ashlar.tier.restore;

import io.ashlar.store.BlobStore;
import io.ashlar.store.StoreOpenException;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.object.ObjectStore;

/**
 * Brings back from a tier what it holds at its newest manifest.
 *
 * <ol>
 *   <li>The newest manifest is found, and its chain is read to the root.
 *   <li>Batches are fetched newest first, several ahead of the one in use, and checked against
 *       their manifest: length, CRC-32C and counts.
 *   <li>The first entry met of each id is its last state: a blob is put, a delete is remembered. So
 *       each blob is written once, and what was replaced or deleted is not written at all.
 *   <li>Blobs go into epochs of bounded size, of which several are being committed.
 * </ol>
 *
 * <p>Nothing is written to the object store.
 */
public final class Restore {
  private Restore() {}

  /**
   * Fills an empty store.
   *
   * <p>If this fails, the store holds an arbitrary part of the blobs and must be deleted: restore
   * into a folder of a temporary name, and rename it when this has returned.
   *
   * <p>Thread: the caller's, which puts the blobs; read-ahead threads end before this returns.
   * Memory: a table of 46 to 91 bytes an id, and the batches read ahead, 64 MiB or one of them.
   *
   * @param objects the tier; stays the caller's.
   * @param into an empty store; stays the caller's. Nobody else may write to it meanwhile.
   * @param progress told how many entries are read; the total is known before the first batch, and
   *     counts entries that were replaced later, too.
   * @throws StoreOpenException if {@code into} is not empty, or there is no manifest.
   * @throws io.ashlar.store.CorruptionException naming the manifest or batch that is missing or
   *     damaged.
   * @throws io.ashlar.store.FormatVersionException if a later release wrote a manifest.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   */
  public static RestoreReport restore(ObjectStore objects, BlobStore into, TierProgress progress) {
    long blobs = into.stats().blobs();
    if (blobs != 0) {
      throw new StoreOpenException(
          "a restore needs an empty store, and this one holds blobs: choose a folder without a"
              + " store: blobs="
              + blobs,
          null);
    }
    ManifestStore manifests = new ManifestStore(objects);
    TierManifest latest = manifests.latest();
    if (latest == null) {
      throw new StoreOpenException(
          "there is nothing to restore: no manifest is below this prefix: prefix=" + objects, null);
    }
    ManifestChain chain = ManifestChain.read(manifests, latest);
    try (RestoreRun run = new RestoreRun(objects, into, chain.batchesNewestFirst(), progress)) {
      run.run();
      return run.report(chain.manifests().size());
    }
  }
}
