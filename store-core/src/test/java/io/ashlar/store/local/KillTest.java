package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.Campaign;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.spi.BlobChange;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * SIGKILL of a real JVM in the middle of commits (G1, G2, G3): whatever it saw acknowledged is
 * there, no epoch is there in part, and what is there is a prefix of the epochs.
 *
 * <p>{@code -Dkill.cycles} sets how often (the soak asks for more), {@code -Dtest.seed} repeats the
 * workload; the moment of the kill is as random as the machine.
 */
@Tag("campaign")
class KillTest {

  private static final int CYCLES = Campaign.count("kill.cycles", 20);
  private static final int CYCLES_PER_STORE = 10;
  private static final int RUN_MS_MAX = 500;

  @TempDir Path folder;

  private final long seed = Long.getLong("test.seed", System.nanoTime());
  private final KillPlan plans = new KillPlan(seed);
  private final SplittableRandom random = new SplittableRandom(seed);

  /** What must be in the store when a cycle begins: key to the token that put it. */
  private final Map<Integer, Found> baseline = new TreeMap<>();

  private long baselineEpoch;
  private int runs;
  private int kills;
  private long acknowledged;
  private long begun;
  private long keptUnacknowledged;
  private long dropped;

  /** What the children of one cycle wrote. */
  private static final class Ledger {
    final Set<Long> begun = new HashSet<>();
    final Map<Long, Long> acknowledged = new HashMap<>();

    void read(List<String> lines) {
      for (String line : lines) {
        String[] words = line.split(" ", -1);
        switch (words[0]) {
          case "B" -> begun.add(Long.parseLong(words[1]));
          case "A" -> {
            Long before = acknowledged.put(Long.parseLong(words[1]), Long.parseLong(words[2]));
            assertThat(before).as("acknowledged twice: %s", line).isNull();
          }
          default -> assertThat(line).isEqualTo("READY");
        }
      }
    }
  }

  /** A blob of the id space: who put it, how long it is, the log record that did. */
  private record Found(long token, int length, long sequence) {}

  /** An epoch that is in the store: its plan, its log record, its number when that is known. */
  private record Kept(KillPlan.Plan plan, long sequence, long epoch) {}

  @Test
  void shouldKeepEveryAcknowledgedEpochWholeAndInOrderWhenKilled() throws Exception {
    System.out.printf("KillTest: seed=%d, cycles=%d%n", seed, CYCLES);
    for (int cycle = 0; cycle < CYCLES; cycle++) {
      Path place = folder.resolve("store" + cycle / CYCLES_PER_STORE);
      if (cycle % CYCLES_PER_STORE == 0) {
        baseline.clear();
        baselineEpoch = 0;
      }
      Ledger ledger = new Ledger();
      StoreConfig.Engine engine = engine(cycle % 2 == 0);
      kill(place, engine, ledger, random.nextInt(RUN_MS_MAX), true);
      if (random.nextInt(4) == 0) { // and again, early: while it starts, or recovers
        kill(place, engine, ledger, 200 + random.nextInt(RUN_MS_MAX), false);
      }
      StoreConfig config = KilledChild.CONFIG.withEngine(engine(random.nextBoolean()));
      try (DataFileStore store =
          (DataFileStore) LocalBlobStore.builder(place).config(config).open()) {
        check(store, ledger, "cycle=" + cycle + ", engine=" + engine + ", seed=" + seed);
      }
      if (cycle % CYCLES_PER_STORE == CYCLES_PER_STORE - 1) {
        delete(place);
      }
    }
    System.out.printf(
        "KillTest: cycles=%d, kills=%d, begun=%d, acknowledged=%d, kept unacknowledged=%d,"
            + " dropped=%d, seed=%d%n",
        CYCLES, kills, begun, acknowledged, keptUnacknowledged, dropped, seed);
    Campaign.report("kill", CYCLES, 0, seed);
    assertThat(acknowledged).as("the children committed nothing").isGreaterThan(CYCLES);
  }

  private void kill(
      Path place, StoreConfig.Engine engine, Ledger ledger, long afterMs, boolean whenReady)
      throws Exception {
    try (ChildJvm child =
        ChildJvm.start(
            List.of("-Xmx256m", "-XX:+UseSerialGC"),
            KilledChild.class,
            place.toString(),
            engine.name(),
            Long.toString(seed),
            Integer.toString(++runs))) {
      if (whenReady) {
        child.awaitReady();
      }
      Thread.sleep(afterMs);
      child.kill();
      kills++;
      assertThat(child.exitCode()).as("killed, not ended by itself: %s", child).isEqualTo(137);
      ledger.read(child.output());
    }
  }

  private static StoreConfig.Engine engine(boolean uring) {
    return uring ? StoreConfig.Engine.AUTO : StoreConfig.Engine.PREAD_PWRITE;
  }

  private static void delete(Path place) throws IOException {
    Files.delete(place.resolve("ashlar.data"));
    Files.delete(place);
  }

