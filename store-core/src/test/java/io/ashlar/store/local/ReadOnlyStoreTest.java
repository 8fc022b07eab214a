package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobStore;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.Epoch;
import io.ashlar.store.Snapshot;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreLockedException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.StoreStats;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.VerifyOptions;
import io.ashlar.store.VerifyReport;
import io.ashlar.store.disk.BlockImage;
import io.ashlar.store.disk.SimulatedDisk;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Stores that are only looked at, verified bit by bit, and copied. */
@Timeout(120)
class ReadOnlyStoreTest {

  private static final StoreConfig CONFIG =
      StoreConfig.DEFAULTS
          .withPoolBytes(4 << 20)
          .withInitialFileBytes(1 << 20)
          .withLockTimeoutMs(50);

  @TempDir Path folder;

  private static BlobId id(int n) {
    return new BlobId(n * 31L, n);
  }

  private static byte[] value(int n) {
    byte[] value = new byte[n % 7 == 0 ? 0 : 100 + 3000 * (n % 5)];
    new SplittableRandom(n).nextBytes(value);
    return value;
  }

  private static void fill(BlobStore store, int first, int count) {
    try (Epoch epoch = store.beginEpoch()) {
      for (int n = first; n < first + count; n++) {
        epoch.put(id(n), MemorySegment.ofArray(value(n)));
      }
      epoch.commit();
    }
  }

