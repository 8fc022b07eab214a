package io.ashlar.tier;

import io.ashlar.store.BlobId;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.object.ObjectInfo;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;

/** A store with a tier, in whose callbacks calls are made. */
final class TierCallbackGround {

  /** A blob of the store. */
  static final BlobId LOCAL = new BlobId(1, 1);

  /** A blob that only the tier has; each read asks the object store. */
  static final BlobId EVICTED = new BlobId(1, 2);

  /** The length of each. */
  static final int BYTES = 5_000;

  private static final TierConfig CONFIG =
      TierConfig.DEFAULTS.withIntervalMs(0).withReadBack(ReadBackConfig.DEFAULTS.withCacheBytes(0));

  private final CalledObjects objects = new CalledObjects();
  private final LocalBlobStore store;
  private final Tier tier;
  private final AtomicInteger changes = new AtomicInteger();
  private final AtomicReference<Runnable> whenDone = new AtomicReference<>(() -> {});

  private TierCallbackGround(Path folder, boolean checkpointOnClose) {
    store =
        LocalBlobStore.builder(folder)
            .config(StoreConfig.DEFAULTS.withPoolBytes(8 << 20).withInitialFileBytes(4 << 20))
            .open();
    tier =
        Tier.builder(store, objects)
            .keys(objects.keys())
            .config(CONFIG.withCheckpointOnClose(checkpointOnClose))
            .open();
    put(LOCAL);
    put(EVICTED);
    var _ = tier.checkpoint(TierProgress.NONE);
    if (tier.evict(EVICTED::equals) != 1) {
      throw new AssertionError("the blob was not evicted");
    }
  }

  /** Opens a store in a folder, and its tier in memory. */
  static TierCallbackGround open(Path folder, boolean checkpointOnClose) {
    return new TierCallbackGround(folder, checkpointOnClose);
  }

  private void put(BlobId id) {
    try (Epoch epoch = store.beginEpoch()) {
      epoch.put(id, Arena.ofAuto().allocate(BYTES));
      var _ = epoch.commit();
    }
  }

  LocalBlobStore store() {
    return store;
  }

  Tier tier() {
    return tier;
  }

  CalledObjects objects() {
    return objects;
  }

  /** Returns an epoch with a put. */
  Epoch filled() {
    Epoch epoch = store.beginEpoch();
    epoch.put(new BlobId(7, 7), MemorySegment.ofArray(new byte[100]));
    return epoch;
  }

  /** Changes something, so that there is something to upload. */
  void change() {
    put(new BlobId(2, changes.incrementAndGet()));
  }

  /** Uploads a batch and loses it, so that there is something to repair. */
  void loseBatch() {
    Set<String> before = batches();
    change();
    var _ = tier.checkpoint(TierProgress.NONE);
    Set<String> lost = new HashSet<>(batches());
    lost.removeAll(before);
    var _ = objects.delegate().deleteAll(lost);
  }

  private Set<String> batches() {
    return objects
        .delegate()
        .listAll(TierKeys.BATCHES)
        .map(ObjectInfo::key)
        .collect(Collectors.toSet());
  }

  /** Sets what is to be undone once the callback has returned. */
  void whenDone(Runnable undo) {
    whenDone.set(undo);
  }

  /** Undoes it. */
  void done() {
    whenDone.getAndSet(() -> {}).run();
    objects.callNoMore();
    objects.heal();
  }
}
