package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobStore;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.FencedException;
import io.ashlar.store.StoreClosedException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.object.FileObjectStore;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.RequestCounts;
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
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TieredBlobStoreTest {
  private static final TierConfig MANUAL =
      TierConfig.DEFAULTS.withIntervalMs(0).withBatchBytesTarget(64 << 10);

  @TempDir Path folder;

  private LocalBlobStore local(String name) {
    return LocalBlobStore.builder(folder.resolve(name)).poolBytes(8 << 20).open();
  }

  private ObjectStore prefix() {
    return FileObjectStore.open(folder.resolve("prefix"));
  }

  private TieredBlobStore tiered(String name) {
    return open(local(name), prefix(), MANUAL, false);
  }

  private static TieredBlobStore open(
      BlobStore store, ObjectStore objects, TierConfig config, boolean adopt) {
    try {
      return TieredBlobStore.builder(store, objects).config(config).adopt(adopt).open();
    } catch (RuntimeException e) {
      store.close();
      objects.close();
      throw e;
    }
  }

  private RestoreReport assertRestored(BlobModel model) throws IOException {
    Path target = Files.createTempDirectory(folder, "restored");
    try (ObjectStore objects = prefix();
        LocalBlobStore store = LocalBlobStore.builder(target).poolBytes(8 << 20).open()) {
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
    try (TieredBlobStore store = tiered("a")) {
      model.putRange(store, 0, 300, 1);
      model.put(store, 1000, 7, 300_000);
      CheckpointReport first = store.checkpoint(TierProgress.NONE);
      assertThat(first.manifestSequence()).isEqualTo(2);
      assertThat(first.blobs()).isEqualTo(301);
      assertThat(first.batches()).isGreaterThan(10);
      assertThat(first.bytesAfter()).isPositive().isLessThan(first.bytesBefore());

      model.putRange(store, 100, 200, 2);
      model.delete(store, 5);
      model.delete(store, 1000);
      model.put(store, 5000, 3, 0);
      CheckpointReport second = store.checkpoint(TierProgress.NONE);
      assertThat(second.blobs()).isEqualTo(101);
      assertThat(second.deletes()).isEqualTo(2);
      assertThat(store.stats().tombstones()).isZero();
      assertThat(store.tieredSequence()).isPositive();
      assertThat(store.tierStats().batches()).isEqualTo(first.batches() + second.batches());
    }
    assertThat(assertRestored(model).manifests()).isEqualTo(3);
  }

  @Test
  void shouldMakeNoRequestWhenNothingChanged() {
    BlobModel model = new BlobModel();
    try (TieredBlobStore store = tiered("a")) {
      model.putRange(store, 1, 50, 1);
      store.checkpoint(TierProgress.NONE);
      long sequence = store.tieredSequence();
      TierStats before = store.tierStats();

      assertThat(store.checkpoint(TierProgress.NONE)).isEqualTo(CheckpointReport.NOTHING);
      assertThat(store.checkpoint(TierProgress.NONE)).isEqualTo(CheckpointReport.NOTHING);

      assertThat(store.tierStats()).isEqualTo(before);
      assertThat(store.tieredSequence()).isGreaterThanOrEqualTo(sequence);
    }
  }

  @Test
  void shouldUploadAtAnIntervalAndStayIdleOtherwise() throws Exception {
    BlobModel model = new BlobModel();
    try (TieredBlobStore store = open(local("a"), prefix(), MANUAL.withIntervalMs(20), false)) {
      model.putRange(store, 0, 50, 1);
      long deadline = System.nanoTime() + 20_000_000_000L;
      while (store.tierStats().batches() == 0 && System.nanoTime() < deadline) {
        Thread.sleep(10);
      }
      assertThat(store.tierStats().batches()).isPositive();
      Thread.sleep(200);
      TierStats idle = store.tierStats();
      Thread.sleep(300);
      assertThat(store.tierStats()).isEqualTo(idle);
    }
    assertRestored(model);
  }

  @Test
  void shouldReadEvictedBlobsBackWithOneGetABatch() {
    BlobModel model = new BlobModel();
    try (TieredBlobStore store = tiered("a")) {
      model.putRange(store, 0, 300, 1);
      CheckpointReport report = store.checkpoint(TierProgress.NONE);
      TierStats before = store.tierStats();
      assertThat(store.evict(id -> true)).isEqualTo(299);
      // The boundary: nobody took over.
      assertThat(store.tierStats().gets()).isEqualTo(before.gets() + 1);
      assertThat(store.stats().evictedBlobs()).isEqualTo(299);

      for (int round = 0; round < 3; round++) {
        model.assertHeldBy(store);
      }
      assertThat(store.tierStats().gets() - before.gets()).isEqualTo(1 + report.batches());
      assertThat(store.evict(id -> true)).isZero();
    }
  }

  @Test
  void shouldEvictInALaterProcessAndReadBackInYetAnother() throws Exception {
    BlobModel model = new BlobModel();
    try (TieredBlobStore store = tiered("a")) {
      model.putRange(store, 1, 200, 1);
      store.checkpoint(TierProgress.NONE);
      model.putRange(store, 50, 80, 2);
      model.delete(store, 199);
      store.checkpoint(TierProgress.NONE);
    }
    try (TieredBlobStore store = tiered("a")) {
      assertThat(store.evict(id -> id.low() % 2 == 0)).isEqualTo(99);
      assertThat(store.evict(id -> id.low() < 100)).isEqualTo(50);
      model.putRange(store, 60, 70, 3);
      model.delete(store, 2);
    }
    try (TieredBlobStore store = tiered("a")) {
      model.assertHeldBy(store);
      store.checkpoint(TierProgress.NONE);
      assertThat(store.evict(id -> true)).isPositive();
      model.assertHeldBy(store);
    }
    assertRestored(model);
  }

  @Test
  void shouldReadAnEvictedBlobBackWithOneGetOfItsFrames() {
    BlobModel model = new BlobModel();
    ObjectStore objects = prefix();
    try (TieredBlobStore store =
        open(
            local("a"),
            objects,
            MANUAL.withBatchBytesTarget(4 << 20).withReadCacheBytes(0),
            false)) {
      model.putRange(store, 1, 500, 1);
      model.put(store, 1000, 2, 300_000);
      model.put(store, 1001, 3, 1_500_000);
      CheckpointReport report = store.checkpoint(TierProgress.NONE);
      assertThat(report.batches()).isEqualTo(1);
      assertThat(store.evict(id -> true)).isEqualTo(501);
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment target = arena.allocate(2_000_000);
        // A frame holds 64 KiB, and half of these bytes compress away; the blobs are 9 kB at most.
        assertFetches(store, BlobModel.id(250), target, 1, 45_000);
        assertFetches(store, BlobModel.id(1000), target, 100_000, 200_000);
        assertFetches(store, BlobModel.id(1001), target, 500_000, 1_000_000);
      }
      model.assertHeldBy(store);
    }
  }

  private static void assertFetches(
      TieredBlobStore store, BlobId id, MemorySegment target, long least, long most) {
    TierStats before = store.tierStats();
    assertThat(store.get(id, target)).isPositive();
    TierStats after = store.tierStats();
    assertThat(after.gets() - before.gets()).isEqualTo(1);
    assertThat(after.heads()).isEqualTo(before.heads());
    assertThat(after.bytesDownloaded() - before.bytesDownloaded()).isBetween(least, most);
  }

  @Test
  void shouldFindWhatToEvictAfterARestartInTheIndexesAlone() {
    BlobModel model = new BlobModel();
    TierConfig config = MANUAL.withBatchBytesTarget(1 << 20);
    CheckpointReport report;
    try (TieredBlobStore store = open(local("a"), prefix(), config, false)) {
      model.putRange(store, 1, 500, 1);
      report = store.checkpoint(TierProgress.NONE);
      assertThat(report.batches()).isGreaterThan(1);
    }
    try (TieredBlobStore store = open(local("a"), prefix(), config, false)) {
      TierStats before = store.tierStats();
      assertThat(store.evict(id -> true)).isEqualTo(499);
      TierStats after = store.tierStats();
      // The probe for another writer, the chain, and the tail of each batch.
      assertThat(after.gets() - before.gets()).isLessThanOrEqualTo(5 + report.batches());
      assertThat(after.bytesDownloaded() - before.bytesDownloaded())
          .isLessThan(report.batches() * (64 << 10) + 5_000)
          .isLessThan(report.bytesAfter());
      model.assertHeldBy(store);
    }
  }

  @Test
  void shouldNotEvictByAnIndexThatIsDamagedOrCut() throws Exception {
    BlobModel model = new BlobModel();
    try (TieredBlobStore store = tiered("a")) {
      model.putRange(store, 1, 10, 1);
      assertThat(store.checkpoint(TierProgress.NONE).batches()).isEqualTo(1);
    }
    ObjectStore objects = prefix();
    ObjectInfo batch = objects.listAll(TierKeys.BATCHES).toList().getFirst();
    byte[] bytes = new byte[(int) batch.length()];
    objects.get(batch.key(), 0, MemorySegment.ofArray(bytes));
    byte[] flipped = bytes.clone();
    flipped[bytes.length - 70] ^= 1;
    byte[] shorter = Arrays.copyOf(bytes, bytes.length - 1);
    try (TieredBlobStore store = open(local("a"), objects, MANUAL, false)) {
      for (byte[] damaged : List.of(flipped, shorter)) {
        objects.put(batch.key(), ObjectBody.of(damaged));
        assertThatThrownBy(() -> store.evict(id -> true))
            .isInstanceOf(CorruptionException.class)
            .hasMessageContaining(batch.key());
        assertThat(store.stats().evictedBlobs()).isZero();
      }
      objects.put(batch.key(), ObjectBody.of(bytes));
      assertThat(store.evict(id -> true)).isEqualTo(9);
      model.assertHeldBy(store);
    }
  }

  @Test
  void shouldGoOnFromBatchesOfVersion2ThatAnEarlierReleaseWrote() throws Exception {
    BlobModel model = new BlobModel();
    try (TieredBlobStore store = tiered("a")) {
      model.putRange(store, 1, 100, 1);
      store.checkpoint(TierProgress.NONE);
      model.delete(store, 50);
      model.putRange(store, 20, 30, 2);
      store.checkpoint(TierProgress.NONE);
    }
    try (ObjectStore objects = prefix()) {
      assertThat(OldTier.rewrite(objects)).isGreaterThan(2);
    }
    assertRestored(model);
    try (TieredBlobStore store = tiered("a")) {
      assertThat(store.evict(id -> id.low() < 60)).isEqualTo(58);
      model.putRange(store, 60, 70, 3);
      store.checkpoint(TierProgress.NONE);
      assertThat(store.evict(id -> true)).isEqualTo(40);
      model.assertHeldBy(store);
    }
    try (TieredBlobStore store = tiered("a")) {
      model.assertHeldBy(store);
    }
    assertRestored(model);
  }

  @Test
  void shouldNotEvictWhatIsNotTieredYet() { // L30
    BlobModel model = new BlobModel();
    try (TieredBlobStore store = tiered("a")) {
      model.putRange(store, 1, 20, 1);
      assertThat(store.evict(id -> true)).isZero();
      store.checkpoint(TierProgress.NONE);
      model.putRange(store, 5, 10, 2);
      assertThat(store.evict(id -> true)).isEqualTo(14);
      model.assertHeldBy(store);
    }
  }

  @Test
  void shouldTierDeletesThatWereMadeBeforeARestart() throws Exception {
    BlobModel model = new BlobModel();
    try (TieredBlobStore store = tiered("a")) {
      model.putRange(store, 1, 20, 1);
      store.checkpoint(TierProgress.NONE);
      model.delete(store, 7);
    }
    try (LocalBlobStore store = local("a")) {
      model.delete(store, 8);
    }
    try (TieredBlobStore store = tiered("a")) {
      assertThat(store.checkpoint(TierProgress.NONE).deletes()).isEqualTo(2);
    }
    assertRestored(model);
  }

  @Test
  void shouldTierWhatAStoreHeldBeforeItHadATier() throws Exception {
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = local("a")) {
      model.putRange(store, 1, 100, 1);
    }
    try (TieredBlobStore store = tiered("a")) {
      assertThat(store.checkpoint(TierProgress.NONE).blobs()).isEqualTo(99);
    }
    assertRestored(model);
  }

  @Test
  void shouldMakeALastPassOnCloseOnlyWhenConfigured() throws Exception {
    BlobModel model = new BlobModel();
    try (TieredBlobStore store = tiered("a")) {
      model.putRange(store, 1, 10, 1);
    }
    assertRestored(new BlobModel());
    try (TieredBlobStore store =
        open(local("a"), prefix(), MANUAL.withCheckpointOnClose(true), false)) {
      model.putRange(store, 10, 20, 1);
    }
    assertRestored(model);
  }

  @Test
  void shouldRefuseThePrefixOfAnotherStoreAndSayTheWayOut() {
    try (TieredBlobStore store = tiered("a")) {
      assertThat(store.tieredSequence()).isZero();
    }
    assertThatThrownBy(() -> tiered("b"))
        .isInstanceOf(StoreOpenException.class)
        .hasMessageContaining("another prefix")
        .hasMessageContaining("adopt");
  }

  @Test
  void shouldAdoptThePrefixItWasRestoredFromAndFenceTheStoreBefore() throws Exception {
    BlobModel model = new BlobModel();
    try (TieredBlobStore old = tiered("a")) {
      model.putRange(old, 1, 100, 1);
      old.checkpoint(TierProgress.NONE);
      model.delete(old, 50);
      model.putRange(old, 10, 20, 9);
      old.checkpoint(TierProgress.NONE);

      LocalBlobStore restored = local("b");
      try (ObjectStore objects = prefix()) {
        Restore.restore(objects, restored, TierProgress.NONE);
      }
      try (TieredBlobStore next = open(restored, prefix(), MANUAL, true)) {
        assertThat(next.checkpoint(TierProgress.NONE)).isEqualTo(CheckpointReport.NOTHING);
        model.delete(next, 51);
        model.putRange(next, 30, 35, 4);
        CheckpointReport report = next.checkpoint(TierProgress.NONE);
        assertThat(report.blobs()).isEqualTo(5);
        assertThat(report.deletes()).isEqualTo(1);
        TierStats before = next.tierStats();
        assertThat(next.evict(id -> true)).isEqualTo(97);
        assertThat(next.tierStats().gets()).isEqualTo(before.gets() + 1);
        model.assertHeldBy(next);

        new BlobModel().putRange(old, 200, 201, 1);
        assertThatThrownBy(() -> old.checkpoint(TierProgress.NONE))
            .isInstanceOf(FencedException.class);
        assertThatThrownBy(() -> old.evict(id -> true)).isInstanceOf(FencedException.class);
        assertThatThrownBy(() -> old.checkpoint(TierProgress.NONE))
            .isInstanceOf(FencedException.class);
      }
    }
    assertRestored(model);
  }

  @Test
  void shouldNotEvictOnceAnotherWriterTookOver() {
    BlobModel model = new BlobModel();
    try (TieredBlobStore old = tiered("a")) {
      model.putRange(old, 1, 10, 1);
      old.checkpoint(TierProgress.NONE);
      LocalBlobStore restored = local("b");
      try (ObjectStore objects = prefix()) {
        Restore.restore(objects, restored, TierProgress.NONE);
      }
      open(restored, prefix(), MANUAL, true).close();
      assertThatThrownBy(() -> old.evict(id -> true)).isInstanceOf(FencedException.class);
      assertThat(old.stats().evictedBlobs()).isZero();
    }
  }

  @Test
  void shouldNotAdoptAPrefixThatHoldsSomethingElse() throws Exception {
    BlobModel model = new BlobModel();
    try (TieredBlobStore store = tiered("a")) {
      model.putRange(store, 1, 20, 1);
      store.checkpoint(TierProgress.NONE);
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
      assertThatThrownBy(() -> open(restored, prefix(), MANUAL, true))
          .as(change)
          .isInstanceOf(StoreOpenException.class)
          .hasMessageContaining("does not hold what was tiered there");
    }
  }

  private static void waitForMark(LocalBlobStore store) throws InterruptedException {
    for (int i = 0; i < 2000 && store.markedEpoch() < store.durableEpoch(); i++) {
      Thread.sleep(1);
    }
    assertThat(store.markedEpoch()).isGreaterThanOrEqualTo(store.durableEpoch());
  }

  @Test
  void shouldRefuseAFileThatIsOlderThanItsTier() throws Exception {
    BlobModel model = new BlobModel();
    try (TieredBlobStore store = tiered("a")) {
      model.putRange(store, 1, 20, 1);
      store.checkpoint(TierProgress.NONE);
    }
    copy(folder.resolve("a"), folder.resolve("copy"));
    try (TieredBlobStore store = tiered("a")) {
      for (int i = 0; i < 10; i++) {
        model.putRange(store, 20, 40, i);
        store.checkpoint(TierProgress.NONE);
      }
    }
    assertThatThrownBy(() -> tiered("copy"))
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
    try (TieredBlobStore store = tiered("a")) {
      model.putRange(store, 1, 20, 1);
      store.checkpoint(TierProgress.NONE);
      assertThat(store.evict(id -> true)).isEqualTo(19);
    }
    ObjectStore other = FileObjectStore.open(folder.resolve("other"));
    assertThatThrownBy(() -> open(local("a"), other, MANUAL, false))
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
    assertThatThrownBy(() -> TieredBlobStore.builder(other, new InMemoryObjectStore()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("TierSource");
  }

  @Test
  void shouldSayThatItIsClosed() {
    TieredBlobStore store = tiered("a");
    store.close();
    store.close();
    assertThatThrownBy(() -> store.checkpoint(TierProgress.NONE))
        .isInstanceOf(StoreClosedException.class);
    assertThatThrownBy(() -> store.evict(id -> true)).isInstanceOf(StoreClosedException.class);
    assertThatThrownBy(() -> store.contains(BlobModel.id(1)))
        .isInstanceOf(StoreClosedException.class);
  }

  @Test
  void shouldRememberAnInterruptAndFinishThePass() throws Exception {
    BlobModel model = new BlobModel();
    try (TieredBlobStore store = tiered("a")) {
      model.putRange(store, 1, 100, 1);
      Thread.currentThread().interrupt();
      assertThat(store.checkpoint(TierProgress.NONE).blobs()).isEqualTo(99);
      assertThat(store.evict(id -> true)).isEqualTo(99);
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
    try (TieredBlobStore store = tiered("a")) {
      model.putRange(store, 1, 100, 1);
      store.checkpoint(progress);
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
      try (TieredBlobStore store = tiered("a")) {
        model.putRange(store, 1, 5, i);
        store.checkpoint(TierProgress.NONE);
      }
    }
    ObjectStore objects = prefix();
    try (TieredBlobStore store = open(local("a"), objects, MANUAL, false)) {
      RequestCounts counts = objects.requestCounts();
      assertThat(counts.requests()).isLessThanOrEqualTo(7);
      TierManifest latest = Objects.requireNonNull(new ManifestStore(objects).latest());
      assertThat(latest.generation()).isEqualTo(6);
      assertThat(latest.sequence()).isEqualTo(11);
      assertThat(store.tieredSequence()).isEqualTo(latest.lastRecordSequence());
    }
  }
}
