package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.TierDamagedException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.FaultyObjectStore.Outcome;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.PutResult;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is asked of the object store before local copies are dropped, and what stops that. */
class EvidenceTest {
  private static final TierConfig MANUAL =
      TierConfig.DEFAULTS
          .withIntervalMs(0)
          .withBatchBytesTarget(64 << 10)
          .withReadBack(ReadBackConfig.DEFAULTS.withCacheBytes(0))
          .withCollection(CollectionConfig.DEFAULTS.withIntervalMs(0));

  /** More than half of a batch, so that each is alone in one. */
  private static final int BLOB_BYTES = 40_000;

  private static final long FOR_ONE = 100;

  @TempDir Path folder;

  private final InMemoryObjectStore below = new InMemoryObjectStore();
  private final Gateway objects = new Gateway(below);
  private final BlobModel model = new BlobModel();
  private final List<AutoCloseable> opened = new ArrayList<>();

  @SuppressWarnings("NullAway.Init") // each test opens it first
  private LocalBlobStore store;

  @SuppressWarnings("NullAway.Init") // each test opens it first
  private Tier tier;

  @AfterEach
  void close() throws Exception {
    objects.heal();
    for (AutoCloseable each : opened.reversed()) {
      each.close();
    }
    opened.clear();
  }

  /** A gateway that may answer that it stored a batch which it did not, and tell useless etags. */
  private static final class Gateway extends FaultyObjectStore {
    private final InMemoryObjectStore below;
    Predicate<String> swallows = key -> false;
    boolean tellsUselessEtags;

    Gateway(InMemoryObjectStore below) {
      super(below);
      this.below = below;
    }

    @Override
    public PutResult.Stored put(String key, ObjectBody body) {
      PutResult.Stored stored = super.put(key, body);
      if (swallows.test(key)) {
        assertThat(below.deleteAll(List.of(key)).failed()).isEmpty();
      }
      return tellsUselessEtags ? new PutResult.Stored("same") : stored;
    }

    @Override
    public @Nullable ObjectInfo head(String key) {
      ObjectInfo info = super.head(key);
      return info == null || !tellsUselessEtags
          ? info
          : new ObjectInfo(key, info.length(), "same", info.modifiedMs(), null, info.crc32c());
    }
  }

  private void open(TierConfig config) {
    store = LocalBlobStore.builder(folder.resolve("store")).config(TierLife.SMALL).open();
    opened.add(store);
    openTier(config);
  }

  private void openTier(TierConfig config) {
    tier = Tier.builder(store, objects).config(config).open();
    opened.add(tier);
  }

  private void put(long from, long to) {
    for (long number = from; number < to; number++) {
      model.put(store, number, number, BLOB_BYTES);
    }
  }

  /** Puts and tiers blobs, each in a batch of its own. */
  private void tier(long from, long to) {
    put(from, to);
    assertThat(tier.checkpoint(TierProgress.NONE).batches()).isEqualTo(to - from);
  }

  private long evict(long from, long to) {
    return tier.evict(id -> id.low() >= from && id.low() < to);
  }

  private List<String> batches() {
    return below.listAll(TierKeys.BATCHES).map(ObjectInfo::key).toList();
  }

  private void lose(String key) {
    assertThat(below.deleteAll(List.of(key)).failed()).isEmpty();
  }

  private List<String> requestsOf(Runnable work) {
    int before = objects.requests().size();
    work.run();
    return objects.requests().subList(before, objects.requests().size());
  }

  private EvidenceStats stats() {
    return tier.stats().evidence();
  }

  private void assertStopped(long from, long to, String... missing) {
    long evicted = store.stats().evictedBlobs();
    assertThatThrownBy(() -> evict(from, to))
        .isInstanceOfSatisfying(
            TierDamagedException.class, e -> assertThat(e.objects()).containsExactly(missing));
    assertThat(store.stats().evictedBlobs()).isEqualTo(evicted);
    assertThat(stats().missingObjects()).isEqualTo(missing.length);
  }

