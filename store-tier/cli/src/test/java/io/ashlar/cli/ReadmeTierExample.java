package io.ashlar.cli;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobStore;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.ObjectStores;
import io.ashlar.tier.Tier;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.restore.Restore;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** The second example of the README, which {@link ReadmeTest} compares with this line by line. */
final class ReadmeTierExample {

  private ReadmeTierExample() {}

  /** Tiers the store in {@code folder}, and restores it in {@code other}. */
  static void run(Path folder, Path other, String url, BlobId page, MemorySegment target) {
    // README begin
    try (BlobStore store = LocalBlobStore.builder(folder).open();
        Tier tier = Tier.builder(store, ObjectStores.open(url)).open()) {
      tier.checkpoint(TierProgress.NONE); // now; a pass also runs every ten seconds
      tier.evict(id -> id.equals(page)); // frees the local copy
      store.get(page, target); // reads it back by one ranged GET
    }
    try (ObjectStore objects = ObjectStores.open(url);
        BlobStore copy = LocalBlobStore.builder(other).open()) {
      Restore.restore(objects, copy, TierProgress.NONE); // the whole store, on any machine
    }
    // README end
  }
}
