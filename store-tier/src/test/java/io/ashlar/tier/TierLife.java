package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.collect.LiveBatches;
import io.ashlar.tier.collect.Pins;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.FaultyObjectStore.ProcessEnded;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.restore.Restore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * The life of a small store and its tier, in steps that are done again when they fail: ingest,
 * tier, evict, read back, compact, retain, collect, pin, restore. After the step that failed, and
 * at the end, everything that must be there is looked at, below the faults.
 */
final class TierLife implements AutoCloseable {
  private static final TierConfig CONFIG =
      TierConfig.DEFAULTS
          .withIntervalMs(0)
          .withBatchBytesTarget(64 << 10)
          .withReadBack(ReadBackConfig.DEFAULTS.withCacheBytes(0))
          .withCollection(
              CollectionConfig.DEFAULTS
                  .withIntervalMs(0)
                  .withRetainCount(2)
                  .withCompactBelowPercent(70));

  static final StoreConfig SMALL =
      StoreConfig.DEFAULTS
          .withPoolBytes(4 << 20)
          .withInitialFileBytes(1 << 20)
          .withGrowthBytesMin(1 << 20);

  private static final int REPEATS_MAX = 3;

  /** A step; what it throws is what failed. */
  @FunctionalInterface
  private interface Step {
    void run() throws Exception;
  }

  private final Path folder;
  private final InMemoryObjectStore below;
  private final ObjectStore objects;
  private final Runnable heal;
  private final BlobModel model = new BlobModel();

  /** What the store held when it had tiered everything through a log sequence. */
  private final Map<Long, BlobModel> states = new HashMap<>();

  private @Nullable LocalBlobStore local;
  private @Nullable Tier tier;
  private Pins.@Nullable Pinned pinned;
  private int restores;
  private int failures;
  private long batchesDeleted;
  private long batchesCompacted;
  private long referencesMoved;

  /** A life on a faulty store over an in-memory one. */
  TierLife(Path folder, FaultyObjectStore objects) {
    this(folder, (InMemoryObjectStore) objects.delegate(), objects, objects::heal);
  }

  /**
   * A life.
   *
   * @param below where the objects are, without faults; closed with this.
   * @param objects the same, with faults; stays the caller's.
   * @param heal ends the faults.
   */
  TierLife(Path folder, InMemoryObjectStore below, ObjectStore objects, Runnable heal) {
    this.folder = folder;
    this.below = below;
    this.objects = objects;
    this.heal = heal;
    states.put(0L, model.copy());
  }

  int failures() {
    return failures;
  }

  long batchesDeleted() {
    return batchesDeleted;
  }

  long batchesCompacted() {
    return batchesCompacted;
  }

  long referencesMoved() {
    return referencesMoved;
  }

  /** Lives through all of it. */
  void run() throws Exception {
    step(() -> {});
    model.putRange(store(), 0, 40, 1);
    step(this::checkpoint);
    step(() -> tier().evict(id -> id.low() % 2 == 0));
    step(() -> model.assertHeldBy(store()));
    model.putRange(store(), 0, 25, 2);
    model.delete(store(), 3);
    model.delete(store(), 30);
    step(this::checkpoint);
    step(this::pinLatest);
    model.putRange(store(), 20, 38, 3);
    step(this::checkpoint);
    step(() -> tier().evict(id -> true));
    step(this::collect);
    step(() -> model.assertHeldBy(store()));
    model.putRange(store(), 50, 60, 4);
    model.delete(store(), 21);
    step(this::checkpoint);
    step(this::collect);
    step(this::restore);
    step(this::assertPinnedIsWhole);
    step(this::releasePin);
    model.putRange(store(), 52, 55, 5);
    step(this::checkpoint);
    step(this::collect);
    step(this::collect);
    step(() -> model.assertHeldBy(store()));
    heal.run();
    assertKept();
    deleteLostPins();
    collect();
    collect();
    assertKept();
    assertNothingLeftOver();
    model.assertHeldBy(store());
  }

  private LocalBlobStore store() {
    return Objects.requireNonNull(local);
  }

  private Tier tier() {
    return Objects.requireNonNull(tier);
  }

  private void step(Step step) throws Exception {
    for (int attempt = 0; ; attempt++) {
      try {
        open();
        step.run();
        return;
      } catch (StoreException | ProcessEnded | CompletionException e) {
        assertThat(attempt).as("attempts, last failure %s", e).isLessThan(REPEATS_MAX);
        failures++;
        assertKept();
        if (isEnd(e)) {
          heal.run();
          closeStores();
        }
      }
    }
  }

