package io.ashlar.tier.cli;

import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.TierConfig;
import io.ashlar.tier.TieredBlobStore;
import io.ashlar.tier.fetch.BatchColdStorage;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStores;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A store opened to be read by a command, with its evicted blobs when its tier was named.
 *
 * <p>Reading back claims nothing and writes nothing in the tier: a process elsewhere that tiers to
 * it goes on undisturbed. Thread: the command's.
 */
final class OpenStore implements AutoCloseable {
  private final LocalBlobStore local;
  private final @Nullable BatchColdStorage cold;
  private final @Nullable ObjectStore objects;

  private OpenStore(
      LocalBlobStore local, @Nullable BatchColdStorage cold, @Nullable ObjectStore objects) {
    this.local = local;
    this.cold = cold;
    this.objects = objects;
  }

  /**
   * Opens an existing store.
   *
   * @param url its tier, or null for none: blobs that are in the tier only cannot be read then.
   */
  static OpenStore open(StoreOptions options, Path folder, @Nullable String url)
      throws IOException {
    if (url == null) {
      return new OpenStore(options.openExisting(folder), null, null);
    }
    ObjectStore objects = ObjectStores.open(url);
    try {
      LocalBlobStore local = options.openExisting(folder);
      BatchColdStorage cold = new BatchColdStorage(objects, TierConfig.DEFAULTS.readBack());
      local.setColdStorage(cold);
      return new OpenStore(local, cold, objects);
    } catch (IOException | RuntimeException e) {
      objects.close();
      throw e;
    }
  }

  /**
   * Puts a tier on a store for one command: passes are made when asked for only.
   *
   * @return the tiered store; closing it closes {@code local} and {@code objects} too. If this
   *     fails, both stay open.
   */
  static TieredBlobStore tier(LocalBlobStore local, ObjectStore objects, boolean adopt) {
    return TieredBlobStore.builder(local, objects)
        .config(TierConfig.DEFAULTS.withIntervalMs(0))
        .adopt(adopt)
        .open();
  }

  /** Returns the store. */
  LocalBlobStore local() {
    return local;
  }

  /** Closes the store, which waits for reads, then what it reads back from. */
  @Override
  public void close() {
    try {
      local.close();
    } finally {
      if (cold != null) {
        cold.close();
      }
      if (objects != null) {
        objects.close();
      }
    }
  }
}
