package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BlobStore;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.directory.FileObjectStore;
import io.ashlar.tier.restore.Restore;
import io.ashlar.tier.restore.RestoreReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** A store and its tier in a folder, which tests open, close and restore. */
abstract class TierInFolder {
  static final TierConfig MANUAL =
      TierConfig.DEFAULTS.withIntervalMs(0).withBatchBytesTarget(64 << 10);

  @TempDir Path folder;

  LocalBlobStore local(String name) {
    return LocalBlobStore.builder(folder.resolve(name))
        .config(StoreConfig.DEFAULTS.withPoolBytes(8 << 20))
        .open();
  }

  ObjectStore prefix() {
    return FileObjectStore.open(folder.resolve("prefix"));
  }

  Tier tier(LocalBlobStore store) {
    return open(store, prefix(), MANUAL, false);
  }

  static Tier open(BlobStore store, ObjectStore objects, TierConfig config, boolean adopt) {
    try {
      return Tier.builder(store, objects).config(config).adopt(adopt).open();
    } catch (RuntimeException e) {
      objects.close();
      throw e;
    }
  }

  /** Opens a store with a tier, which fails, and closes both. */
  void openAndClose(LocalBlobStore store, ObjectStore objects, boolean adopt) {
    try (store;
        Tier tier = open(store, objects, MANUAL, adopt)) {
      assertThat(tier.tieredSequence()).isNotNegative();
    }
  }

  RestoreReport assertRestored(BlobModel model) throws IOException {
    Path target = Files.createTempDirectory(folder, "restored");
    try (ObjectStore objects = prefix();
        LocalBlobStore store =
            LocalBlobStore.builder(target)
                .config(StoreConfig.DEFAULTS.withPoolBytes(8 << 20))
                .open()) {
      RestoreReport report = Restore.restore(objects, store, TierProgress.NONE);
      model.assertHeldBy(store);
      assertThat(report.blobs()).isEqualTo(model.size());
      assertThat(report.bytes()).isEqualTo(model.bytes());
      assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
      return report;
    }
  }
}
