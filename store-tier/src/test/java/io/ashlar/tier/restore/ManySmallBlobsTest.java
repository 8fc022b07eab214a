package io.ashlar.tier.restore;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BlobId;
import io.ashlar.store.Epoch;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.Campaign;
import io.ashlar.tier.Tier;
import io.ashlar.tier.TierConfig;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.RequestCounts;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code -Dashlar.test.smallBlobs=1000000} is the full size. */
@Tag("campaign")
class ManySmallBlobsTest {
  private static final int BLOBS = Campaign.count("ashlar.test.smallBlobs", 30_000);
  private static final int BLOB_BYTES = 100;
  private static final int EPOCH_BLOBS = 4_000;

  @TempDir Path folder;

  @Test
  void shouldRestoreWithRequestsInProportionToBatchesAndNotToBlobs() {
    FaultyObjectStore objects = new FaultyObjectStore(new InMemoryObjectStore());
    long batches;
    try (LocalBlobStore store = LocalBlobStore.builder(folder.resolve("origin")).open();
        Tier tier =
            Tier.builder(store, objects)
                .config(TierConfig.DEFAULTS.withIntervalMs(0).withBatchBytesTarget(1 << 20))
                .open()) {
      fill(store);
      batches = tier.checkpoint(TierProgress.NONE).batches();
    }
    long startNs = System.nanoTime();
    RequestCounts before = objects.requestCounts();
    try (LocalBlobStore store = LocalBlobStore.builder(folder.resolve("restored")).open()) {
      RestoreReport report = Restore.restore(objects, store, TierProgress.NONE);
      RequestCounts used = objects.requestCounts().since(before);
      System.out.println(
          "small blobs: blobs="
              + report.blobs()
              + ", bytes="
              + report.bytes()
              + ", batches="
              + batches
              + ", gets="
              + used.gets()
              + ", requests="
              + used.requests()
              + ", ms="
              + (System.nanoTime() - startNs) / 1_000_000);
      assertThat(batches).isGreaterThan(1);
      assertThat(report.blobs()).isEqualTo(BLOBS);
      assertThat(used.gets()).isLessThanOrEqualTo(batches + 12);
      assertThat(used.requests()).isLessThanOrEqualTo(batches + 16);
      assertSample(store);
      before = objects.requestCounts();
      RestoreReport again =
          Restore.restore(
              objects, store, RestoreOptions.DEFAULTS.withOnto(true), TierProgress.NONE);
      assertThat(again.keptBlobs()).isEqualTo(BLOBS);
      assertThat(objects.requestCounts().since(before).gets())
          .isLessThanOrEqualTo(2 * batches + 12);
    }
  }

  private static void fill(LocalBlobStore store) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(BLOB_BYTES);
      for (int from = 0; from < BLOBS; from += EPOCH_BLOBS) {
        try (Epoch epoch = store.beginEpoch()) {
          for (int i = from; i < Math.min(BLOBS, from + EPOCH_BLOBS); i++) {
            fill(value, i);
            epoch.put(new BlobId(7, i), value);
          }
          epoch.commit();
        }
      }
    }
  }

  private static void fill(MemorySegment value, int number) {
    for (int at = 0; at + Integer.BYTES <= BLOB_BYTES; at += Integer.BYTES) {
      value.set(ValueLayout.JAVA_INT_UNALIGNED, at, number * 31 + at);
    }
  }

  private static void assertSample(LocalBlobStore store) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment expected = arena.allocate(BLOB_BYTES);
      MemorySegment actual = arena.allocate(BLOB_BYTES);
      for (int i = 0; i < BLOBS; i += 997) {
        fill(expected, i);
        assertThat(store.get(new BlobId(7, i), actual)).isEqualTo(BLOB_BYTES);
        assertThat(actual.mismatch(expected)).isEqualTo(-1);
      }
    }
  }
}
