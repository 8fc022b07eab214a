package io.ashlar.tier;

import static io.ashlar.tier.object.FaultyObjectStore.Outcome.ANSWERED;
import static io.ashlar.tier.object.FaultyObjectStore.Outcome.NOT_APPLIED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobStore;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.FencedException;
import io.ashlar.store.StoreClosedException;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.RequestCounts;
import io.ashlar.tier.object.directory.FileObjectStore;
import io.ashlar.tier.restore.Restore;
import io.ashlar.tier.restore.RestoreReport;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class TierTest {
  private static final TierConfig MANUAL =
      TierConfig.DEFAULTS.withIntervalMs(0).withBatchBytesTarget(64 << 10);

  @TempDir Path folder;

  private LocalBlobStore local(String name) {
    return LocalBlobStore.builder(folder.resolve(name))
        .config(StoreConfig.DEFAULTS.withPoolBytes(8 << 20))
        .open();
  }

  private ObjectStore prefix() {
    return FileObjectStore.open(folder.resolve("prefix"));
  }

  private Tier tier(LocalBlobStore store) {
    return open(store, prefix(), MANUAL, false);
  }

  private static Tier open(BlobStore store, ObjectStore objects, TierConfig config, boolean adopt) {
    try {
      return Tier.builder(store, objects).config(config).adopt(adopt).open();
    } catch (RuntimeException e) {
      objects.close();
      throw e;
    }
  }

  /** Opens a store with a tier, which fails, and closes both. */
  private void openAndClose(LocalBlobStore store, ObjectStore objects, boolean adopt) {
    try (store;
        Tier tier = open(store, objects, MANUAL, adopt)) {
      assertThat(tier.tieredSequence()).isNotNegative();
    }
  }

  private RestoreReport assertRestored(BlobModel model) throws IOException {
    Path target = Files.createTempDirectory(folder, "restored");
    try (ObjectStore objects = prefix();
        LocalBlobStore store =
            LocalBlobStore.builder(target)
                .config(StoreConfig.DEFAULTS.withPoolBytes(8 << 20))
                .open()) {
      RestoreReport report = Restore.restore(objects, store, TierProgress.NONE);
      model.assertHeldBy(store);
      assertThat(report.blobs()).isEqualTo(model.size());
      assertThat(report.bytes()).isEqualTo(model.bytes());
      assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
      return report;
    }
  }

  @Test
  void shouldRestoreWhatWasTieredOverSeveralCheckpoints() throws Exception {
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      model.putRange(store, 0, 300, 1);
      model.put(store, 1000, 7, 300_000);
      CheckpointReport first = tier.checkpoint(TierProgress.NONE);
      assertThat(first.manifestSequence()).isEqualTo(2);
      assertThat(first.blobs()).isEqualTo(301);
      assertThat(first.batches()).isGreaterThan(10);
      assertThat(first.bytesAfter()).isPositive().isLessThan(first.bytesBefore());

      model.putRange(store, 100, 200, 2);
      model.delete(store, 5);
      model.delete(store, 1000);
      model.put(store, 5000, 3, 0);
      CheckpointReport second = tier.checkpoint(TierProgress.NONE);
      assertThat(second.blobs()).isEqualTo(101);
      assertThat(second.deletes()).isEqualTo(2);
      assertThat(store.stats().tombstones()).isZero();
      assertThat(tier.tieredSequence()).isPositive();
      assertThat(tier.stats().batches()).isEqualTo(first.batches() + second.batches());
    }
    assertThat(assertRestored(model).manifests()).isEqualTo(3);
  }

  @Test
  void shouldMakeNoRequestWhenNothingChanged() {
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      model.putRange(store, 1, 50, 1);
      tier.checkpoint(TierProgress.NONE);
      long sequence = tier.tieredSequence();
      TierStats before = tier.stats();

      assertThat(tier.checkpoint(TierProgress.NONE)).isEqualTo(CheckpointReport.NOTHING);
      assertThat(tier.checkpoint(TierProgress.NONE)).isEqualTo(CheckpointReport.NOTHING);

      assertThat(tier.stats()).isEqualTo(before);
      assertThat(tier.tieredSequence()).isGreaterThanOrEqualTo(sequence);
    }
  }

  @Test
  void shouldUploadAtAnIntervalAndStayIdleOtherwise() throws Exception {
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = local("a");
        Tier tier = open(store, prefix(), MANUAL.withIntervalMs(20), false)) {
      model.putRange(store, 0, 50, 1);
      long deadline = System.nanoTime() + 20_000_000_000L;
      while (tier.stats().batches() == 0 && System.nanoTime() < deadline) {
        Thread.sleep(10);
      }
      assertThat(tier.stats().batches()).isPositive();
      TierStats idle = null; // a pass may be under way, so wait for ten intervals without one
      while (!tier.stats().equals(idle) && System.nanoTime() < deadline) {
        idle = tier.stats();
        Thread.sleep(200);
      }
      assertThat(tier.stats()).isEqualTo(idle);
    }
    assertRestored(model);
  }

  @Test
  void shouldReadEvictedBlobsBackWithOneGetABatch() {
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      model.putRange(store, 0, 300, 1);
      CheckpointReport report = tier.checkpoint(TierProgress.NONE);
      TierStats before = tier.stats();
      assertThat(tier.evict(id -> true)).isEqualTo(299);
      // The boundary, which is absent, so twice: nobody took over.
      assertThat(tier.stats().gets()).isEqualTo(before.gets() + 2);
      assertThat(store.stats().evictedBlobs()).isEqualTo(299);

      for (int round = 0; round < 3; round++) {
        model.assertHeldBy(store);
      }
      assertThat(tier.stats().gets() - before.gets()).isEqualTo(2 + report.batches());
      assertThat(tier.evict(id -> true)).isZero();
    }
  }

  @Test
  void shouldEvictInALaterProcessAndReadBackInYetAnother() throws Exception {
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      model.putRange(store, 1, 200, 1);
      tier.checkpoint(TierProgress.NONE);
      model.putRange(store, 50, 80, 2);
      model.delete(store, 199);
      tier.checkpoint(TierProgress.NONE);
    }
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      assertThat(tier.evict(id -> id.low() % 2 == 0)).isEqualTo(99);
      assertThat(tier.evict(id -> id.low() < 100)).isEqualTo(50);
      model.putRange(store, 60, 70, 3);
      model.delete(store, 2);
    }
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      model.assertHeldBy(store);
      tier.checkpoint(TierProgress.NONE);
      assertThat(tier.evict(id -> true)).isPositive();
      model.assertHeldBy(store);
    }
    assertRestored(model);
  }

  @Test
  void shouldReadAnEvictedBlobBackWithOneGetOfItsFrames() {
    BlobModel model = new BlobModel();
    ObjectStore objects = prefix();
    TierConfig config =
        MANUAL
            .withBatchBytesTarget(4 << 20)
            .withReadBack(ReadBackConfig.DEFAULTS.withCacheBytes(0));
    try (LocalBlobStore store = local("a");
        Tier tier = open(store, objects, config, false)) {
      model.putRange(store, 1, 500, 1);
      model.put(store, 1000, 2, 300_000);
      model.put(store, 1001, 3, 1_500_000);
      CheckpointReport report = tier.checkpoint(TierProgress.NONE);
      assertThat(report.batches()).isEqualTo(1);
      assertThat(tier.evict(id -> true)).isEqualTo(501);
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment target = arena.allocate(2_000_000);
        // A frame holds 64 KiB, and half of these bytes compress away; the blobs are 9 kB at most.
        assertFetches(store, tier, BlobModel.id(250), target, 1, 45_000);
        assertFetches(store, tier, BlobModel.id(1000), target, 100_000, 200_000);
        assertFetches(store, tier, BlobModel.id(1001), target, 500_000, 1_000_000);
      }
      model.assertHeldBy(store);
    }
  }

  private static void assertFetches(
      LocalBlobStore store, Tier tier, BlobId id, MemorySegment target, long least, long most) {
    TierStats before = tier.stats();
    assertThat(store.get(id, target)).isPositive();
    TierStats after = tier.stats();
    assertThat(after.gets() - before.gets()).isEqualTo(1);
    assertThat(after.heads()).isEqualTo(before.heads());
    assertThat(after.bytesDownloaded() - before.bytesDownloaded()).isBetween(least, most);
  }

  @Test
  void shouldFindWhatToEvictAfterARestartInTheIndexesAlone() {
    BlobModel model = new BlobModel();
    TierConfig config = MANUAL.withBatchBytesTarget(1 << 20);
    CheckpointReport report;
    try (LocalBlobStore store = local("a");
        Tier tier = open(store, prefix(), config, false)) {
      model.putRange(store, 1, 500, 1);
      report = tier.checkpoint(TierProgress.NONE);
      assertThat(report.batches()).isGreaterThan(1);
    }
    try (LocalBlobStore store = local("a");
        Tier tier = open(store, prefix(), config, false)) {
      TierStats before = tier.stats();
      assertThat(tier.evict(id -> true)).isEqualTo(499);
      TierStats after = tier.stats();
      // The probe for another writer, the chain, and the tail of each batch.
      assertThat(after.gets() - before.gets()).isLessThanOrEqualTo(5 + report.batches());
      assertThat(after.bytesDownloaded() - before.bytesDownloaded())
          .isLessThan(report.batches() * (64 << 10) + 5_000)
          .isLessThan(report.bytesAfter());
      model.assertHeldBy(store);
    }
  }

  @Test
  void shouldNotEvictByAnIndexThatIsDamagedOrCut() throws Exception { // E2
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      model.putRange(store, 1, 10, 1);
      assertThat(tier.checkpoint(TierProgress.NONE).batches()).isEqualTo(1);
    }
    ObjectStore objects = prefix();
    ObjectInfo batch = objects.listAll(TierKeys.BATCHES).toList().getFirst();
    byte[] bytes = new byte[(int) batch.length()];
    objects.get(batch.key(), 0, MemorySegment.ofArray(bytes));
    byte[] flipped = bytes.clone();
    flipped[bytes.length - 70] ^= 1;
    byte[] shorter = Arrays.copyOf(bytes, bytes.length - 1);
    try (LocalBlobStore store = local("a");
        Tier tier = open(store, objects, MANUAL, false)) {
      for (byte[] damaged : List.of(flipped, shorter)) {
        objects.put(batch.key(), ObjectBody.of(damaged));
        assertThatThrownBy(() -> tier.evict(id -> true))
            .isInstanceOf(CorruptionException.class)
            .hasMessageContaining(batch.key());
        assertThat(store.stats().evictedBlobs()).isZero();
      }
      objects.put(batch.key(), ObjectBody.of(bytes));
      assertThat(tier.evict(id -> true)).isEqualTo(9);
      model.assertHeldBy(store);
    }
  }

  @Test
  void shouldGoOnFromBatchesOfVersion2ThatAnEarlierReleaseWrote() throws Exception {
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      model.putRange(store, 1, 100, 1);
      tier.checkpoint(TierProgress.NONE);
      model.delete(store, 50);
      model.putRange(store, 20, 30, 2);
      tier.checkpoint(TierProgress.NONE);
    }
    try (ObjectStore objects = prefix()) {
      assertThat(OldTier.rewrite(objects)).isGreaterThan(2);
    }
    assertRestored(model);
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      assertThat(tier.evict(id -> id.low() < 60)).isEqualTo(58);
      model.putRange(store, 60, 70, 3);
      tier.checkpoint(TierProgress.NONE);
      assertThat(tier.evict(id -> true)).isEqualTo(40);
      model.assertHeldBy(store);
    }
    try (LocalBlobStore store = local("a");
        Tier _ = tier(store)) {
      model.assertHeldBy(store);
    }
    assertRestored(model);
  }

  @Test
  void shouldNotEvictWhatIsNotTieredYet() { // L30
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      model.putRange(store, 1, 20, 1);
      assertThat(tier.evict(id -> true)).isZero();
      tier.checkpoint(TierProgress.NONE);
      model.putRange(store, 5, 10, 2);
      assertThat(tier.evict(id -> true)).isEqualTo(14);
      model.assertHeldBy(store);
    }
  }

  @Test
  void shouldTierDeletesThatWereMadeBeforeARestart() throws Exception {
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      model.putRange(store, 1, 20, 1);
      tier.checkpoint(TierProgress.NONE);
      model.delete(store, 7);
    }
    try (LocalBlobStore store = local("a")) {
      model.delete(store, 8);
    }
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      assertThat(tier.checkpoint(TierProgress.NONE).deletes()).isEqualTo(2);
    }
    assertRestored(model);
  }

  @Test
  void shouldTierWhatAStoreHeldBeforeItHadATier() throws Exception {
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = local("a")) {
      model.putRange(store, 1, 100, 1);
    }
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      assertThat(tier.checkpoint(TierProgress.NONE).blobs()).isEqualTo(99);
    }
    assertRestored(model);
  }

  @Test
  void shouldMakeALastPassOnCloseOnlyWhenConfigured() throws Exception {
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = local("a");
        Tier _ = tier(store)) {
      model.putRange(store, 1, 10, 1);
    }
    assertRestored(new BlobModel());
    try (LocalBlobStore store = local("a");
        Tier _ = open(store, prefix(), MANUAL.withCheckpointOnClose(true), false)) {
      model.putRange(store, 10, 20, 1);
    }
    assertRestored(model);
  }

  @Test
  void shouldRefuseThePrefixOfAnotherStoreAndSayTheWayOut() {
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      assertThat(tier.tieredSequence()).isZero();
    }
    assertThatThrownBy(() -> openAndClose(local("b"), prefix(), false))
        .isInstanceOf(StoreOpenException.class)
        .hasMessageContaining("another prefix")
        .hasMessageContaining("adopt");
  }

  @Test
  void shouldAdoptThePrefixItWasRestoredFromAndFenceTheStoreBefore() throws Exception {
    BlobModel model = new BlobModel();
    try (LocalBlobStore old = local("a");
        Tier oldTier = tier(old)) {
      model.putRange(old, 1, 100, 1);
      oldTier.checkpoint(TierProgress.NONE);
      model.delete(old, 50);
      model.putRange(old, 10, 20, 9);
      oldTier.checkpoint(TierProgress.NONE);

      LocalBlobStore restored = local("b");
      try (ObjectStore objects = prefix()) {
        Restore.restore(objects, restored, TierProgress.NONE);
      }
      try (LocalBlobStore next = restored;
          Tier nextTier = open(next, prefix(), MANUAL, true)) {
        assertThat(nextTier.checkpoint(TierProgress.NONE)).isEqualTo(CheckpointReport.NOTHING);
        model.delete(next, 51);
        model.putRange(next, 30, 35, 4);
        CheckpointReport report = nextTier.checkpoint(TierProgress.NONE);
        assertThat(report.blobs()).isEqualTo(5);
        assertThat(report.deletes()).isEqualTo(1);
        TierStats before = nextTier.stats();
        assertThat(nextTier.evict(id -> true)).isEqualTo(97);
        assertThat(nextTier.stats().gets()).isEqualTo(before.gets() + 2);
        model.assertHeldBy(next);

        new BlobModel().putRange(old, 200, 201, 1);
        assertThatThrownBy(() -> oldTier.checkpoint(TierProgress.NONE))
            .isInstanceOf(FencedException.class);
        assertThatThrownBy(() -> oldTier.evict(id -> true)).isInstanceOf(FencedException.class);
        assertThatThrownBy(() -> oldTier.checkpoint(TierProgress.NONE))
            .isInstanceOf(FencedException.class);
      }
    }
    assertRestored(model);
  }

  @Test
  void shouldNotEvictOnceAnotherWriterTookOver() {
    BlobModel model = new BlobModel();
    try (LocalBlobStore old = local("a");
        Tier oldTier = tier(old)) {
      model.putRange(old, 1, 10, 1);
      oldTier.checkpoint(TierProgress.NONE);
      LocalBlobStore restored = local("b");
      try (ObjectStore objects = prefix()) {
        Restore.restore(objects, restored, TierProgress.NONE);
      }
      openAndClose(restored, prefix(), true);
      assertThatThrownBy(() -> oldTier.evict(id -> true)).isInstanceOf(FencedException.class);
      assertThat(old.stats().evictedBlobs()).isZero();
    }
  }

  @Test
  void shouldNotAdoptAPrefixThatHoldsSomethingElse() throws Exception {
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      model.putRange(store, 1, 20, 1);
      tier.checkpoint(TierProgress.NONE);
    }
    List<String> changes = List.of("missing", "more", "other", "empty");
    for (String change : changes) {
      LocalBlobStore restored = local(change);
      if (!change.equals("empty")) {
        try (ObjectStore objects = prefix()) {
          Restore.restore(objects, restored, TierProgress.NONE);
        }
      }
      BlobModel copy = model.copy();
      switch (change) {
        case "missing" -> copy.delete(restored, 3);
        case "more" -> copy.put(restored, 999, 1, 10);
        case "other" -> copy.put(restored, 3, 99, 3 * 977);
        default -> {}
      }
      waitForMark(restored);
      assertThatThrownBy(() -> openAndClose(restored, prefix(), true))
          .as(change)
          .isInstanceOf(StoreOpenException.class)
          .hasMessageContaining("does not hold what was tiered there");
    }
  }

  private static void waitForMark(LocalBlobStore store) throws InterruptedException {
    for (int i = 0; i < 2000 && ((TierSource) store).markedEpoch() < store.durableEpoch(); i++) {
      Thread.sleep(1);
    }
    assertThat(((TierSource) store).markedEpoch()).isGreaterThanOrEqualTo(store.durableEpoch());
  }

  @Test
  void shouldRefuseAFileThatIsOlderThanItsTier() throws Exception {
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      model.putRange(store, 1, 20, 1);
      tier.checkpoint(TierProgress.NONE);
    }
    copy(folder.resolve("a"), folder.resolve("copy"));
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      for (int i = 0; i < 10; i++) {
        model.putRange(store, 20, 40, i);
        tier.checkpoint(TierProgress.NONE);
      }
    }
    assertThatThrownBy(() -> openAndClose(local("copy"), prefix(), false))
        .isInstanceOf(StoreOpenException.class)
        .hasMessageContaining("older than its tier")
        .hasMessageContaining("restore");
    assertRestored(model);
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file)));
      }
    }
  }

  @Test
  void shouldRefuseAFreshPrefixForAStoreThatIsEvictedToAnother() {
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      model.putRange(store, 1, 20, 1);
      tier.checkpoint(TierProgress.NONE);
      assertThat(tier.evict(id -> true)).isEqualTo(19);
    }
    ObjectStore other = FileObjectStore.open(folder.resolve("other"));
    assertThatThrownBy(() -> openAndClose(local("a"), other, false))
        .isInstanceOf(StoreOpenException.class)
        .hasMessageContaining("evicted");
    try (ObjectStore untouched = FileObjectStore.open(folder.resolve("other"))) {
      assertThat(new ManifestStore(untouched).latest()).isNull();
    }
  }

  @Test
  void shouldRefuseAStoreThatCannotBeTiered() {
    BlobStore other =
        (BlobStore)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {BlobStore.class},
                (proxy, method, arguments) -> {
                  throw new AssertionError(method);
                });
    assertThatThrownBy(() -> Tier.builder(other, new InMemoryObjectStore()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("only a local one can");
  }

  @Test
  void shouldSayThatItIsClosed() {
    LocalBlobStore store = local("a");
    Tier tier = tier(store);
    tier.close();
    tier.close();
    store.close();
    store.close();
    assertThatThrownBy(() -> tier.checkpoint(TierProgress.NONE))
        .isInstanceOf(StoreClosedException.class);
    assertThatThrownBy(() -> tier.evict(id -> true)).isInstanceOf(StoreClosedException.class);
    assertThatThrownBy(() -> store.contains(BlobModel.id(1)))
        .isInstanceOf(StoreClosedException.class);
  }

  @Test
  void shouldReadEvictedBlobsOnlyWhileATierIsOpen() {
    BlobModel model = new BlobModel();
    BlobId id = BlobModel.id(3);
    try (LocalBlobStore store = local("a")) {
      try (Tier tier = tier(store)) {
        model.putRange(store, 1, 10, 1);
        tier.checkpoint(TierProgress.NONE);
        assertThat(tier.evict(id::equals)).isEqualTo(1);
        model.assertHeldBy(store);
      }
      assertThatThrownBy(() -> store.get(id))
          .isInstanceOf(TierUnavailableException.class)
          .hasMessageContaining("the tier is closed: open it again");
      assertThat(store.contains(id)).isTrue();
      model.putRange(store, 10, 20, 1);
      try (Tier again = tier(store)) {
        assertThat(again.checkpoint(TierProgress.NONE).blobs()).isEqualTo(10);
        model.assertHeldBy(store);
      }
    }
    try (LocalBlobStore store = local("a")) {
      assertThatThrownBy(() -> store.get(id))
          .isInstanceOf(TierUnavailableException.class)
          .hasMessageContaining("no tier is open");
    }
  }

  @Test
  void shouldRefuseASecondTierBeforeItClaimsAnything() {
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      model.putRange(store, 1, 10, 1);
      tier.checkpoint(TierProgress.NONE);
      assertThat(tier.evict(id -> true)).isEqualTo(9);
      assertThatThrownBy(() -> tier(store))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("has a tier already");
      model.assertHeldBy(store);
      model.putRange(store, 10, 20, 1);
      assertThat(tier.checkpoint(TierProgress.NONE).blobs()).isEqualTo(10);
    }
  }

  @Test
  void shouldLeaveBothStoresOpenWhenOpeningFails() {
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      assertThat(tier.tieredSequence()).isZero();
    }
    try (LocalBlobStore other = local("b");
        ObjectStore objects = prefix()) {
      assertThatThrownBy(() -> Tier.builder(other, objects).config(MANUAL).open())
          .isInstanceOf(StoreOpenException.class);
      model.putRange(other, 1, 10, 1);
      model.assertHeldBy(other);
      try (Tier own = open(other, FileObjectStore.open(folder.resolve("own")), MANUAL, false)) {
        assertThat(own.checkpoint(TierProgress.NONE).blobs()).isEqualTo(9);
      }
      assertThat(new ManifestStore(objects).latest()).isNotNull();
    }
  }

  @Test
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void shouldEndTypedWhenTheStoreIsClosedFirst() throws Exception {
    BlobModel model = new BlobModel();
    for (long intervalMs : new long[] {0, 5}) {
      LocalBlobStore store = local("a");
      TierConfig config = MANUAL.withIntervalMs(intervalMs).withCheckpointOnClose(true);
      Tier tier = open(store, prefix(), config, false);
      model.putRange(store, 1, 300, intervalMs);
      store.close();
      assertThatThrownBy(() -> tier.checkpoint(TierProgress.NONE))
          .isInstanceOf(StoreClosedException.class);
      assertThatThrownBy(() -> tier.evict(id -> true)).isInstanceOf(StoreClosedException.class);
      assertThatThrownBy(() -> tier.awaitTiered(1000)).isInstanceOf(StoreClosedException.class);
      assertThat(tier.stats().puts()).isPositive();
      tier.close();
      tier.close();
    }
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      tier.checkpoint(TierProgress.NONE);
    }
    assertRestored(model);
  }

  @Test
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void shouldTellWhoWaitsForAPassThatTheStoreIsClosed() throws Exception {
    BlobModel model = new BlobModel();
    FaultyObjectStore objects = new FaultyObjectStore(new InMemoryObjectStore());
    LocalBlobStore store = local("a");
    try (Tier tier = open(store, objects, MANUAL.withIntervalMs(5), false);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      objects.fault((request, key) -> request.equals("put") ? NOT_APPLIED : ANSWERED);
      model.putRange(store, 1, 10, 1);
      long epoch = store.durableEpoch();
      CountDownLatch waits = new CountDownLatch(1);
      Future<?> waiter =
          threads.submit(() -> {
            waits.countDown();
            tier.awaitTiered(epoch);
          });
      waits.await();
      store.close();
      assertThatThrownBy(waiter::get).hasCauseInstanceOf(StoreClosedException.class);
    }
  }

  @Test
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void shouldEndAPassInWhichTheStoreIsClosed() throws Exception {
    BlobModel model = new BlobModel();
    FaultyObjectStore objects = new FaultyObjectStore(new InMemoryObjectStore());
    LocalBlobStore store = local("a");
    Tier tier = open(store, objects, MANUAL, false);
    model.putRange(store, 1, 300, 1);
    objects.hold(request -> {
      if (request.startsWith("put ")) {
        CompletableFuture.runAsync(store::close).join(); // in a request it is refused
      }
    });
    assertThatThrownBy(() -> tier.checkpoint(TierProgress.NONE))
        .isInstanceOf(StoreClosedException.class);
    tier.close();
    objects.hold(request -> {});
    try (LocalBlobStore again = local("a");
        Tier next = open(again, objects, MANUAL, false)) {
      assertThat(next.checkpoint(TierProgress.NONE).blobs()).isEqualTo(299);
      model.assertHeldBy(again);
    }
  }

  @Test
  void shouldRememberAnInterruptAndFinishThePass() throws Exception {
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      model.putRange(store, 1, 100, 1);
      Thread.currentThread().interrupt();
      assertThat(tier.checkpoint(TierProgress.NONE).blobs()).isEqualTo(99);
      assertThat(tier.evict(id -> true)).isEqualTo(99);
      assertThat(Thread.interrupted()).isTrue();
    }
    assertRestored(model);
  }

  @Test
  void shouldReportProgressUpToTheTotal() throws Exception {
    BlobModel model = new BlobModel();
    List<String> told = new ArrayList<>();
    TierProgress progress =
        new TierProgress() {
          @Override
          public void onTotal(long blobs, long bytes) {
            told.add("total " + blobs + " " + bytes);
          }

          @Override
          public void onProgress(long blobs, long bytes) {
            told.add("progress " + blobs + " " + bytes);
          }
        };
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      model.putRange(store, 1, 100, 1);
      tier.checkpoint(progress);
      String all = model.size() + " " + model.bytes();
      assertThat(told.getFirst()).isEqualTo("total " + all);
      assertThat(told.getLast()).isEqualTo("progress " + all);
      assertThat(told).hasSizeGreaterThan(3);
      told.clear();
      try (LocalBlobStore restored = local("restored");
          ObjectStore objects = prefix()) {
        Restore.restore(objects, restored, progress);
      }
      assertThat(told.getFirst()).isEqualTo("total " + all);
      assertThat(told.getLast()).isEqualTo("progress " + all);
    }
  }

  @Test
  void shouldOpenAStoreWithALongChainWithFewRequests() {
    BlobModel model = new BlobModel();
    for (int i = 0; i < 5; i++) {
      try (LocalBlobStore store = local("a");
          Tier tier = tier(store)) {
        model.putRange(store, 1, 5, i);
        tier.checkpoint(TierProgress.NONE);
      }
    }
    ObjectStore objects = prefix();
    try (LocalBlobStore store = local("a");
        Tier tier = open(store, objects, MANUAL, false)) {
      RequestCounts counts = objects.requestCounts();
      assertThat(counts.requests()).isLessThanOrEqualTo(10);
      TierManifest latest = Objects.requireNonNull(new ManifestStore(objects).latest());
      assertThat(latest.generation()).isEqualTo(6);
      assertThat(latest.sequence()).isEqualTo(11);
      assertThat(tier.tieredSequence()).isEqualTo(latest.lastRecordSequence());
    }
  }
}
