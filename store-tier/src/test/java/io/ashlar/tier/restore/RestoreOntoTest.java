package io.ashlar.tier.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobId;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.BlobModel;
import io.ashlar.tier.Tier;
import io.ashlar.tier.TierConfig;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.collect.Pins;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.FaultyObjectStore.Outcome;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.RequestCounts;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class RestoreOntoTest {
  private static final RestoreOptions ONTO = RestoreOptions.DEFAULTS.withOnto(true);

  @TempDir Path folder;

  private final FaultyObjectStore objects = new FaultyObjectStore(new InMemoryObjectStore());
  private final List<BlobModel> states = new ArrayList<>();
  private final List<Long> checkpoints = new ArrayList<>();
  private final BlobModel model = new BlobModel();
  private int stores;

  private LocalBlobStore local(String name) {
    return LocalBlobStore.builder(folder.resolve(name))
        .config(StoreConfig.DEFAULTS.withPoolBytes(4 << 20).withInitialFileBytes(1 << 20))
        .open();
  }

  private LocalBlobStore fresh() {
    return local("store" + stores++);
  }

  /** Three checkpoints; most blobs are of the first. */
  @BeforeEach
  void tier() {
    try (LocalBlobStore store = local("origin");
        Tier tier =
            Tier.builder(store, objects)
                .config(TierConfig.DEFAULTS.withIntervalMs(0).withBatchBytesTarget(1 << 20))
                .open()) {
      model.putRange(store, 0, 1000, 1);
      model.put(store, 5000, 3, 2_500_000);
      checkpoint(tier);
      model.putRange(store, 100, 120, 2);
      model.delete(store, 7);
      model.put(store, 6000, 1, 0);
      checkpoint(tier);
      model.putRange(store, 110, 130, 4);
      model.put(store, 7, 9, 5_000);
      model.delete(store, 5000);
      checkpoint(tier);
    }
  }

  private void checkpoint(Tier tier) {
    checkpoints.add(tier.checkpoint(TierProgress.NONE).manifestSequence());
    states.add(model.copy());
  }

  private RestoreReport restore(LocalBlobStore into, RestoreOptions options) {
    return Restore.restore(objects, into, options, TierProgress.NONE);
  }

  @Test
  void shouldRestoreAnyCheckpoint() {
    for (int i = 0; i < states.size(); i++) {
      try (LocalBlobStore store = fresh()) {
        RestoreReport report =
            restore(store, RestoreOptions.DEFAULTS.withCheckpoint(checkpoints.get(i)));
        assertThat(report.checkpoint()).isEqualTo(checkpoints.get(i));
        states.get(i).assertHeldBy(store);
      }
    }
    try (LocalBlobStore store = fresh()) {
      assertThatThrownBy(() -> restore(store, RestoreOptions.DEFAULTS.withCheckpoint(99)))
          .isInstanceOf(StoreOpenException.class)
          .hasMessageContaining("no such checkpoint: checkpoint=99");
    }
  }

  @Tag("campaign")
  @Test
  void shouldMoveAStoreFromAnyCheckpointToAnyOtherByFetchingWhatDiffers() {
    for (int from = 0; from < states.size(); from++) {
      for (int to = 0; to < states.size(); to++) {
        try (LocalBlobStore store = fresh()) {
          restore(store, RestoreOptions.DEFAULTS.withCheckpoint(checkpoints.get(from)));
          RequestCounts before = objects.requestCounts();
          RestoreReport report = restore(store, ONTO.withCheckpoint(checkpoints.get(to)));
          states.get(to).assertHeldBy(store);
          assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
          assertThat(report.blobs() + report.keptBlobs()).isEqualTo(states.get(to).size());
          if (from == to) {
            assertThat(report.blobs()).isZero();
            assertThat(report.batchesFetched()).isZero();
            assertThat(report.deletedBlobs()).isZero();
          } else if (from > 0 && to > 0) {
            assertThat(report.keptBlobs()).isGreaterThan(950);
            // Indexes and a few frames, and the large blob where only one has it.
            assertThat(objects.requestCounts().since(before).bytesReceived())
                .isLessThan(from == 2 && to == 1 ? 2_200_000 : 700_000);
          }
        }
      }
    }
  }

  @Test
  void shouldFetchALocalBlobThatIsDamagedOrChanged() {
    try (LocalBlobStore store = fresh()) {
      restore(store, RestoreOptions.DEFAULTS);
      try (Epoch epoch = store.beginEpoch()) {
        epoch.put(BlobModel.id(500), MemorySegment.ofArray(new byte[500 * 977 % 9000]));
        epoch.put(new BlobId(1, 1), MemorySegment.ofArray(new byte[3]));
        epoch.delete(BlobModel.id(600));
        epoch.commit();
      }
      RestoreReport report = restore(store, ONTO);
      assertThat(report.blobs()).isEqualTo(2);
      assertThat(report.deletedBlobs()).isEqualTo(1);
      states.getLast().assertHeldBy(store);
    }
  }

  @Tag("campaign")
  @Test
  void shouldGoOnAfterItWasCutShortAnywhere() {
    AtomicInteger gets = new AtomicInteger();
    int cuts = 0;
    for (int at = 1; ; at += 2) {
      int last = at;
      gets.set(0);
      objects.fault((request, key) ->
          request.equals("get")
                  && key.startsWith(TierKeys.BATCHES)
                  && gets.incrementAndGet() >= last
              ? Outcome.NOT_APPLIED
              : Outcome.ANSWERED);
      try (LocalBlobStore store = fresh()) {
        boolean cut = false;
        try {
          restore(store, RestoreOptions.DEFAULTS);
        } catch (TierUnavailableException e) {
          cut = true;
        }
        objects.heal();
        long there = store.stats().blobs();
        RestoreReport report = restore(store, ONTO);
        states.getLast().assertHeldBy(store);
        assertThat(report.keptBlobs() + report.deletedBlobs()).isEqualTo(there);
        if (!cut) {
          break;
        }
        cuts++;
      }
    }
    assertThat(cuts).isGreaterThan(3);
  }

  @Test
  void shouldReadWhateverIsNotKeptWithRequestsInProportionToBatches() {
    try (LocalBlobStore store = fresh()) {
      long batches =
          ManifestChain.read(
                  new ManifestStore(objects),
                  Objects.requireNonNull(new ManifestStore(objects).latest()))
              .batchesNewestFirst()
              .size();
      // Every tenth blob of those in all batches is missing, so nearly every frame is needed.
      restore(store, RestoreOptions.DEFAULTS);
      try (Epoch epoch = store.beginEpoch()) {
        for (int i = 0; i < 1000; i += 10) {
          epoch.delete(BlobModel.id(i));
        }
        epoch.commit();
      }
      RequestCounts before = objects.requestCounts();
      restore(store, ONTO.withPin(false));
      RequestCounts used = objects.requestCounts().since(before);
      assertThat(used.gets()).isLessThanOrEqualTo(2 * batches + 12);
      states.getLast().assertHeldBy(store);
    }
  }

  @Test
  void shouldPinWhatItReadsAndReleaseThePin() {
    AtomicInteger pins = new AtomicInteger();
    objects.fault((request, key) -> {
      if (request.equals("get") && key.startsWith(TierKeys.BATCHES)) {
        pins.set(1);
      }
      return Outcome.ANSWERED;
    });
    List<Integer> pinned = new ArrayList<>();
    objects.hold(request -> {
      if (request.startsWith("get " + TierKeys.BATCHES)) {
        synchronized (pinned) {
          pinned.add(Pins.list(objects.delegate()).size());
        }
      }
    });
    try (LocalBlobStore store = fresh()) {
      restore(store, RestoreOptions.DEFAULTS);
    }
    objects.hold(request -> {});
    assertThat(pinned).isNotEmpty().containsOnly(1);
    assertThat(Pins.list(objects)).isEmpty();
  }

  @Test
  void shouldRestoreWithoutAPinWhereItMayOnlyRead() {
    objects.fault(
        (request, key) -> request.startsWith("put") ? Outcome.NOT_APPLIED : Outcome.ANSWERED);
    try (LocalBlobStore store = fresh()) {
      restore(store, RestoreOptions.DEFAULTS);
      states.getLast().assertHeldBy(store);
    }
  }

  @Test
  void shouldPlanAgainWhenABatchVanishesUnderIt() {
    // The first manifests list a batch that a collection takes away as soon as it is asked for.
    List<String> firstBatches =
        Objects.requireNonNull(new ManifestStore(objects).find(checkpoints.getFirst()))
            .batches()
            .stream()
            .map(batch -> batch.name())
            .toList();
    assertThat(firstBatches).isNotEmpty();
    objects.hold(request -> {
      if (request.equals("get " + firstBatches.getLast())) {
        objects.delegate().deleteAll(List.of(firstBatches.getLast()));
      }
    });
    try (LocalBlobStore store = fresh()) {
      // Nothing newer is there, so it says what is missing rather than going round.
      assertThatThrownBy(() -> restore(store, RestoreOptions.DEFAULTS.withPin(false)))
          .hasMessageContaining(firstBatches.getLast());
    }
  }

  @Test
  void shouldEndWhenItsThreadIsInterruptedAndGoOnLater() {
    try (LocalBlobStore store = fresh()) {
      Thread.currentThread().interrupt();
      try {
        assertThatThrownBy(() -> restore(store, RestoreOptions.DEFAULTS))
            .isInstanceOf(TierUnavailableException.class);
      } finally {
        assertThat(Thread.interrupted()).isTrue();
      }
      restore(store, ONTO);
      states.getLast().assertHeldBy(store);
    }
  }

  @Test
  void shouldTellProgressUpToTheTotal() {
    long[] total = new long[2];
    long[] done = new long[2];
    TierProgress progress =
        new TierProgress() {
          @Override
          public void onTotal(long blobs, long bytes) {
            total[0] = blobs;
            total[1] = bytes;
          }

          @Override
          public void onProgress(long blobs, long bytes) {
            assertThat(blobs).isGreaterThanOrEqualTo(done[0]);
            done[0] = blobs;
            done[1] = bytes;
          }
        };
    try (LocalBlobStore store = fresh()) {
      restore(store, RestoreOptions.DEFAULTS.withCheckpoint(checkpoints.get(1)));
      Restore.restore(objects, store, ONTO, progress);
      assertThat(done).isEqualTo(total);
    }
  }
}