  @Test
  void shouldAskForEachBatchAndEachManifestOnce() {
    open(MANUAL);
    tier(1, 4);
    List<String> batches = batches();
    String boundary = "get " + TierKeys.BOUNDARY;
    String next = "head " + TierKeys.manifest(3);
    assertThat(requestsOf(() -> assertThat(evict(1, 2)).isEqualTo(1)))
        .containsExactly(
            next,
            next,
            boundary,
            boundary, // both absent, so twice each
            "list manifests/",
            "list batches/",
            "head " + batches.getFirst());
    assertThat(requestsOf(() -> assertThat(evict(1, 3)).isEqualTo(1)))
        .containsExactly(next, next, boundary, boundary, "head " + batches.get(1));
    // A batch of two blobs, in two evictions.
    model.put(store, 10, 1, FOR_ONE);
    model.put(store, 11, 1, FOR_ONE);
    tier.checkpoint(TierProgress.NONE);
    String later = "head " + TierKeys.manifest(4);
    assertThat(requestsOf(() -> assertThat(evict(10, 11)).isEqualTo(1)))
        .containsExactly(later, later, boundary, boundary, next, "head " + batches().getLast());
    assertThat(requestsOf(() -> assertThat(evict(11, 12)).isEqualTo(1)))
        .containsExactly(later, later, boundary, boundary);
    assertThat(requestsOf(() -> assertThat(evict(1, 3)).isZero())).isEmpty();
    assertThat(stats()).isEqualTo(new EvidenceStats(1, stats().lastCheckMs(), 0, 0, 3));
    model.assertHeldBy(store);
  }

  @Test
  void shouldListWhereManyBatchesWereNotSeen() {
    open(MANUAL);
    int count = 110;
    tier(0, count);
    String lost = batches().get(17);
    byte[] bytes = DamagedTier.bytes(below, lost);
    lose(lost);
    assertStopped(0, count, lost);
    below.put(lost, ObjectBody.of(bytes));
    List<String> requests = requestsOf(() -> assertThat(evict(0, count)).isEqualTo(count));
    assertThat(requests.stream().filter(r -> r.startsWith("list")))
        .containsExactly("list manifests/", "list batches/", "list manifests/", "list batches/");
    assertThat(requests).hasSize(4 + 4);
    assertThat(stats()).isEqualTo(new EvidenceStats(2, stats().lastCheckMs(), 0, 1, count));
  }

  @Test
  void shouldCheckPresenceAgainAfterTheInterval() { // E4
    open(MANUAL.withPresenceIntervalMs(0));
    tier(1, 4);
    assertThat(evict(1, 2)).isEqualTo(1);
    byte[] manifest = DamagedTier.bytes(below, TierKeys.manifest(1));
    byte[] batch = DamagedTier.bytes(below, batches().getFirst());
    String needed = batches().getFirst();
    lose(TierKeys.manifest(1));
    assertStopped(2, 3, TierKeys.manifest(1));
    lose(needed);
    assertStopped(2, 3, TierKeys.manifest(1), needed);
    below.put(TierKeys.manifest(1), ObjectBody.of(manifest));
    // As long as it has to be is known, as this open wrote it.
    below.put(needed, ObjectBody.of(Arrays.copyOf(batch, batch.length - 1)));
    assertStopped(2, 3, needed);
    below.put(needed, ObjectBody.of(batch));
    assertThat(evict(2, 3)).isEqualTo(1);
    assertThat(stats().missingObjects()).isZero();
    assertThat(stats().stopped()).isEqualTo(3);
    assertThat(stats().presenceChecks()).isEqualTo(5);
  }

