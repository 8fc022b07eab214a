package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.RequestCounts;
import io.ashlar.tier.restore.Restore;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** What a pass uploads, when it makes requests, and that a restore brings it back. */
class TierTest extends TierInFolder {
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
