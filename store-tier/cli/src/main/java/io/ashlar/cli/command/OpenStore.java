package io.ashlar.cli.command;

import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.Tier;
import io.ashlar.tier.TierConfig;
import io.ashlar.tier.key.FrameKeys;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.readback.BatchReadBack;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A store that a command reads, with its evicted blobs if its tier was named.
 *
 * <p>Reading back claims nothing and writes nothing in the tier, so it does not disturb a process
 * that tiers to it. Thread: the command's.
 */
public final class OpenStore implements AutoCloseable {
  private final LocalBlobStore local;
  private final @Nullable BatchReadBack cold;
  private final @Nullable ObjectStore objects;

  private OpenStore(
      LocalBlobStore local, @Nullable BatchReadBack cold, @Nullable ObjectStore objects) {
    this.local = local;
    this.cold = cold;
    this.objects = objects;
  }

  /**
   * Opens an existing store.
   *
   * @param url its tier, or null for none: blobs that are only in the tier cannot be read then.
   * @param keys the tier's keys, or null for none.
   */
  static OpenStore open(StoreArgument store, @Nullable String url, @Nullable FrameKeys keys)
      throws IOException {
    if (url == null) {
      return new OpenStore(store.openExisting(), null, null);
    }
    ObjectStore objects = TierArgument.openExisting(url);
    try {
      LocalBlobStore local = store.openExisting();
      BatchReadBack cold =
          new BatchReadBack(new TierObjects(objects, keys), TierConfig.DEFAULTS.readBack());
      ((TierSource) local).attachReadBack(cold);
      return new OpenStore(local, cold, objects);
    } catch (IOException | RuntimeException e) {
      objects.close();
      throw e;
    }
  }

  /**
   * Puts a tier on a store for one command, which makes passes only when asked.
   *
   * @return the tier; closing it closes {@code objects} too. If this fails, {@code objects} stays
   *     open.
   */
  public static Tier tier(LocalBlobStore local, ObjectStore objects, @Nullable FrameKeys keys) {
    return builder(local, objects, keys).open();
  }

  /** Starts to put a tier on a store, as {@link #tier} does. */
  static Tier.Builder builder(LocalBlobStore local, ObjectStore objects, @Nullable FrameKeys keys) {
    return Tier.builder(local, objects).config(TierConfig.DEFAULTS.withIntervalMs(0)).keys(keys);
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
