package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectStore;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

/** A tier in memory whose collections tests run, with a model of the store. */
abstract class CollectedTier {
  static final CollectionConfig ONE =
      CollectionConfig.DEFAULTS.withIntervalMs(0).withRetainCount(1).withCompactBelowPercent(0);

  static final TierConfig MANUAL =
      TierConfig.DEFAULTS
          .withIntervalMs(0)
          .withBatchBytesTarget(64 << 10)
          .withReadBack(ReadBackConfig.DEFAULTS.withCacheBytes(0))
          .withCollection(ONE);

  @TempDir Path folder;

  final InMemoryObjectStore below = new InMemoryObjectStore();

  final FaultyObjectStore objects = new FaultyObjectStore(below);

  final BlobModel model = new BlobModel();

  final List<AutoCloseable> opened = new ArrayList<>();

  @SuppressWarnings("NullAway.Init") // each test opens it first
  LocalBlobStore store;

  @SuppressWarnings("NullAway.Init") // each test opens it first
  Tier tier;

  @AfterEach
  void close() throws Exception {
    objects.heal();
    for (AutoCloseable each : opened.reversed()) {
      each.close();
    }
    opened.clear();
  }

  void open(CollectionConfig collection) {
    open("store", objects, collection);
  }

  void open(String name, ObjectStore prefix, CollectionConfig collection) {
    store = LocalBlobStore.builder(folder.resolve(name)).config(TierLife.SMALL).open();
    opened.add(store);
    tier = Tier.builder(store, prefix).config(MANUAL.withCollection(collection)).open();
    opened.add(tier);
  }

  /** Puts the same blobs anew and tiers them. */
  TierManifest tier(long seed) {
    model.putRange(store, 0, 30, seed * 1000);
    tier.checkpoint(TierProgress.NONE);
    return latest();
  }

  TierManifest latest() {
    return Objects.requireNonNull(new ManifestStore(below).latest());
  }

  List<TierManifest> kept() {
    TierManifest latest = latest();
    return ManifestChain.readRange(
        new ManifestStore(below), latest.collection().retainedFrom(), latest.sequence());
  }

  List<String> keys(String prefix) {
    return below.listAll(prefix).map(ObjectInfo::key).toList();
  }

  void assertLatestIsWhole() {
    assertThat(model.isExactly(TierState.at(below, latest()))).isTrue();
  }

  List<String> requestsSince(int before) {
    return objects.requests().subList(before, objects.requests().size());
  }
}
