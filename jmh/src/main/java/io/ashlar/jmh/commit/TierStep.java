package io.ashlar.jmh.commit;

import io.ashlar.jmh.machine.Folders;
import io.ashlar.store.BlobStore;
import io.ashlar.tier.ObjectStores;
import io.ashlar.tier.Tier;
import io.ashlar.tier.TierConfig;
import io.ashlar.tier.TierProgress;
import java.nio.file.Path;

/**
 * A pass of a new tier, so that each pass uploads all blobs, to a folder that is removed after it.
 *
 * <p>Thread: one.
 */
final class TierStep implements BesideWork.Step {

  private final BlobStore store;
  private final Path folder;
  private int passes;

  /** Makes the passes of a store, whose objects lie in a folder beside it. */
  TierStep(BlobStore store, Path folder) {
    this.store = store;
    this.folder = folder;
  }

  @Override
  public void run() {
    Path objects = folder.resolve("objects-" + passes++);
    TierConfig config = TierConfig.DEFAULTS.withIntervalMs(0).withCheckpointOnClose(false);
    try (Tier tier =
        Tier.builder(store, ObjectStores.open("file:" + objects)).config(config).open()) {
      var _ = tier.checkpoint(TierProgress.NONE);
    }
    Folders.remove(objects);
  }
}