  @Test
  void shouldNotCheckPresenceAgainWithinTheInterval() {
    open(MANUAL.withPresenceIntervalMs(86_400_000));
    tier(1, 4);
    assertThat(evict(1, 2)).isEqualTo(1);
    lose(TierKeys.manifest(1));
    assertThat(evict(2, 3)).isEqualTo(1);
    assertThat(stats().presenceChecks()).isEqualTo(1);
    // A later open checks before its first.
    tier.close();
    openTier(MANUAL.withPresenceIntervalMs(86_400_000));
    assertStopped(3, 4, TierKeys.manifest(1));
  }

  @Test
  void shouldMissFramesThatWereEvictedToByAnEarlierOpen() {
    open(MANUAL);
    tier(1, 4);
    assertThat(evict(1, 2)).isEqualTo(1);
    tier.close();
    String needed = batches().getFirst();
    byte[] bytes = DamagedTier.bytes(below, needed);
    below.put(needed, ObjectBody.of(Arrays.copyOf(bytes, bytes.length / 2)));
    openTier(MANUAL);
    assertStopped(2, 3, needed);
    below.put(needed, ObjectBody.of(bytes));
    assertThat(evict(1, 4)).isEqualTo(2);
    model.assertHeldBy(store);
  }

  @Test
  void shouldMissAManifestThatWasCommittedSinceTheCheck() {
    open(MANUAL);
    tier(1, 3);
    assertThat(evict(1, 2)).isEqualTo(1);
    tier(3, 4);
    lose(TierKeys.manifest(3));
    assertStopped(2, 3, TierKeys.manifest(3));
  }

  @Test
  void shouldNotEvictToABatchThatWasOnlySaidToBeStored() { // E5
    open(MANUAL);
    tier(1, 3);
    Set<String> swallowed = new TreeSet<>();
    objects.swallows = key -> key.startsWith(TierKeys.BATCHES) && swallowed.add(key);
    tier(3, 4);
    String[] missing = swallowed.toArray(String[]::new);
    assertStopped(0, 10, missing);
    assertThat(evict(1, 3)).isEqualTo(2); // what does not need it
    assertStopped(3, 4, missing);
    // The gateway has learned nothing: a repair packs the blob anew.
    assertThatThrownBy(
            () -> tier.repair(RepairOptions.DEFAULTS, TierProgress.NONE, LossListener.NONE))
        .isInstanceOf(TierDamagedException.class);
    assertThat(swallowed).hasSize(2);
    objects.swallows = key -> false;
    tier.repair(RepairOptions.DEFAULTS, TierProgress.NONE, LossListener.NONE);
    assertThat(evict(3, 4)).isEqualTo(1);
    model.assertHeldBy(store);
  }

  @Test
  void shouldNotEvictToABatchOfAnotherLength() {
    objects.tellsUselessEtags = true;
    open(MANUAL);
    tier(1, 3);
    String batch = batches().getFirst();
    byte[] bytes = DamagedTier.bytes(below, batch);
    below.put(batch, ObjectBody.of(Arrays.copyOf(bytes, bytes.length + 1)));
    assertStopped(1, 2, batch);
    assertThat(evict(2, 3)).isEqualTo(1);
  }

  @Test
  void shouldNotEvictToABatchOfAnotherChecksum() {
    objects.tellsUselessEtags = true;
    below.tellChecksums();
    open(MANUAL);
    tier(1, 3);
    tier.close();
    openTier(MANUAL); // and what an earlier open stored
    tier(3, 4);
    for (int i = 0; i < 3; i += 2) {
      String batch = batches().get(i);
      byte[] bytes = DamagedTier.bytes(below, batch);
      byte[] other = bytes.clone();
      other[100] ^= 1;
      below.put(batch, ObjectBody.of(other));
      assertStopped(i + 1, i + 2, batch);
      below.put(batch, ObjectBody.of(bytes));
    }
    assertThat(evict(1, 4)).isEqualTo(3);
    model.assertHeldBy(store);
  }

