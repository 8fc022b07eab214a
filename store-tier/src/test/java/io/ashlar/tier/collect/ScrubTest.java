package io.ashlar.tier.collect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.BlobModel;
import io.ashlar.tier.CollectionConfig;
import io.ashlar.tier.Tier;
import io.ashlar.tier.TierConfig;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.FaultyObjectStore.Outcome;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.retry.RetryClock;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScrubTest {
  /** Behind every batch, so that none is read. */
  private static final Scrub.Options NOTHING_MORE =
      new Scrub.Options(0, TierKeys.batch(TierKeys.GENERATION_MAX, 0, TierManifest.newId()), null);

  @TempDir Path folder;

  private final InMemoryObjectStore below = new InMemoryObjectStore();
  private final FaultyObjectStore objects = new FaultyObjectStore(below);
  private final List<String> problems = new ArrayList<>();
  private final List<String> batches = new ArrayList<>();

  private final Scrub.Listener listener =
      new Scrub.Listener() {
        @Override
        public void onBatch(String name, long count, long bytes) {
          batches.add(name);
        }

        @Override
        public void onProblem(Scrub.Problem problem, String object, String message) {
          problems.add(problem + " " + object);
        }
      };

  @BeforeEach
  void tier() {
    LocalBlobStore store =
        LocalBlobStore.builder(folder.resolve("store"))
            .config(
                StoreConfig.DEFAULTS
                    .withPoolBytes(4 << 20)
                    .withInitialFileBytes(1 << 20)
                    .withGrowthBytesMin(1 << 20))
            .open();
    BlobModel model = new BlobModel();
    try (store;
        Tier tier =
            Tier.builder(store, objects)
                .config(
                    TierConfig.DEFAULTS
                        .withIntervalMs(0)
                        .withBatchBytesTarget(64 << 10)
                        .withCollection(CollectionConfig.DEFAULTS.withIntervalMs(0)))
                .open()) {
      for (int i = 0; i < 3; i++) {
        model.putRange(store, 0, 30, i * 100L);
        model.delete(store, i);
        tier.checkpoint(TierProgress.NONE);
      }
    }
  }

  private List<String> keys(String prefix) {
    return below.listAll(prefix).map(ObjectInfo::key).toList();
  }

  private byte[] bytes(String key) {
    byte[] bytes = new byte[(int) java.util.Objects.requireNonNull(below.head(key)).length()];
    below.get(key, 0, MemorySegment.ofArray(bytes));
    return bytes;
  }

  private Scrub.Report scrub(Scrub.Options options) {
    return Scrub.run(objects, options, listener);
  }

  @Test
  void shouldReadEveryBatchOnceAndWriteNothing() {
    int before = objects.requests().size();
    Scrub.Report report = scrub(Scrub.Options.ALL);
    assertThat(report.clean()).isTrue();
    assertThat(report.batches()).isEqualTo(keys(TierKeys.BATCHES).size());
    assertThat(report.bytes())
        .isEqualTo(below.listAll(TierKeys.BATCHES).mapToLong(ObjectInfo::length).sum());
    assertThat(batches).isEqualTo(keys(TierKeys.BATCHES));
    assertThat(problems).isEmpty();
    assertThat(objects.requests().subList(before, objects.requests().size()))
        .allMatch(r -> r.startsWith("get ") || r.startsWith("list ") || r.startsWith("head "));
  }

  @Test
  void shouldFindEveryKindOfDamageAnywhereInABatch() {
    String key = keys(TierKeys.BATCHES).getFirst();
    byte[] whole = bytes(key);
    int step = Math.max(1, whole.length / 23);
    int tried = 0;
    for (int at = 0; at < whole.length; at += step) {
      byte[] flipped = whole.clone();
      flipped[at] ^= 1;
      below.put(key, ObjectBody.of(flipped));
      problems.clear();
      assertThat(scrub(Scrub.Options.ALL).damaged()).as("flipped at %d", at).isEqualTo(1);
      assertThat(problems).containsExactly("DAMAGED " + key);
      tried++;
    }
    assertThat(tried).isGreaterThan(20);
    below.put(key, ObjectBody.of(java.util.Arrays.copyOf(whole, whole.length - 1)));
    assertThat(scrub(Scrub.Options.ALL).damaged()).isEqualTo(1);
  }

  @Test
  @Tag("campaign")
  void shouldFindAChangedBitInEveryObjectThatIsNoBatch() {
    try (Pins.Pinned pinned = java.util.Objects.requireNonNull(Pins.take(below, 2, "a test"))) {
      for (String key : List.of(TierKeys.manifest(2), TierKeys.LATEST, pinned.pin().key())) {
        byte[] whole = bytes(key);
        int step = key.equals(TierKeys.LATEST) ? 1 : 7;
        for (int bit = 0; bit < whole.length * Byte.SIZE; bit += step) {
          byte[] flipped = whole.clone();
          flipped[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
          below.put(key, ObjectBody.of(flipped));
          problems.clear();
          assertThat(scrub(NOTHING_MORE).clean()).as("bit %d of %s", bit, key).isFalse();
          assertThat(problems).contains("DAMAGED " + key);
        }
        below.put(key, ObjectBody.of(whole));
      }
      problems.clear();
      assertThat(scrub(Scrub.Options.ALL).clean()).isTrue();
      String unsealed = "{\"version\":1,\"sequence\":2,\"owner\":\"x\"}";
      below.put(pinned.pin().key(), ObjectBody.of(unsealed.getBytes(StandardCharsets.UTF_8)));
      assertThat(scrub(Scrub.Options.ALL).clean()).isTrue();
    }
  }

  @Test
  void shouldReportADamagedBoundaryBeforeItGivesUp() {
    below.put(TierKeys.BOUNDARY, ObjectBody.of(new byte[] {'{', '}'}));
    assertThatThrownBy(() -> scrub(Scrub.Options.ALL))
        .isInstanceOf(CorruptionException.class)
        .hasMessageContaining(TierKeys.BOUNDARY);
    assertThat(problems).containsExactly("DAMAGED " + TierKeys.BOUNDARY);
  }

  @Test
  void shouldReportWhatIsMissingAndWhatNothingNeeds() {
    List<String> all = keys(TierKeys.BATCHES);
    String lost = all.get(1);
    String manifest = TierKeys.manifest(2);
    String orphan = TierKeys.batch(1, 0, TierManifest.newId());
    String inFlight = TierKeys.batch(1, 5_000, TierManifest.newId());
    below.deleteAll(List.of(lost));
    byte[] broken = bytes(manifest);
    broken[0] = 'x';
    Scrub.Report first = scrub(Scrub.Options.ALL);
    assertThat(problems).containsExactly("MISSING " + lost);
    assertThat(first.missing()).isEqualTo(1);
    problems.clear();
    below.put(manifest, ObjectBody.of(broken));
    below.put(inFlight, ObjectBody.of(new byte[5]));
    below.put(TierKeys.batch(1, 999, TierManifest.newId()), ObjectBody.of(new byte[5]));
    assertThat(scrub(Scrub.Options.ALL).clean()).isFalse();
    assertThat(problems).contains("DAMAGED " + manifest);
    assertThat(orphan).isNotEmpty();
  }

  @Test
  void shouldGoOnWhereARunBrokeOff() {
    List<String> all = keys(TierKeys.BATCHES);
    objects.fault((request, key) ->
        request.equals("get") && key.equals(all.get(3)) ? Outcome.NOT_APPLIED : Outcome.ANSWERED);
    List<String> before = keys("");
    assertThatThrownBy(() -> scrub(Scrub.Options.ALL)).isInstanceOf(TierUnavailableException.class);
    assertThat(keys("")).isEqualTo(before);
    assertThat(batches.getLast()).isEqualTo(all.get(2));
    objects.heal();
    Scrub.Report rest = scrub(new Scrub.Options(0, batches.getLast(), null));
    assertThat(rest.batches()).isEqualTo(all.size() - 3);
    assertThat(batches).isEqualTo(all);
  }

  @Test
  void shouldReadNoFasterThanAllowed() {
    long[] waitedNs = {0};
    RetryClock clock =
        new RetryClock() {
          @Override
          public long nowNs() {
            return waitedNs[0];
          }

          @Override
          public boolean pause(long ns, CountDownLatch cancelled) {
            waitedNs[0] += ns;
            return false;
          }
        };
    Scrub.Report report =
        Scrub.run(objects, new Scrub.Options(100_000, null, null), listener, clock);
    assertThat(waitedNs[0])
        .isCloseTo(report.bytes() * 10_000, org.assertj.core.data.Percentage.withPercentage(1));
  }
}
