package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobStore;
import io.ashlar.store.Epoch;
import io.ashlar.store.Snapshot;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.spi.BlobChange;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.store.spi.Eviction;
import io.ashlar.store.spi.TierSource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where evicted blobs are, and moving them within the tier: rule L16. */
class ColdMoveTest {
  @TempDir Path folder;

  private DataFileStore open() {
    return (DataFileStore)
        LocalBlobStore.builder(folder.resolve("store"))
            .config(StoreConfig.DEFAULTS.withPoolBytes(4 << 20))
            .open();
  }

  private static void put(BlobStore store, long number, int bytes) {
    try (Arena arena = Arena.ofConfined();
        Epoch epoch = store.beginEpoch()) {
      MemorySegment value = arena.allocate(bytes);
      value.fill((byte) number);
      epoch.put(new BlobId(0, number), value);
      epoch.commit();
    }
  }

  private static List<BlobChange> changes(TierSource store) {
    List<BlobChange> changes = new ArrayList<>();
    store.forEachChange(0, Long.MAX_VALUE, changes::add);
    return changes;
  }

  private static Map<BlobId, ColdReference> evicted(TierSource store) {
    Map<BlobId, ColdReference> evicted = new HashMap<>();
    store.forEachEvicted((change, reference) -> {
      assertThat(change.kind()).isEqualTo(BlobChange.Kind.EVICTED);
      evicted.put(change.id(), reference);
    });
    return evicted;
  }

  @Test
  void shouldMoveWhatIsTheSameStillAndKeepItOverAReopen() {
    ColdReference from = new ColdReference(1, 2, 3);
    ColdReference to = new ColdReference(4, 5, 6);
    try (DataFileStore store = open()) {
      store.markTiered();
      for (int i = 1; i <= 3; i++) {
        put(store, i, 5_000);
      }
      List<Eviction> evictions =
          changes(store).stream().map(change -> new Eviction(change, from)).toList();
      assertThat(store.evict(evictions)).isEqualTo(3);
      assertThat(evicted(store)).hasSize(3).containsValue(from);
      List<BlobChange> moved = changes(store);
      put(store, 2, 100);
      assertThat(store.get(new BlobId(0, 2), MemorySegment.ofArray(new byte[100]))).isEqualTo(100);
      store.moveCold(moved.stream().map(change -> new Eviction(change, to)).toList());
      assertThat(evicted(store))
          .containsExactlyInAnyOrderEntriesOf(Map.of(new BlobId(0, 1), to, new BlobId(0, 3), to));
    }
    try (DataFileStore store = open()) {
      assertThat(evicted(store))
          .containsExactlyInAnyOrderEntriesOf(Map.of(new BlobId(0, 1), to, new BlobId(0, 3), to));
      assertThat(store.get(new BlobId(0, 2), MemorySegment.ofArray(new byte[100]))).isEqualTo(100);
      assertThat(store.stats().evictedBlobs()).isEqualTo(2);
    }
  }

  @Test
  void shouldTellTheOldestSnapshot() {
    try (DataFileStore store = open()) {
      assertThat(store.oldestSnapshotSequence()).isEqualTo(Long.MAX_VALUE);
      put(store, 1, 10);
      Snapshot first = store.snapshot();
      long sequence = store.stats().sequence();
      put(store, 2, 10);
      Snapshot second = store.snapshot();
      assertThat(store.oldestSnapshotSequence()).isBetween(1L, sequence);
      long before = store.oldestSnapshotSequence();
      first.close();
      assertThat(store.oldestSnapshotSequence()).isGreaterThan(before);
      second.close();
      assertThat(store.oldestSnapshotSequence()).isEqualTo(Long.MAX_VALUE);
    }
  }
}
