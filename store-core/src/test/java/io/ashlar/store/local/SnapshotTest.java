package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobStore;
import io.ashlar.store.Epoch;
import io.ashlar.store.Snapshot;
import io.ashlar.store.SnapshotEndedException;
import io.ashlar.store.StorageFullException;
import io.ashlar.store.StoreClosedException;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.store.snapshot.SnapshotRegistry;
import io.ashlar.store.spi.BlobChange;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.store.spi.Eviction;
import io.ashlar.store.spi.TierSnapshot;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SnapshotTest {

  private static final StoreConfig SMALL =
      StoreConfig.DEFAULTS
          .withPoolBytes(8 << 20)
          .withInitialFileBytes(1 << 20)
          .withGrowthBytesMin(1 << 20);

  @TempDir Path folder;

  private DataFileStore open() {
    return open(SMALL);
  }

  private DataFileStore open(StoreConfig config) {
    return (DataFileStore) LocalBlobStore.builder(folder).config(config).open();
  }

  private static BlobId id(long n) {
    return new BlobId(n, ~n);
  }

  private static byte[] bytes(long seed, int length) {
    byte[] bytes = new byte[length];
    new SplittableRandom(seed).nextBytes(bytes);
    return bytes;
  }

  private static long put(BlobStore store, long n, byte[] value) {
    try (Epoch epoch = store.beginEpoch()) {
      epoch.put(id(n), MemorySegment.ofArray(value));
      return epoch.commit();
    }
  }

  private static long delete(BlobStore store, long n) {
    try (Epoch epoch = store.beginEpoch()) {
      epoch.delete(id(n));
      return epoch.commit();
    }
  }

  private static byte[] read(Snapshot snapshot, long n) {
    try (BlobLease lease = snapshot.get(id(n))) {
      assertThat(lease).isNotNull();
      return lease.value().toArray(ValueLayout.JAVA_BYTE);
    }
  }

  /** Returns the length of each blob of a batch by its place in it. */
  private static Map<Integer, Long> readAll(Snapshot snapshot, long... numbers) {
    Map<Integer, Long> lengths = new HashMap<>();
    snapshot.getAll(
        Arrays.stream(numbers).mapToObj(SnapshotTest::id).toList(),
        new BatchVisitor() {
          @Override
          public void onBlob(int index, BlobId id, MemorySegment value) {
            lengths.put(index, value.byteSize());
            if (value.byteSize() > 0) {
              assertThat(value.toArray(ValueLayout.JAVA_BYTE))
                  .isEqualTo(bytes(numbers[index], (int) value.byteSize()));
            }
          }

          @Override
          public void onMissing(int index, BlobId id) {
            lengths.put(index, BlobStore.NOT_FOUND);
          }

          @Override
          public void onFailed(int index, BlobId id, StoreException failure) {
            throw failure;
          }
        });
    return lengths;
  }

  private static Map<Long, Long> visited(Snapshot snapshot) {
    Map<Long, Long> lengths = new HashMap<>();
    snapshot.forEach((high, low, length, local) -> {
      assertThat(lengths.put(high, length)).as("visited once").isNull();
      assertThat(local).isTrue();
    });
    return lengths;
  }

  @ParameterizedTest
  @EnumSource(StoreConfig.Engine.class)
  void shouldShowExactlyTheStateAfterItsEpoch(StoreConfig.Engine engine) throws IOException {
    try (DataFileStore store = open(SMALL.withEngine(engine))) {
      put(store, 1, bytes(1, 5_000));
      put(store, 2, bytes(2, 0));
      long epoch = put(store, 3, bytes(3, 70_000));
      try (Snapshot snapshot = store.snapshot()) {
        put(store, 1, bytes(11, 9_000));
        put(store, 1, bytes(12, 100));
        delete(store, 2);
        delete(store, 3);
        put(store, 4, bytes(14, 10));
        assertThat(snapshot.epoch()).isEqualTo(epoch);
        assertThat(snapshot.sequence()).isLessThan(store.stats().sequence());
        assertThat(read(snapshot, 1)).isEqualTo(bytes(1, 5_000));
        assertThat(read(snapshot, 2)).isEmpty();
        assertThat(read(snapshot, 3)).isEqualTo(bytes(3, 70_000));
        assertThat(snapshot.get(id(4))).isNull();
        assertThat(snapshot.contains(id(3))).isTrue();
        assertThat(snapshot.contains(id(4))).isFalse();
        assertThat(snapshot.length(id(3))).isEqualTo(70_000);
        assertThat(snapshot.length(id(4))).isEqualTo(BlobStore.NOT_FOUND);
        assertThat(visited(snapshot)).isEqualTo(Map.of(1L, 5_000L, 2L, 0L, 3L, 70_000L));
        byte[] target = new byte[70_000];
        assertThat(snapshot.get(id(3), MemorySegment.ofArray(target))).isEqualTo(70_000);
        assertThat(target).isEqualTo(bytes(3, 70_000));
        byte[] later = new byte[5_000];
        assertThat(snapshot.getAsync(id(1), MemorySegment.ofArray(later)).join()).isEqualTo(5_000);
        assertThat(later).isEqualTo(bytes(1, 5_000));
        assertThat(store.getAsync(id(1), MemorySegment.ofArray(later)).join()).isEqualTo(100);
        assertThat(readAll(snapshot, 1, 2, 3, 4))
            .isEqualTo(Map.of(0, 5_000L, 1, 0L, 2, 70_000L, 3, BlobStore.NOT_FOUND));
        assertThat(snapshot.get(id(4), MemorySegment.ofArray(target)))
            .isEqualTo(BlobStore.NOT_FOUND);
        ByteArrayOutputStream copy = new ByteArrayOutputStream();
        assertThat(snapshot.get(id(1), Channels.newChannel(copy))).isEqualTo(5_000);
        assertThat(copy.toByteArray()).isEqualTo(bytes(1, 5_000));
        assertThat(store.stats().snapshots()).isEqualTo(1);
        assertThat(store.stats().pinnedBytes()).isEqualTo((2 + 18) * 4096L);
        assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
      }
      assertThat(store.stats().snapshots()).isZero();
      assertThat(store.stats().pinnedBytes()).isZero();
      assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
    }
  }

  @Test
  void shouldKeepWhatAnOlderSnapshotNeedsWhenAYoungerOneCloses() {
    try (DataFileStore store = open()) {
      put(store, 1, bytes(1, 4_000));
      put(store, 2, bytes(2, 4_000));
      Snapshot older = store.snapshot();
      put(store, 2, bytes(22, 4_000));
      Snapshot younger = store.snapshot();
      put(store, 1, bytes(31, 4_000));
      put(store, 2, bytes(32, 4_000));
      assertThat(store.stats().pinnedBytes()).isEqualTo(3 * 4096L);
      younger.close();
      assertThat(store.stats().pinnedBytes()).isEqualTo(2 * 4096L);
      assertThat(read(older, 1)).isEqualTo(bytes(1, 4_000));
      assertThat(read(older, 2)).isEqualTo(bytes(2, 4_000));
      older.close();
      assertThat(store.stats().pinnedBytes()).isZero();
      assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
    }
  }

  @Test
  void shouldThrowWhatToDoAfterItsCloseAndAfterTheStores() {
    DataFileStore store = open();
    put(store, 1, bytes(1, 100));
    Snapshot closed = store.snapshot();
    Snapshot open = store.snapshot();
    put(store, 1, bytes(2, 100));
    BlobLease lease = closed.get(id(1));
    assertThat(lease).isNotNull();
    closed.close();
    closed.close();
    assertThat(lease.value().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(bytes(1, 100));
    lease.close();
    assertThatThrownBy(() -> closed.get(id(1))).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> closed.forEach((h, l, n, local) -> {}))
        .isInstanceOf(IllegalStateException.class);
    assertThat(read(open, 1)).isEqualTo(bytes(1, 100));
    store.close();
    assertThatThrownBy(() -> open.get(id(1))).isInstanceOf(StoreClosedException.class);
    assertThatThrownBy(() -> open.length(id(1))).isInstanceOf(StoreClosedException.class);
    open.close();
    open.close();
    assertThatThrownBy(store::snapshot).isInstanceOf(StoreClosedException.class);
  }

  @Test
  void shouldRefuseMoreSnapshotsThanItCanHold() {
    try (DataFileStore store = open()) {
      List<Snapshot> snapshots = new ArrayList<>();
      for (int i = 0; i < SnapshotRegistry.OPEN_MAX; i++) {
        snapshots.add(store.snapshot());
        put(store, 1, bytes(i, 10));
      }
      assertThatThrownBy(store::snapshot)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("close some");
      for (int i = 1; i < snapshots.size(); i++) {
        assertThat(read(snapshots.get(i), 1)).isEqualTo(bytes(i - 1, 10));
      }
      snapshots.remove(7).close();
      snapshots.add(store.snapshot());
      snapshots.forEach(Snapshot::close);
      assertThat(store.stats().pinnedBytes()).isZero();
    }
  }

  @Test
  void shouldEndTheOldestSnapshotRatherThanFailOrDelayCommits() {
    try (DataFileStore store = open(SMALL.withSnapshotEntriesMax(16))) {
      for (int i = 0; i < 40; i++) {
        put(store, i, bytes(i, 100));
      }
      Snapshot oldest = store.snapshot();
      for (int i = 0; i < 10; i++) {
        put(store, i, bytes(100 + i, 100));
      }
      Snapshot younger = store.snapshot();
      for (int i = 10; i < 25; i++) {
        put(store, i, bytes(100 + i, 100));
      }
      assertThatThrownBy(() -> oldest.get(id(30)))
          .isInstanceOf(SnapshotEndedException.class)
          .hasMessageContaining("open a new one")
          .hasMessageContaining("snapshotEntriesMax=16");
      assertThatThrownBy(() -> oldest.forEach((h, l, n, local) -> {}))
          .isInstanceOf(SnapshotEndedException.class);
      assertThatThrownBy(() -> readAll(oldest, 30)).isInstanceOf(SnapshotEndedException.class);
      assertThat(oldest.getAsync(id(30), MemorySegment.ofArray(new byte[100])))
          .failsWithin(Duration.ofSeconds(30))
          .withThrowableThat()
          .withCauseInstanceOf(SnapshotEndedException.class);
      assertThat(read(younger, 3)).isEqualTo(bytes(103, 100));
      assertThat(read(younger, 12)).isEqualTo(bytes(12, 100));
      assertThat(store.stats().snapshots()).isEqualTo(1);
      oldest.close();
      younger.close();
      waitUntilUnpinned(store);
      assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
    }
  }

  /** What an ended snapshot pinned is given up in the background. */
  private static void waitUntilUnpinned(DataFileStore store) {
    for (int i = 0; i < 2_000 && store.stats().pinnedBytes() > 0; i++) {
      LockSupport.parkNanos(1_000_000);
    }
    assertThat(store.stats().pinnedBytes()).isZero();
  }

  @Test
  void shouldSayHowMuchSnapshotsPinWhenTheStoreIsFull() {
    SimulatedDisk disk = new SimulatedDisk();
    disk.limitSize(2 << 20);
    try (StoreLife.Opened opened = StoreLife.openOn(disk, 1)) {
      DataFileStore store = opened.store();
      for (int i = 0; i < 10; i++) {
        put(store, i, bytes(i, 100_000));
      }
      Snapshot snapshot = store.snapshot();
      StorageFullException full = null;
      for (int i = 0; i < 40 && full == null; i++) {
        try {
          put(store, i % 10, bytes(100 + i, 100_000));
        } catch (StorageFullException e) {
          full = e;
        }
      }
      assertThat(full)
          .hasMessageContaining("close snapshots")
          .hasMessageContaining("pinnedBySnapshotsBytes=" + store.stats().pinnedBytes() + ", ");
      assertThat(store.stats().pinnedBytes()).isPositive();
      for (int i = 0; i < 10; i++) {
        assertThat(read(snapshot, i)).isEqualTo(bytes(i, 100_000));
      }
      assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
      snapshot.close();
      delete(store, 0); // its record's mark makes what was pinned usable
      put(store, 1, bytes(201, 100_000));
      put(store, 2, bytes(202, 100_000));
      assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
    }
  }

  @Test
  void shouldReadLocallyWhatIsEvictedAfterwards() {
    try (DataFileStore store = open()) {
      store.markTiered();
      put(store, 1, bytes(1, 5_000));
      put(store, 2, bytes(2, 5_000));
      evict(store, 1);
      try (TierSnapshot snapshot = store.tierSnapshot()) {
        evict(store, 2);
        assertThatThrownBy(() -> store.get(id(2))).isInstanceOf(TierUnavailableException.class);
        assertThat(read(snapshot, 2)).isEqualTo(bytes(2, 5_000));
        assertThatThrownBy(() -> snapshot.get(id(1))).isInstanceOf(TierUnavailableException.class);
        put(store, 1, bytes(11, 10));
        put(store, 2, bytes(12, 10));
        assertThat(read(snapshot, 2)).isEqualTo(bytes(2, 5_000));
        assertThatThrownBy(() -> snapshot.get(id(1))).isInstanceOf(TierUnavailableException.class);
        store.attachReadBack((id, reference, target) ->
            target.copyFrom(MemorySegment.ofArray(bytes(reference.second(), 5_000))));
        assertThat(read(snapshot, 1)).isEqualTo(bytes(1, 5_000));
        Map<Long, Boolean> local = new HashMap<>();
        snapshot.forEach((high, low, length, isLocal) -> local.put(high, isLocal));
        assertThat(local).isEqualTo(Map.of(1L, false, 2L, true));
      }
      assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
    }
  }

  private static void evict(DataFileStore store, long n) {
    List<Eviction> evictions = new ArrayList<>();
    store.forEachChange(
        0,
        Long.MAX_VALUE,
        change -> {
          if (change.id().equals(id(n))) {
            evictions.add(new Eviction(change, new ColdReference(1, n, 3)));
          }
        });
    assertThat(store.evict(evictions)).isEqualTo(1);
  }

  @Test
  void shouldGiveTheTierEveryChangeUpToItsEpochDeletesIncluded() {
    try (DataFileStore store = open();
        Arena arena = Arena.ofConfined()) {
      store.markTiered();
      put(store, 1, bytes(1, 100));
      long after;
      try (Snapshot first = store.snapshot()) {
        after = first.sequence();
      }
      put(store, 2, bytes(2, 6_000));
      put(store, 3, bytes(3, 100));
      delete(store, 3);
      delete(store, 1);
      try (TierSnapshot snapshot = store.tierSnapshot()) {
        put(store, 1, bytes(11, 100));
        put(store, 2, bytes(12, 100));
        put(store, 3, bytes(13, 100));
        put(store, 4, bytes(14, 100));
        Map<BlobId, BlobChange> changes = new HashMap<>();
        snapshot.forEachChange(after, change -> changes.put(change.id(), change));
        assertThat(changes.keySet()).containsExactlyInAnyOrder(id(1), id(2), id(3));
        assertThat(Objects.requireNonNull(changes.get(id(1))).kind())
            .isEqualTo(BlobChange.Kind.DELETED);
        assertThat(Objects.requireNonNull(changes.get(id(3))).kind())
            .isEqualTo(BlobChange.Kind.DELETED);
        BlobChange stored = Objects.requireNonNull(changes.get(id(2)));
        assertThat(stored.kind()).isEqualTo(BlobChange.Kind.STORED);
        assertThat(stored.sequence()).isLessThanOrEqualTo(snapshot.sequence());
        MemorySegment target = arena.allocate(8_192, 4_096);
        snapshot.read(stored, target);
        assertThat(target.asSlice(0, 6_000).toArray(ValueLayout.JAVA_BYTE))
            .isEqualTo(bytes(2, 6_000));
        assertThatThrownBy(() -> snapshot.read(Objects.requireNonNull(changes.get(id(1))), target))
            .isInstanceOf(IllegalArgumentException.class);
      }
    }
  }

  @Test
  void shouldNotOutliveTheStoreAndLeaveNothingBehind() {
    long deleted;
    try (DataFileStore store = open()) {
      store.markTiered();
      put(store, 1, bytes(1, 5_000));
      put(store, 2, bytes(2, 5_000));
      var _ = store.snapshot();
      put(store, 1, bytes(11, 5_000));
      delete(store, 2);
      deleted = store.stats().sequence();
      assertThat(store.stats().pinnedBytes()).isEqualTo(4 * 4096L);
    }
    try (DataFileStore store = open()) {
      assertThat(store.stats().pinnedBytes()).isZero();
      assertThat(store.stats().snapshots()).isZero();
      assertThat(store.stats().tombstones()).isEqualTo(1);
      assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
      Map<BlobId, BlobChange.Kind> changes = new HashMap<>();
      try (TierSnapshot snapshot = store.tierSnapshot()) {
        assertThat(snapshot.epoch()).isEqualTo(store.durableEpoch());
        snapshot.forEachChange(0, change -> changes.put(change.id(), change.kind()));
        assertThat(changes)
            .isEqualTo(Map.of(id(1), BlobChange.Kind.STORED, id(2), BlobChange.Kind.DELETED));
        changes.clear();
        snapshot.forEachChange(deleted - 1, change -> changes.put(change.id(), change.kind()));
        assertThat(changes).isEqualTo(Map.of(id(2), BlobChange.Kind.DELETED));
        assertThat(read(snapshot, 1)).isEqualTo(bytes(11, 5_000));
      }
    }
  }

  @Test
  void shouldCopyALongBlobToTheEndThoughItIsReplacedMeanwhile() throws IOException {
    byte[] value = bytes(1, 9_000_000); // longer than the longest buffer, so copied in parts
    try (DataFileStore store = open();
        Snapshot before = store.snapshot()) {
      try (Epoch epoch = store.beginEpoch()) {
        epoch.put(id(1), Channels.newChannel(new ByteArrayInputStream(value)), value.length);
        epoch.commit();
      }
      assertThat((long) value.length).isGreaterThan(store.claimBytesMax());
      try (Snapshot snapshot = store.snapshot()) {
        ByteArrayOutputStream copy = new ByteArrayOutputStream();
        long length = snapshot.get(id(1), new ReplacingChannel(store, copy));
        assertThat(length).isEqualTo(value.length);
        assertThat(copy.toByteArray()).isEqualTo(value);
      }
      assertThat(before.contains(id(1))).isFalse();
    }
  }

  /** Replaces the blob, and fills its space if it can, whenever something is written. */
  private record ReplacingChannel(BlobStore store, ByteArrayOutputStream target)
      implements WritableByteChannel {

    @Override
    public int write(ByteBuffer source) {
      int length = source.remaining();
      byte[] bytes = new byte[length];
      source.get(bytes);
      target.writeBytes(bytes);
      for (int i = 0; i < 8; i++) {
        put(store, 1, bytes(i, 900_000));
      }
      return length;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }

  @Test
  @Tag("campaign")
  void shouldVisitEachBlobOnceThoughTheVisitorChangesThem() {
    int count = 6_000; // several buckets
    try (DataFileStore store = open()) {
      for (int from = 0; from < count; from += 1_000) {
        try (Epoch epoch = store.beginEpoch()) {
          for (int i = from; i < from + 1_000; i++) {
            epoch.put(id(i), MemorySegment.ofArray(bytes(i, i % 50)));
          }
          epoch.commit();
        }
      }
      try (Snapshot snapshot = store.snapshot()) {
        SplittableRandom random = new SplittableRandom(1);
        Map<Long, Long> seen = new HashMap<>();
        snapshot.forEach((high, low, length, local) -> {
          assertThat(seen.put(high, length)).as("visited once: %d", high).isNull();
          if (seen.size() % 20 == 0) {
            try (Epoch epoch = store.beginEpoch()) {
              for (int i = 0; i < 40; i++) {
                epoch.delete(id(random.nextInt(count)));
                epoch.put(id(random.nextInt(2 * count)), MemorySegment.ofArray(bytes(i, 60)));
              }
              epoch.commit();
            }
          }
        });
        Map<Long, Long> expected = new HashMap<>();
        for (long i = 0; i < count; i++) {
          expected.put(i, i % 50);
        }
        assertThat(seen).isEqualTo(expected);
        assertThat(visited(snapshot)).isEqualTo(expected);
      }
      assertThat(store.stats().pinnedBytes()).isZero();
      assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
    }
  }
}