  private static boolean isEnd(Throwable e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof ProcessEnded) {
        return true;
      }
    }
    return false;
  }

  private void open() {
    if (tier != null) {
      return;
    }
    LocalBlobStore opened = local;
    if (opened == null) {
      opened = LocalBlobStore.builder(folder.resolve("store")).config(SMALL).open();
      local = opened;
    }
    tier = Tier.builder(opened, objects).config(CONFIG).open();
  }

  private void checkpoint() {
    // Before: of a pass that fails the manifest may be there all the same.
    BlobModel now = model.copy();
    try {
      tier().checkpoint(TierProgress.NONE);
    } finally {
      var _ = states.putIfAbsent(latest().lastRecordSequence(), now);
    }
  }

  private void collect() {
    CollectionReport report = tier().collect(false);
    batchesDeleted += report.batchesDeleted();
    batchesCompacted += report.batchesCompacted();
    referencesMoved += report.referencesMoved();
  }

  private void pinLatest() {
    if (pinned == null) {
      pinned = Objects.requireNonNull(Pins.takeLatest(objects, "a test"));
    }
  }

  private void releasePin() {
    Pins.Pinned held = pinned;
    // From its first try on the pin may be gone.
    pinned = null;
    for (int i = 0; held != null && i < REPEATS_MAX && !held.pin().release(); i++) {
      failures++;
    }
  }

  private void restore() throws Exception {
    Path target = Files.createDirectory(folder.resolve("restored" + restores++));
    try (LocalBlobStore restored = LocalBlobStore.builder(target).config(SMALL).open()) {
      Restore.restore(objects, restored, TierProgress.NONE);
      model.assertHeldBy(restored);
    }
  }

  private TierManifest latest() {
    return Objects.requireNonNull(new ManifestStore(below).latest());
  }

  private List<TierManifest> retained() {
    TierManifest latest = new ManifestStore(below).latest();
    if (latest == null) {
      return List.of();
    }
    List<TierManifest> manifests =
        ManifestChain.readRange(
            new ManifestStore(below), latest.collection().retainedFrom(), latest.sequence());
    return new ArrayList<>(manifests);
  }

  /** Every checkpoint that is kept, and the one that is pinned, is exactly what it was. */
  private void assertKept() {
    for (TierManifest manifest : retained()) {
      assertIsWhole(manifest);
    }
    assertPinnedIsWhole();
  }

  private void assertPinnedIsWhole() {
    Pins.Pinned held = pinned;
    if (held != null) {
      assertIsWhole(held.manifest());
    }
  }

  private void assertIsWhole(TierManifest manifest) {
    BlobModel expected = states.get(manifest.lastRecordSequence());
    assertThat(expected).as("the state at %s", manifest.key()).isNotNull();
    assertThat(Objects.requireNonNull(expected).isExactly(TierState.at(below, manifest)))
        .as("%s is what was tiered", manifest.key())
        .isTrue();
  }

  /** Nothing is there but what the kept checkpoints and their base need. */
  private void assertNothingLeftOver() {
    TierManifest latest = latest();
    long boundary = latest.collection().boundary();
    assertThat(boundary).isPositive();
    LiveBatches live = new LiveBatches();
    ManifestChain.readRange(new ManifestStore(below), boundary + 1, latest.sequence())
        .forEach(live::addAll);
    assertThat(below.listAll(TierKeys.BATCHES)).allMatch(object -> live.contains(object.key()));
    assertThat(below.listAll(TierKeys.MANIFESTS))
        .allMatch(object -> TierKeys.manifestSequence(object.key()) > boundary);
  }

  /** What an operator does by hand for readers that died. */
  private void deleteLostPins() {
    List<ObjectInfo> pins = Pins.list(below);
    // Of each process that ended, and of a restore whose release failed.
    assertThat(pins.size()).isLessThanOrEqualTo(failures + 1);
    var _ = below.deleteAll(pins.stream().map(ObjectInfo::key).toList());
  }

  private void closeStores() {
    if (tier != null) {
      tier.close();
    }
    if (local != null) {
      local.close();
    }
    tier = null;
    local = null;
  }

  @Override
  public void close() {
    heal.run();
    closeStores();
    below.close();
  }
}