  private static void assertHolds(Snapshot store, int count) {
    for (int n = 0; n < count; n++) {
      try (BlobLease lease = store.get(id(n))) {
        assertThat(lease).isNotNull();
        assertThat(lease.value().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(value(n));
      }
    }
    List<Long> seen = new ArrayList<>();
    store.forEach((high, low, length, local) -> seen.add(low));
    assertThat(seen).hasSize(count);
  }

  private static SimulatedDisk filledDisk(int count) {
    SimulatedDisk disk = new SimulatedDisk();
    try (DataFileStore store = StoreOpening.open("test", disk, CONFIG, StoreEnvironment.system())) {
      for (int n = 0; n < count; n += 10) {
        fill(store, n, 10);
      }
    }
    return disk;
  }

  @Test
  void shouldWriteNothingToWhatItLooksAt() {
    SimulatedDisk disk = SimulatedDisk.of(filledDisk(50).image());
    BlockImage before = disk.image();
    try (ReadOnlyStore store = ReadOnlyStore.open("test", disk, CONFIG)) {
      assertHolds(store, 50);
      assertThat(store.blobs()).isEqualTo(50);
      assertThat(store.epoch()).isEqualTo(5);
      VerifyReport report = store.verify(VerifyOptions.DEFAULTS, VerifyListener.NONE);
      assertThat(report.clean()).isTrue();
      assertThat(store.get(id(999))).isNull();
      StoreStats stats = store.stats();
      assertThat(stats.blobs()).isEqualTo(50);
      assertThat(stats.blobBytes()).isEqualTo(report.bytes());
      assertThat(stats.fileBytes()).isEqualTo(before.size());
      assertThat(stats.freeBytes()).isPositive().isLessThan(stats.fileBytes());
      assertThat(stats.sequence()).isEqualTo(store.sequence());
    }
    assertThat(disk.events()).as("no write, no sync").isEmpty();
    byte[] left = new byte[4096];
    byte[] right = new byte[4096];
    for (long at = 0; at < before.size(); at += 4096) {
      before.read(at, MemorySegment.ofArray(left));
      disk.image().read(at, MemorySegment.ofArray(right));
      assertThat(right).isEqualTo(left);
    }
  }

  @Test
  void shouldLetManyLookAndNobodyWriteMeanwhile() {
    try (DataFileStore store =
        (DataFileStore) LocalBlobStore.builder(folder).config(CONFIG).open()) {
      fill(store, 0, 20);
      assertThatThrownBy(() -> ReadOnlyStore.open(folder, CONFIG))
          .isInstanceOf(StoreLockedException.class);
    }
    try (ReadOnlyStore one = ReadOnlyStore.open(folder, CONFIG);
        ReadOnlyStore other = ReadOnlyStore.open(folder, CONFIG)) {
      assertHolds(one, 20);
      assertHolds(other, 20);
      assertThatThrownBy(() -> LocalBlobStore.builder(folder).config(CONFIG).open())
          .isInstanceOf(StoreLockedException.class);
    }
    try (DataFileStore store =
        (DataFileStore) LocalBlobStore.builder(folder).config(CONFIG).open()) {
      fill(store, 20, 1);
    }
    assertThatThrownBy(() -> ReadOnlyStore.open(folder.resolve("missing"), CONFIG))
        .isInstanceOf(StoreOpenException.class);
  }

  @Test
  void shouldVerifyInPartsThatCoverEverythingOnce() {
    SimulatedDisk disk = filledDisk(5000);
    Set<Long> cursors = new HashSet<>();
    long blobs = 0;
    long cursor = 0;
    int opens = 0;
    while (cursor >= 0) { // each part by another open of the store
      assertThat(cursors.add(cursor)).isTrue();
      try (DataFileStore store =
          StoreOpening.open(
              "test", SimulatedDisk.of(disk.image()), CONFIG, StoreEnvironment.system())) {
        VerifyReport report =
            store.verify(
                VerifyOptions.DEFAULTS.withCursor(cursor).withBytesMax(1), VerifyListener.NONE);
        assertThat(report.clean()).isTrue();
        blobs += report.blobs();
        cursor = report.nextCursor();
        opens++;
      }
    }
    assertThat(blobs).isEqualTo(5000);
    assertThat(opens).isGreaterThan(2);
  }

  @Test
  void shouldReportEveryDamagedBlobWithWhatItFound() {
    SimulatedDisk disk = filledDisk(60);
    BlockImage image = disk.image();
    List<BlobId> damaged = new ArrayList<>();
    byte[] block = new byte[4096];
    for (int n : new int[] {3, 11, 24, 58}) {
      MemorySegment head = MemorySegment.ofArray(value(n)).asSlice(0, 100);
      for (long at = 0; at < image.size(); at += 4096) {
        image.read(at, MemorySegment.ofArray(block));
        if (MemorySegment.ofArray(block).asSlice(0, 100).mismatch(head) < 0) {
          image.flipBit(at + 50, 1);
          damaged.add(id(n));
        }
      }
    }
    assertThat(damaged).hasSize(4);
    List<CorruptionException> found = new ArrayList<>();
    VerifyListener listener =
        new VerifyListener() {
          @Override
          public void onDamaged(CorruptionException damage) {
            found.add(damage);
          }
        };
    try (ReadOnlyStore store = ReadOnlyStore.open("test", SimulatedDisk.of(image), CONFIG)) {
      VerifyReport report = store.verify(VerifyOptions.DEFAULTS, listener);
      assertThat(report.damaged()).isEqualTo(4);
      assertThat(report.blobs()).isEqualTo(60);
    }
    assertThat(found).map(CorruptionException::id).containsExactlyInAnyOrderElementsOf(damaged);
    assertThat(found)
        .allSatisfy(damage -> {
          assertThat(damage.block()).isPositive();
          assertThat(damage.actual()).isNotNegative().isNotEqualTo(damage.expected());
          assertThat(damage.getMessage()).contains("%08x".formatted(damage.actual()));
        });
  }

  @Test
  void shouldKeepToTheRate() {
    SimulatedDisk disk = filledDisk(60);
    try (ReadOnlyStore store = ReadOnlyStore.open("test", SimulatedDisk.of(disk.image()), CONFIG)) {
      long startNs = System.nanoTime();
      VerifyReport report =
          store.verify(
              VerifyOptions.DEFAULTS.withBytesPerSecondMax(1_000_000), VerifyListener.NONE);
      double seconds = (System.nanoTime() - startNs) / 1e9;
      assertThat(report.bytes() / seconds).as("never faster").isLessThan(1_100_000);
    }
  }

  @Test
  void shouldBackUpASnapshotWhileTheStoreGoesOn() throws IOException {
    Path file = folder.resolve("backup");
    try (DataFileStore store =
        (DataFileStore) LocalBlobStore.builder(folder.resolve("store")).config(CONFIG).open()) {
      fill(store, 0, 40);
      try (Snapshot snapshot = store.snapshot()) {
        fill(store, 40, 10);
        StoreBackup.Report report = StoreBackup.write(snapshot, file);
        assertThat(report.blobs()).isEqualTo(40);
        assertThat(report.epoch()).isEqualTo(snapshot.epoch());
        assertThatThrownBy(() -> StoreBackup.write(snapshot, file))
            .isInstanceOf(IOException.class)
            .hasMessageContaining("exists already");
      }
    }
    try (ReadOnlyStore backup = ReadOnlyStore.openFile(file, CONFIG)) {
      assertHolds(backup, 40);
    }
    Path restored = Files.createDirectory(folder.resolve("restored"));
    Files.copy(file, restored.resolve(StoreFile.NAME));
    try (DataFileStore store =
        (DataFileStore) LocalBlobStore.builder(restored).config(CONFIG).open()) {
      assertThat(store.stats().blobs()).isEqualTo(40);
      fill(store, 40, 1);
    }
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left).noneMatch(path -> path.getFileName().toString().contains("ashlar-backup"));
    }
  }
}