  @Test
  void shouldReadABatchWhoseEtagIsAnotherThanThatOfItsPut() {
    open(MANUAL);
    tier(1, 3);
    String batch = batches().getFirst();
    byte[] bytes = DamagedTier.bytes(below, batch);
    byte[] other = bytes.clone();
    other[100] ^= 1;
    below.put(batch, ObjectBody.of(other));
    assertStopped(1, 2, batch);
    below.put(batch, ObjectBody.of(bytes));
    assertThat(requestsOf(() -> assertThat(evict(1, 3)).isEqualTo(2))).contains("get " + batch);
    model.assertHeldBy(store);
  }

  @Test
  void shouldNotEvictWhileTheObjectStoreDoesNotAnswer() {
    open(MANUAL.withPresenceIntervalMs(0));
    tier(1, 3);
    for (String unanswered :
        List.of(
            "head " + TierKeys.BATCHES,
            "list " + TierKeys.BATCHES,
            "list " + TierKeys.MANIFESTS,
            "head " + TierKeys.MANIFESTS,
            "get " + TierKeys.BOUNDARY)) {
      objects.fault((request, key) ->
          (request + " " + key).startsWith(unanswered) ? Outcome.NOT_APPLIED : Outcome.ANSWERED);
      for (boolean oldest : new boolean[] {true, false}) {
        assertThatThrownBy(
                () -> {
                  long evicted = oldest ? tier.evictOldest(1, id -> true) : evict(0, 10);
                  assertThat(evicted).isNegative();
                })
            .as(unanswered)
            .isInstanceOf(TierUnavailableException.class);
      }
      assertThat(store.stats().evictedBlobs()).isZero();
    }
    assertThat(stats().stopped()).isZero();
    assertThat(stats().missingObjects()).isZero();
    objects.heal();
    assertThat(evict(0, 10)).isEqualTo(2);
  }

  @Test
  void shouldNotCallOneBadAnswerDamage() {
    open(MANUAL.withPresenceIntervalMs(0));
    tier(1, 20);
    int evicted = 1;
    for (Outcome bad : List.of(Outcome.ABSENT, Outcome.EMPTY, Outcome.SHORT, Outcome.WRONG)) {
      for (String badly :
          List.of(
              "head " + TierKeys.BATCHES,
              "list " + TierKeys.BATCHES,
              "list " + TierKeys.MANIFESTS)) {
        AtomicInteger left = new AtomicInteger(1);
        objects.fault((request, key) ->
            (request + " " + key).startsWith(badly) && left.getAndDecrement() > 0
                ? bad
                : Outcome.ANSWERED);
        assertThat(evict(evicted, evicted + 1)).as("%s to %s", bad, badly).isEqualTo(1);
        evicted++;
      }
    }
    assertThat(stats().stopped()).isZero();
    model.assertHeldBy(store);
  }

  @Test
  void shouldStopMakingRoomAndGoOnWithUploads() {
    open(
        MANUAL
            .withSpace(SpaceConfig.DEFAULTS.withHighBytes(100_000).withLowBytes(50_000))
            .withPresenceIntervalMs(0));
    tier(1, 5);
    long evicted = store.stats().evictedBlobs();
    assertThat(evicted).isPositive();
    String needed = batches().getFirst();
    byte[] bytes = DamagedTier.bytes(below, needed);
    lose(needed);
    tier(5, 9);
    assertThat(store.stats().evictedBlobs()).isEqualTo(evicted);
    assertThat(stats().stopped()).isEqualTo(1);
    assertThat(stats().missingObjects()).isEqualTo(1);
    tier.awaitTiered(store.durableEpoch());
    below.put(needed, ObjectBody.of(bytes));
    tier(9, 10);
    assertThat(store.stats().evictedBlobs()).isGreaterThan(evicted + 4);
    assertThat(stats().missingObjects()).isZero();
    model.assertHeldBy(store);
  }