  private void check(DataFileStore store, Ledger ledger, String when) {
    Map<Integer, Found> found = new TreeMap<>();
    Map<Long, Kept> kept = new HashMap<>();
    List<BlobChange> blobs = new ArrayList<>();
    store.forEachChange(0, Long.MAX_VALUE, blobs::add);
    for (BlobChange blob : blobs) {
      byte[] value = read(store, blob.id());
      if (KillPlan.isManifest(blob.id().high())) {
        long token = blob.id().low();
        KillPlan.Plan plan = plans.plan(token);
        assertThat(value)
            .as("manifest of %d, %s", token, when)
            .isEqualTo(KillPlan.manifestOf(plan));
        long epoch = ledger.acknowledged.getOrDefault(token, -1L);
        kept.put(token, new Kept(plan, blob.sequence(), epoch));
      } else {
        int key = (int) blob.id().low();
        long token = KillPlan.getLong(value, 0);
        assertThat(value)
            .as("value of key %d by %d, %s", key, token, when)
            .isEqualTo(plans.value(token, key, value.length));
        found.put(key, new Found(token, value.length, blob.sequence()));
      }
    }
    checkPrefix(ledger, kept, store.durableEpoch(), when);
    checkOrder(ledger, kept, when);
    checkWholeness(kept, found, when);
    assertThat(store.verify(VerifyListener.NONE))
        .as("verify, %s", when)
        .matches(report -> report.clean(), "is clean");
    begun += ledger.begun.size();
    acknowledged += ledger.acknowledged.size();
    keptUnacknowledged += kept.size() - ledger.acknowledged.size();
    dropped += ledger.begun.size() - kept.size();
    forgetManifests(store, kept.keySet());
    baseline.clear();
    baseline.putAll(found);
    baselineEpoch = store.durableEpoch();
  }

  private static byte[] read(DataFileStore store, BlobId id) {
    try (BlobLease lease = store.get(id)) {
      assertThat(lease).isNotNull();
      return lease.value().toArray(ValueLayout.JAVA_BYTE);
    }
  }

  /** G2 and G3: all that was acknowledged, all before it, and nothing that was never begun. */
  private void checkPrefix(Ledger ledger, Map<Long, Kept> kept, long durableEpoch, String when) {
    assertThat(kept.keySet())
        .as("acknowledged epochs that are lost, %s", when)
        .containsAll(ledger.acknowledged.keySet());
    assertThat(ledger.begun).as("epochs of nobody, %s", when).containsAll(kept.keySet());
    assertThat(new HashSet<>(ledger.acknowledged.values()))
        .as("epoch numbers given twice, %s", when)
        .hasSameSizeAs(ledger.acknowledged.values());
    assertThat(ledger.acknowledged.values())
        .as("epoch numbers beyond the end, %s", when)
        .allMatch(epoch -> epoch > baselineEpoch && epoch <= durableEpoch);
    assertThat((long) kept.size())
        .as("epochs from the first to the last that was kept, %s", when)
        .isEqualTo(durableEpoch - baselineEpoch);
  }

  /** A thread's epochs are numbered, and kept, in the order in which it committed them. */
  private static void checkOrder(Ledger ledger, Map<Long, Kept> kept, String when) {
    Map<Long, TreeMap<Long, Boolean>> lanes = new HashMap<>();
    for (long token : ledger.begun) {
      lanes
          .computeIfAbsent(KillPlan.lane(token), lane -> new TreeMap<>())
          .put(token, kept.containsKey(token));
    }
    for (TreeMap<Long, Boolean> lane : lanes.values()) {
      boolean ended = false;
      long epoch = 0;
      long sequence = 0;
      for (Map.Entry<Long, Boolean> turn : lane.entrySet()) {
        Kept now = kept.get(turn.getKey());
        if (now == null) {
          ended = true;
          continue;
        }
        assertThat(ended).as("kept behind one that was dropped: %s, %s", now, when).isFalse();
        assertThat(now.sequence()).as("%s, %s", now, when).isGreaterThanOrEqualTo(sequence);
        sequence = now.sequence();
        if (now.epoch() >= 0) {
          assertThat(now.epoch()).as("%s, %s", now, when).isGreaterThan(epoch);
          epoch = now.epoch();
        }
      }
    }
  }

  /** G1: each key is as the last epoch that is kept and touched it left it. */
  private void checkWholeness(Map<Long, Kept> kept, Map<Integer, Found> found, String when) {
    for (int key = 0; key < KillPlan.KEYS; key++) {
      Found now = found.get(key);
      List<Kept> last = lastToTouch(kept, key);
      if (last.isEmpty()) {
        assertThat(now).as("untouched key %d, %s", key, when).isEqualTo(baseline.get(key));
        continue;
      }
      boolean matches = false;
      for (Kept candidate : last) {
        matches |= isLeftBy(candidate, key, now);
      }
      assertThat(matches)
          .as("key %d holds %s, last touched by %s, %s", key, now, last, when)
          .isTrue();
    }
  }

  /**
   * Returns who may have touched a key last: of those in the highest log record, the one with the
   * highest epoch number, and those whose number died with the child.
   */
  private static List<Kept> lastToTouch(Map<Long, Kept> kept, int key) {
    List<Kept> last = new ArrayList<>();
    long sequence = 0;
    long epoch = -1;
    for (Kept candidate : kept.values()) {
      boolean touches =
          candidate.plan().operations().stream().anyMatch(operation -> operation.key() == key);
      if (touches && candidate.sequence() >= sequence) {
        if (candidate.sequence() > sequence) {
          last.clear();
          epoch = -1;
          sequence = candidate.sequence();
        }
        last.add(candidate);
        epoch = Math.max(epoch, candidate.epoch());
      }
    }
    long highest = epoch;
    last.removeIf(candidate -> candidate.epoch() >= 0 && candidate.epoch() < highest);
    return last;
  }

  private static boolean isLeftBy(Kept epoch, int key, @Nullable Found now) {
    int length = -1;
    for (KillPlan.Operation operation : epoch.plan().operations()) {
      length = operation.key() == key ? operation.length() : length;
    }
    return now == null
        ? length < 0
        : now.equals(new Found(epoch.plan().token(), length, epoch.sequence()));
  }

  private static void forgetManifests(DataFileStore store, Set<Long> tokens) {
    try (Epoch epoch = store.beginEpoch()) {
      for (long token : tokens) {
        epoch.delete(KillPlan.manifest(token));
      }
      epoch.commit();
    }
  }
}
