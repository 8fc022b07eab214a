package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.FencedException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.restore.Restore;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two stores that were restored from one tier and adopt it at once: exactly one continues, the
 * other is fenced, and the tier holds what the one has. Two copies of one file are {@link
 * TakenOverTest}'s.
 */
@Tag("campaign")
class TwoWritersTest {
  private static final int RACES = Campaign.count("test.races", 50);
  private static final int ROUNDS = 3;

  private static final TierConfig CONFIG =
      TierConfig.DEFAULTS
          .withIntervalMs(0)
          .withBatchBytesTarget(64 << 10)
          .withCollection(CollectionConfig.DEFAULTS.withIntervalMs(0).withRetainCount(1));

  @TempDir Path folder;

  /** What became of a writer. */
  private record Outcome(boolean fenced, int rounds, BlobModel model) {}

  @Test
  void shouldLetExactlyOneOfTwoWritersGoOn() throws Exception {
    long seed = Long.getLong("test.seed", System.nanoTime());
    BlobModel first = new BlobModel();
    int late = 0;
    try (InMemoryObjectStore objects = new InMemoryObjectStore();
        ExecutorService threads = Executors.newFixedThreadPool(2)) {
      try (LocalBlobStore store = LineageLife.local(folder.resolve("first"));
          Tier tier = Tier.builder(store, new FaultyObjectStore(objects)).config(CONFIG).open()) {
        first.putRange(store, 0, 5, 1);
        tier.checkpoint(TierProgress.NONE);
      }
      for (int i = 0; i < 2; i++) {
        try (LocalBlobStore restored = LineageLife.local(folder.resolve("restored-" + i))) {
          Restore.restore(objects, restored, TierProgress.NONE);
        }
      }
      for (int race = 0; race < RACES; race++) {
        try (InMemoryObjectStore own = TierState.copy(objects)) {
          late += race(seed + race, own, first, threads) ? 1 : 0;
        }
      }
    }
    System.out.println(
        "two writers: seed="
            + seed
            + ", races="
            + RACES
            + ", loser came after a collection="
            + late);
    Campaign.report("writers", RACES, 0, seed);
  }

  /** Returns whether the loser came only after the winner had collected. */
  private boolean race(
      long seed, InMemoryObjectStore objects, BlobModel first, ExecutorService threads)
      throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    boolean late = random.nextInt(2) == 0;
    CyclicBarrier together = new CyclicBarrier(2);
    List<Callable<Outcome>> writers = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      Path own = folder.resolve(seed + "-" + i);
      LineageLife.copy(folder.resolve("restored-" + i), own);
      SplittableRandom delays = random.split();
      long blobs = 100L * (i + 1);
      writers.add(() -> write(objects, own, delays, first.copy(), blobs, late, together));
    }
    List<Outcome> outcomes = new ArrayList<>();
    for (Future<Outcome> writer : threads.invokeAll(writers)) {
      outcomes.add(writer.get(60, TimeUnit.SECONDS));
    }
    assertThat(outcomes.stream().filter(Outcome::fenced).count())
        .as("writers fenced, seed=%d", seed)
        .isEqualTo(1);
    Outcome winner = outcomes.get(outcomes.get(0).fenced() ? 1 : 0);
    Outcome loser = outcomes.get(outcomes.get(0).fenced() ? 0 : 1);
    assertThat(winner.rounds()).as("seed=%d", seed).isEqualTo(ROUNDS);
    assertThat(loser.rounds()).as("seed=%d", seed).isZero();
    assertThat(
            winner
                .model()
                .isExactly(
                    TierState.at(
                        objects, Objects.requireNonNull(new ManifestStore(objects).latest()))))
        .as("the tier is the winner's, seed=%d", seed)
        .isTrue();
    return late;
  }

  private static Outcome write(
      InMemoryObjectStore objects,
      Path own,
      SplittableRandom delays,
      BlobModel model,
      long blobs,
      boolean late,
      CyclicBarrier together)
      throws Exception {
    FaultyObjectStore slow = new FaultyObjectStore(objects);
    slow.hold(request -> {
      long ns;
      synchronized (delays) {
        ns = delays.nextInt(4) == 0 ? delays.nextInt(300_000) : 0;
      }
      LockSupport.parkNanos(ns);
    });
    LocalBlobStore store = LocalBlobStore.builder(own).config(TierLife.SMALL).open();
    together.await(120, TimeUnit.SECONDS);
    try (store;
        Tier tier = Tier.builder(store, slow).config(CONFIG).adopt(true).open()) {
      together.await(120, TimeUnit.SECONDS);
      boolean newest = isNewest(objects, slow);
      together.await(120, TimeUnit.SECONDS);
      if (late && !newest) {
        together.await(120, TimeUnit.SECONDS);
      }
      int rounds = 0;
      boolean fenced = false;
      for (int round = 0; round < ROUNDS; round++) {
        model.putRange(store, blobs, blobs + 4, round);
        try {
          tier.checkpoint(TierProgress.NONE);
          rounds++;
          tier.collect(false);
        } catch (FencedException e) {
          fenced = true;
        }
      }
      if (late && newest) {
        together.await(120, TimeUnit.SECONDS);
      }
      together.await(120, TimeUnit.SECONDS);
      return new Outcome(fenced, rounds, model);
    }
  }

  /** Whether no other writer has claimed the prefix after the one with these requests. */
  private static boolean isNewest(InMemoryObjectStore objects, FaultyObjectStore own) {
    String claim =
        own.requests().stream()
            .filter(request -> request.startsWith("putIfAbsent " + TierKeys.MANIFESTS))
            .reduce("", (before, after) -> after);
    return claim.endsWith(Objects.requireNonNull(new ManifestStore(objects).latest()).key());
  }
}