  @Test
  void shouldTierThoughNoRoomCanBeMadeForWantOfAnAnswer() {
    open(MANUAL.withSpace(SpaceConfig.DEFAULTS.withHighBytes(100_000).withLowBytes(50_000)));
    objects.fault(
        (request, key) -> request.equals("list") ? Outcome.NOT_APPLIED : Outcome.ANSWERED);
    tier(1, 5);
    assertThat(store.stats().evictedBlobs()).isZero();
    objects.heal();
    tier(5, 6);
    assertThat(store.stats().evictedBlobs()).isPositive();
    assertThat(stats().stopped()).isZero();
    model.assertHeldBy(store);
  }

  @Test
  void shouldNotAskAgainAfterEachPassWhileNoRoomCanBeMade() {
    open(MANUAL.withSpace(SpaceConfig.DEFAULTS.withHighBytes(100_000).withLowBytes(50_000)));
    lose(TierKeys.manifest(1));
    tier(1, 5);
    assertThat(stats().stopped()).isEqualTo(1);
    assertThat(requestsOf(() -> tier(5, 6))).noneMatch(request -> request.startsWith("list"));
    assertThat(stats().stopped()).isEqualTo(1);
    tier.repair(RepairOptions.DEFAULTS, TierProgress.NONE, LossListener.NONE);
    tier(6, 7);
    assertThat(store.stats().evictedBlobs()).isPositive();
    model.assertHeldBy(store);
  }

  @Test
  void shouldNotReadFromABatchOfCompactionThatIsNotThere() {
    open(
        MANUAL.withCollection(
            CollectionConfig.DEFAULTS
                .withIntervalMs(0)
                .withRetainCount(1)
                .withCompactBelowPercent(70)));
    model.putRange(store, 0, 30, 1);
    tier.checkpoint(TierProgress.NONE);
    long evicted = tier.evict(id -> id.low() % 5 == 1);
    model.putRange(store, 2, 6, 2);
    model.putRange(store, 7, 11, 2);
    model.putRange(store, 12, 16, 2);
    model.putRange(store, 17, 21, 2);
    model.putRange(store, 22, 26, 2);
    model.putRange(store, 27, 30, 2);
    tier.checkpoint(TierProgress.NONE);
    objects.swallows = key -> key.startsWith(TierKeys.BATCHES);
    assertThatThrownBy(() -> tier.collect(false)).isInstanceOf(TierDamagedException.class);
    // Now it is part of the chain, which a collection reads.
    assertThatThrownBy(() -> tier.collect(false)).isInstanceOf(CorruptionException.class);
    objects.swallows = key -> false;
    assertThat(store.stats().evictedBlobs()).isEqualTo(evicted).isPositive();
    model.assertHeldBy(store);
    tier.repair(RepairOptions.DEFAULTS, TierProgress.NONE, LossListener.NONE);
    tier.collect(false);
    model.assertHeldBy(store);
  }

  @Test
  void shouldNotReadFromABatchOfARepairThatIsNotThere() {
    open(MANUAL);
    model.putRange(store, 0, 30, 1);
    tier.checkpoint(TierProgress.NONE);
    long evicted = tier.evict(id -> id.low() % 2 == 1);
    // Its footer is damaged, so what is evicted to it is copied elsewhere.
    String batch = batches().getFirst();
    byte[] bytes = DamagedTier.bytes(below, batch);
    bytes[bytes.length - 12] ^= 1;
    below.put(batch, ObjectBody.of(bytes));
    objects.swallows = key -> key.startsWith(TierKeys.BATCHES);
    assertThatThrownBy(
            () -> tier.repair(RepairOptions.DEFAULTS, TierProgress.NONE, LossListener.NONE))
        .isInstanceOf(TierDamagedException.class);
    objects.swallows = key -> false;
    assertThat(store.stats().evictedBlobs()).isEqualTo(evicted).isPositive();
    model.assertHeldBy(store);
    tier.repair(RepairOptions.DEFAULTS, TierProgress.NONE, LossListener.NONE);
    model.assertHeldBy(store);
  }
}
