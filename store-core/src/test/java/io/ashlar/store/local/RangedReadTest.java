package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.Admission;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobStore;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.Epoch;
import io.ashlar.store.Snapshot;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.VacuumListener;
import io.ashlar.store.VacuumOptions;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.VerifyReport;
import io.ashlar.store.disk.BlockImage;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.SimulatedDisk;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.channels.Channels;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Parts of blobs: only what is needed is read, and what is read is verified. */
@Timeout(120)
class RangedReadTest {

  private static final long SEED = Long.getLong("test.seed", 20_261_121);
  private static final StoreConfig CONFIG =
      StoreConfig.DEFAULTS
          .withPoolBytes(4 << 20) // the longest buffer: 1 MiB
          .withInitialFileBytes(8 << 20)
          .withGrowthBytesMin(1 << 20)
          .withLogExtentBytesMax(64 << 10)
          .withCheckpointLogBytesMin(64 << 10);
  private static final BlobId LONG = new BlobId(1, 1);
  private static final BlobId SHORT = new BlobId(1, 2);
  private static final int CHUNK = 64 << 10;
  private static final byte[] LONG_VALUE = value(1, (3 << 20) + 12_345);
  private static final byte[] SHORT_VALUE = value(2, 50_000);

  private final AtomicLong bytesRead = new AtomicLong();

  private static byte[] value(int seed, int length) {
    byte[] bytes = new byte[length];
    new SplittableRandom(seed).nextBytes(bytes);
    return bytes;
  }

  private DataFileStore open(SimulatedDisk real) {
    return open(real, CONFIG);
  }

  private DataFileStore open(SimulatedDisk real, StoreConfig config) {
    Disk disk =
        (Disk)
            Proxy.newProxyInstance(
                Disk.class.getClassLoader(),
                new Class<?>[] {Disk.class},
                (self, method, arguments) -> {
                  if (method.getName().equals("read") && arguments.length == 3) {
                    bytesRead.addAndGet((long) arguments[1]);
                  }
                  try {
                    return method.invoke(real, arguments);
                  } catch (InvocationTargetException e) {
                    throw e.getCause();
                  }
                });
    return StoreOpening.open("test", disk, config, StoreEnvironment.system());
  }

  private static void put(BlobStore store, BlobId id, byte[] value) {
    try (Epoch epoch = store.beginEpoch()) {
      epoch.put(id, MemorySegment.ofArray(value));
      epoch.commit();
    }
  }

  private static void fill(DataFileStore store) {
    put(store, LONG, LONG_VALUE);
    put(store, SHORT, SHORT_VALUE);
  }

  private static byte[] range(BlobStore store, BlobId id, long offset, int length) {
    byte[] target = new byte[length];
    long copied = store.get(id, offset, length, MemorySegment.ofArray(target));
    return Arrays.copyOf(target, (int) copied);
  }

  private static void assertRanges(BlobStore store) {
    SplittableRandom random = new SplittableRandom(SEED);
    for (int i = 0; i < 300; i++) {
      BlobId id = i % 3 == 0 ? SHORT : LONG;
      byte[] value = i % 3 == 0 ? SHORT_VALUE : LONG_VALUE;
      int offset = random.nextInt(value.length + 100);
      int length = random.nextInt(i % 10 == 0 ? value.length + 1 : 2 * CHUNK);
      byte[] expected =
          offset >= value.length
              ? new byte[0]
              : Arrays.copyOfRange(value, offset, Math.min(value.length, offset + length));
      assertThat(range(store, id, offset, length))
          .as("offset %d, length %d, seed %d", offset, length, SEED)
          .isEqualTo(expected);
    }
  }

  @Test
  void shouldCopyExactlyTheBytesOfTheRange() {
    SimulatedDisk disk = new SimulatedDisk();
    try (DataFileStore store = open(disk)) {
      fill(store);
      assertRanges(store);
      assertThat(store.get(new BlobId(9, 9), 0, 1, MemorySegment.ofArray(new byte[1])))
          .isEqualTo(BlobStore.NOT_FOUND);
      MemorySegment tooShort = MemorySegment.ofArray(new byte[10]);
      assertThatThrownBy(() -> store.get(LONG, 0, 11, tooShort))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> store.get(LONG, -1, 1, tooShort))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(store.get(LONG, LONG_VALUE.length - 3, 1000, tooShort)).isEqualTo(3);
    }
  }

  @Test
  void shouldReadOnlyTheTableAndThePiecesOfTheRange() {
    try (DataFileStore store = open(new SimulatedDisk())) {
      fill(store);
      bytesRead.set(0);
      assertThat(range(store, LONG, 5L * CHUNK + 100, 1000)).hasSize(1000);
      assertThat(bytesRead.get()).isEqualTo(4096 + CHUNK);
      bytesRead.set(0);
      assertThat(range(store, LONG, 6L * CHUNK - 1, 2)).hasSize(2);
      assertThat(bytesRead.get()).isEqualTo(4096 + 2 * CHUNK);
      bytesRead.set(0);
      assertThat(range(store, SHORT, 40_000, 10)).hasSize(10);
      assertThat(bytesRead.get()).isEqualTo(53_248);
    }
  }

  /** The ways in which a value gets into the store. */
  private enum Way {
    PUT,
    CHANNEL,
    CLAIM,
    TRY_PUT,
    TRY_CLAIM
  }

  private static void put(BlobStore store, BlobId id, byte[] value, Way way) throws IOException {
    MemorySegment segment = MemorySegment.ofArray(value);
    try (Epoch epoch = store.beginEpoch()) {
      switch (way) {
        case PUT -> epoch.put(id, segment);
        case CHANNEL ->
            epoch.put(id, Channels.newChannel(new ByteArrayInputStream(value)), value.length);
        case CLAIM -> epoch.claim(id, value.length).copyFrom(segment);
        case TRY_PUT -> assertThat(epoch.tryPut(id, segment)).isEqualTo(Admission.ACCEPTED);
        case TRY_CLAIM -> {
          MemorySegment slot = epoch.tryClaim(id, value.length);
          assertThat(slot).isNotNull();
          slot.copyFrom(segment);
        }
      }
      epoch.put(new BlobId(2, way.ordinal()), MemorySegment.ofArray(SHORT_VALUE)); // behind it
      epoch.commit();
    }
  }

  @Test
  @Tag("campaign")
  void shouldHaveATableFromOneMebibyteOnWhicheverWayItIsWritten() throws IOException {
    int least = 1 << 20;
    StoreConfig larger = // the longest buffer: 4 MiB; blobs lie behind their records
        CONFIG
            .withPoolBytes(64 << 20)
            .withInitialFileBytes(64 << 20)
            .withLogExtentBytesMax(32 << 20);
    for (StoreConfig config : List.of(CONFIG, larger)) {
      SimulatedDisk disk = new SimulatedDisk();
      int longest = config.equals(CONFIG) ? least : 4 << 20;
      for (int length : new int[] {least, least + 5, (2 << 20) + 777, longest - 100, longest}) {
        if (length < least || length > longest) {
          continue;
        }
        byte[] value = value(length, length);
        try (DataFileStore store = open(disk, config)) {
          for (Way way : Way.values()) {
            BlobId id = new BlobId(length, way.ordinal());
            put(store, id, value, way);
            bytesRead.set(0);
            assertThat(range(store, id, 3L * CHUNK + 10, 100))
                .as("%s of %d", way, length)
                .isEqualTo(Arrays.copyOfRange(value, 3 * CHUNK + 10, 3 * CHUNK + 110));
            assertThat(bytesRead.get()).as("%s of %d", way, length).isEqualTo(4096 + CHUNK);
          }
          assertClean(store);
        }
        disk = SimulatedDisk.of(disk.image());
        try (DataFileStore store = open(disk, config)) {
          for (Way way : Way.values()) {
            byte[] whole = new byte[length];
            assertThat(store.get(new BlobId(length, way.ordinal()), MemorySegment.ofArray(whole)))
                .isEqualTo(length);
            assertThat(whole).as("%s of %d", way, length).isEqualTo(value);
            assertThat(range(store, new BlobId(2, way.ordinal()), 0, SHORT_VALUE.length))
                .isEqualTo(SHORT_VALUE);
          }
          assertClean(store);
        }
        disk = SimulatedDisk.of(disk.image());
      }
    }
  }

  @Test
  void shouldHaveNoTableBelowOneMebibyte() {
    try (DataFileStore store = open(new SimulatedDisk())) {
      put(store, LONG, value(4, (1 << 20) - 1));
      bytesRead.set(0);
      assertThat(range(store, LONG, 100, 100)).hasSize(100);
      assertThat(bytesRead.get()).isEqualTo(1 << 20);
    }
  }

  @Test
  void shouldFindTheTableAgainAfterReplayACheckpointAndAVacuum() throws InterruptedException {
    SimulatedDisk disk = new SimulatedDisk();
    try (DataFileStore store = open(disk)) {
      put(store, new BlobId(7, 7), value(3, 2 << 20)); // leaves a hole below the others
      fill(store);
    }
    SimulatedDisk second = SimulatedDisk.of(disk.image());
    try (DataFileStore store = open(second)) {
      assertThat(store.recoveryReport().replayedRecords()).isPositive();
      assertRanges(store);
      assertClean(store);
      try (Epoch epoch = store.beginEpoch()) {
        epoch.delete(new BlobId(7, 7));
        epoch.commit();
      }
    }
    SimulatedDisk third = checkpointed(second);
    try (DataFileStore store = open(third)) {
      assertThat(store.recoveryReport().checkpointEntries()).isPositive();
      assertHasTable(store);
      assertRanges(store);
      try (Snapshot snapshot = store.snapshot()) {
        put(store, LONG, SHORT_VALUE);
        byte[] part = new byte[100];
        assertThat(snapshot.get(LONG, CHUNK, 100, MemorySegment.ofArray(part))).isEqualTo(100);
        assertThat(part).isEqualTo(Arrays.copyOfRange(LONG_VALUE, CHUNK, CHUNK + 100));
      }
      put(store, LONG, LONG_VALUE);
      long before = store.stats().fileBytes();
      var _ = store.vacuum(VacuumOptions.DEFAULTS, VacuumListener.NONE);
      assertThat(store.stats().fileBytes()).isLessThanOrEqualTo(before);
      assertRanges(store);
      assertClean(store);
      assertHasTable(store);
    }
    try (DataFileStore store = open(SimulatedDisk.of(third.image()))) {
      assertRanges(store);
      assertClean(store);
    }
  }

  /** Returns a copy of a closed store that has committed until it has an index checkpoint. */
  private SimulatedDisk checkpointed(SimulatedDisk closed) {
    SimulatedDisk disk = SimulatedDisk.of(closed.image());
    for (int attempt = 0; attempt < 50; attempt++) {
      try (DataFileStore store = open(disk)) {
        if (store.recoveryReport().checkpointEntries() > 0) {
          return SimulatedDisk.of(disk.image());
        }
        for (int i = 0; i < 40; i++) {
          put(store, new BlobId(8, i), value(i, 5000));
        }
      }
      disk = SimulatedDisk.of(disk.image());
    }
    throw new AssertionError("no index checkpoint was written");
  }

  @Test
  void shouldKeepTheTableOfABlobThatIsMoved() {
    try (DataFileStore store = open(new SimulatedDisk())) {
      put(store, new BlobId(7, 7), value(3, 6 << 20));
      fill(store);
      try (Epoch epoch = store.beginEpoch()) {
        epoch.delete(new BlobId(7, 7));
        epoch.commit();
      }
      long moved = 0;
      for (int i = 0; i < 10 && moved < LONG_VALUE.length; i++) {
        put(store, SHORT, SHORT_VALUE); // a mark: what was freed can be used
        moved += store.vacuum(VacuumOptions.DEFAULTS, VacuumListener.NONE).bytesMoved();
      }
      assertThat(moved).as("the long one was moved").isGreaterThanOrEqualTo(LONG_VALUE.length);
      assertHasTable(store);
      assertRanges(store);
      assertClean(store);
    }
  }

  private void assertHasTable(DataFileStore store) {
    bytesRead.set(0);
    assertThat(range(store, LONG, 100, 100)).hasSize(100);
    assertThat(bytesRead.get()).as("the table, and one piece").isEqualTo(4096 + CHUNK);
  }

  private static void assertClean(DataFileStore store) {
    assertThat(store.verify(VerifyListener.NONE)).matches(VerifyReport::clean, "is clean");
  }

  /** Returns the image of a closed store with a bit of the long blob's extent flipped. */
  private SimulatedDisk damagedAt(long offset) {
    SimulatedDisk disk = new SimulatedDisk();
    try (DataFileStore store = open(disk)) {
      fill(store);
    }
    BlockImage image = disk.image();
    MemorySegment head = MemorySegment.ofArray(LONG_VALUE).asSlice(0, 4096);
    byte[] block = new byte[4096];
    for (long at = 0; at < image.size(); at += 4096) {
      image.read(at, MemorySegment.ofArray(block));
      if (MemorySegment.ofArray(block).mismatch(head) < 0) {
        image.flipBit(at + offset, 3);
        return SimulatedDisk.of(image);
      }
    }
    throw new AssertionError("the blob is nowhere in the file");
  }

  @Test
  void shouldFailOnlyRangesThatTouchDamage() {
    try (DataFileStore store = open(damagedAt(7L * CHUNK + 5))) {
      assertThat(range(store, LONG, 0, 7 * CHUNK)).isEqualTo(Arrays.copyOf(LONG_VALUE, 7 * CHUNK));
      assertThat(range(store, LONG, 8L * CHUNK, CHUNK)).hasSize(CHUNK);
      assertThatThrownBy(() -> range(store, LONG, 7L * CHUNK + 1000, 1))
          .isInstanceOfSatisfying(
              CorruptionException.class,
              damage -> {
                assertThat(damage.id()).isEqualTo(LONG);
                assertThat(damage.actual()).isNotEqualTo(damage.expected());
                assertThat(damage.getMessage()).contains("block=" + damage.block());
              });
      assertThatThrownBy(() -> store.get(LONG)).isInstanceOf(CorruptionException.class);
      assertThat(store.verify(VerifyListener.NONE).damaged()).isOne();
    }
  }

  @Test
  void shouldFindADamagedTable() {
    long table = (LONG_VALUE.length + 4095L) & -4096;
    try (DataFileStore store = open(damagedAt(table + 6))) {
      assertThatThrownBy(() -> range(store, LONG, 0, 1)).isInstanceOf(CorruptionException.class);
      try (BlobLease lease = store.get(LONG)) {
        assertThat(lease).isNotNull();
        assertThat(lease.value().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(LONG_VALUE);
      }
      assertThat(store.verify(VerifyListener.NONE).damaged()).isOne();
    }
  }
}
