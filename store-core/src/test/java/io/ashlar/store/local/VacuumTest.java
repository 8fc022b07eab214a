package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobStore;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreStats;
import io.ashlar.store.VacuumListener;
import io.ashlar.store.VacuumOptions;
import io.ashlar.store.VacuumReport;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.disk.DiskEvent;
import io.ashlar.store.disk.InjectedFailure;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.vacuum.Vacuum;
import io.ashlar.uring.Errno;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 120, unit = TimeUnit.SECONDS)
class VacuumTest {

  private static final StoreConfig SMALL =
      StoreConfig.DEFAULTS
          .withPoolBytes(8 << 20)
          .withInitialFileBytes(1 << 20)
          .withGrowthBytesMin(1 << 20)
          .withCheckpointLogBytesMin(4 << 20);

  @TempDir Path folder;

  private static byte[] bytes(long seed, int length) {
    byte[] bytes = new byte[length];
    new SplittableRandom(seed).nextBytes(bytes);
    return bytes;
  }

  private static BlobId id(long n) {
    return new BlobId(n, ~n);
  }

  private static void put(BlobStore store, long id, byte[] value) {
    try (Epoch epoch = store.beginEpoch()) {
      epoch.put(id(id), MemorySegment.ofArray(value));
      epoch.commit();
    }
  }

  private static void delete(BlobStore store, long id) {
    try (Epoch epoch = store.beginEpoch()) {
      epoch.delete(id(id));
      epoch.commit();
    }
  }

  private static byte[] read(BlobStore store, long id) {
    try (BlobLease lease = store.get(id(id))) {
      assertThat(lease).isNotNull();
      return lease.value().toArray(ValueLayout.JAVA_BYTE);
    }
  }

  private static void assertClean(BlobStore store) {
    assertThat(store.verify(VerifyListener.NONE)).matches(report -> report.clean());
  }

  private DataFileStore open() {
    return (DataFileStore) LocalBlobStore.builder(folder).config(SMALL).open();
  }

  private static int length(int id) {
    return 1 + id * 7919 % 60_000;
  }

  @Test
  @Tag("campaign")
  void shouldShrinkTheFileToItsContentAfterMassDeletion() {
    int blobs = 2_000;
    try (DataFileStore store = open()) {
      for (int from = 0; from < blobs; from += 10) {
        try (Epoch epoch = store.beginEpoch()) {
          for (int i = from; i < from + 10; i++) {
            epoch.put(id(i), MemorySegment.ofArray(bytes(i, length(i))));
          }
          epoch.commit();
        }
      }
      for (int i = 0; i < blobs; i++) {
        if (i % 10 != 3) {
          delete(store, i);
        }
      }
      List<Long> sizes = new ArrayList<>();
      VacuumReport report =
          store.vacuum(
              VacuumOptions.DEFAULTS,
              new VacuumListener() {
                @Override
                public void onProgress(long moved, long movedBytes, long fileBytes) {
                  sizes.add(fileBytes);
                }
              });
      assertThat(report.end()).isEqualTo(VacuumReport.End.DONE);
      assertThat(report.blobsMoved()).isPositive();
      assertThat(report.blobsDamaged()).isZero();
      assertThat(report.fileBytesBefore()).isGreaterThan(55L << 20);
      assertThat(report.fileBytesAfter()).isEqualTo(store.stats().fileBytes());
      assertThat(sizes.getLast()).isEqualTo(report.fileBytesAfter());
      assertShrunk(store);
      assertClean(store);
      put(store, blobs, bytes(blobs, 5_000));
      assertShrunk(store);
      // What an index checkpoint that ended meanwhile has freed may be a gain, once or twice.
      long moved = Long.MAX_VALUE;
      for (int again = 0; again < 4 && moved > 5_000; again++) {
        moved = store.vacuum(VacuumOptions.DEFAULTS, VacuumListener.NONE).bytesMoved();
      }
      assertThat(moved)
          .as("there is nothing more to gain, but that the last blob may lie high")
          .isLessThanOrEqualTo(5_000);
    }
    try (DataFileStore store = open()) {
      assertShrunk(store);
      for (int i = 0; i <= blobs; i++) {
        if (i % 10 == 3) {
          assertThat(read(store, i)).isEqualTo(bytes(i, length(i)));
        } else {
          assertThat(store.contains(id(i))).isEqualTo(i == blobs);
        }
      }
      assertClean(store);
    }
  }

  /**
   * Live data, log extents, three checkpoints and room to grow ahead: no more than half as much.
   */
  private static void assertShrunk(BlobStore store) {
    StoreStats stats = store.stats();
    assertThat(stats.fileBytes()).isLessThan(stats.blobBytes() * 3 / 2);
  }

  /** A store on a simulated disk: a hundred blobs of which the lower half was deleted. */
  private static StoreLife.Opened halfDeleted(SimulatedDisk disk) {
    StoreLife.Opened opened = StoreLife.openOn(disk, 1);
    for (int i = 0; i < 100; i++) {
      put(opened.store(), i, bytes(i, 8_000));
    }
    for (int i = 0; i < 50; i++) {
      delete(opened.store(), i);
    }
    opened.runSteps();
    return opened;
  }

  private static VacuumReport run(StoreLife.Opened opened, VacuumListener listener) {
    try (Vacuum vacuum = opened.store().beginVacuum(VacuumOptions.DEFAULTS, listener)) {
      while (vacuum.step()) {
        opened.runSteps();
      }
      return vacuum.report();
    }
  }

  private static void assertHolds(BlobStore store, int from, int to) {
    for (int i = from; i < to; i++) {
      assertThat(read(store, i)).isEqualTo(bytes(i, 8_000));
    }
    assertClean(store);
  }

  /** Returns the offset of a blob's first byte in the file. */
  private static long offsetOf(SimulatedDisk disk, byte[] value) {
    byte[] file = disk.image().bytes();
    for (int offset = 0; offset < file.length; offset += Blocks.BYTES) {
      if (java.util.Arrays.equals(
          file, offset, offset + Blocks.BYTES, value, 0, Math.min(value.length, Blocks.BYTES))) {
        return offset;
      }
    }
    throw new AssertionError("the blob is not in the file");
  }

  @Test
  @Tag("campaign")
  void shouldGiveBackWhatItHeldWhenItsListenerThrows() {
    int calls = 0;
    boolean thrown = true;
    while (thrown) { // at each call in turn
      int last = calls++;
      try (StoreLife.Opened opened = halfDeleted(new SimulatedDisk())) {
        int[] told = new int[1];
        Throwable failure =
            catchThrowable(() ->
                run(
                    opened,
                    new VacuumListener() {
                      @Override
                      public void onProgress(long blobs, long bytes, long fileBytes) {
                        if (told[0]++ == last) {
                          throw new IllegalArgumentException("planted");
                        }
                      }
                    }));
        thrown = failure instanceof IllegalArgumentException;
        assertClean(opened.store());
        assertThat(run(opened, VacuumListener.NONE).blobsDamaged()).isZero();
        assertClean(opened.store());
      }
    }
    assertThat(calls).isGreaterThan(10);
  }

  @Test
  void shouldLeaveADamagedBlobWhereItIsAndMoveTheOthers() {
    SimulatedDisk disk = new SimulatedDisk();
    try (StoreLife.Opened opened = halfDeleted(disk);
        Arena arena = Arena.ofConfined()) {
      long offset = offsetOf(disk, bytes(99, 8_000));
      MemorySegment block = arena.allocate(Blocks.BYTES, Blocks.BYTES);
      block.fill((byte) 7);
      disk.write(block, offset);
      List<CorruptionException> damages = new ArrayList<>();
      VacuumReport report =
          run(
              opened,
              new VacuumListener() {
                @Override
                public void onDamaged(CorruptionException damage) {
                  damages.add(damage);
                }
              });
      assertThat(report.blobsDamaged()).isEqualTo(1);
      assertThat(report.blobsMoved()).isGreaterThan(20);
      assertThat(report.end()).isEqualTo(VacuumReport.End.STUCK);
      assertThat(damages).hasSize(1);
      assertThat(damages.getFirst().id()).isEqualTo(id(99));
      assertThat(damages.getFirst().block()).isEqualTo(offset / Blocks.BYTES);
      assertThat(report.fileBytesAfter()).isGreaterThan(offset);
      assertThatThrownBy(() -> read(opened.store(), 99)).isInstanceOf(CorruptionException.class);
      delete(opened.store(), 99);
      assertThat(run(opened, VacuumListener.NONE).fileBytesAfter()).isLessThan(offset);
      assertHolds(opened.store(), 50, 99);
    }
  }

  @Test
  void shouldLeaveAloneWhatChangedBetweenItsCopyAndTheRecord() {
    SimulatedDisk disk = new SimulatedDisk();
    try (StoreLife.Opened opened = halfDeleted(disk)) {
      DataFileStore store = opened.store();
      try (Vacuum vacuum = store.beginVacuum(VacuumOptions.DEFAULTS, VacuumListener.NONE)) {
        long epoch = store.durableEpoch();
        long syncs = disk.count(InjectedFailure.Kind.SYNC);
        while (disk.count(InjectedFailure.Kind.SYNC) == syncs) {
          assertThat(vacuum.step()).isTrue(); // until the first copies are synced
        }
        assertThat(store.durableEpoch()).isEqualTo(epoch);
        for (int i = 50; i < 100; i++) {
          put(store, i, bytes(1_000 + i, 3_000));
        }
        delete(store, 75);
        assertThat(vacuum.step()).isTrue();
        assertThat(vacuum.report().blobsMoved()).isZero();
        while (vacuum.step()) {
          opened.runSteps();
        }
      }
      for (int i = 50; i < 100; i++) {
        if (i != 75) {
          assertThat(read(store, i)).isEqualTo(bytes(1_000 + i, 3_000));
        }
      }
      assertThat(store.contains(id(75))).isFalse();
      assertClean(store);
    }
  }

  @Test
  void shouldGoOnWhenACopyCannotBeWritten() {
    SimulatedDisk disk = new SimulatedDisk();
    try (StoreLife.Opened opened = halfDeleted(disk)) {
      DataFileStore store = opened.store();
      try (Vacuum vacuum = store.beginVacuum(VacuumOptions.DEFAULTS, VacuumListener.NONE)) {
        long reads = disk.count(InjectedFailure.Kind.READ);
        disk.failNext(InjectedFailure.Kind.WRITE, Errno.EIO);
        while (disk.count(InjectedFailure.Kind.READ) == reads && vacuum.step()) {
          disk.heal(); // the log may move before the first copy
          disk.failNext(InjectedFailure.Kind.WRITE, Errno.EIO);
        }
        if (!store.stats().failed()) {
          assertThat(vacuum.step()).isFalse();
          assertThat(vacuum.report().end()).isEqualTo(VacuumReport.End.FAILED);
        }
      }
      disk.heal();
      assertThat(store.stats().failed()).isFalse();
      assertHolds(store, 50, 100);
      assertThat(run(opened, VacuumListener.NONE).end()).isEqualTo(VacuumReport.End.DONE);
      assertHolds(store, 50, 100);
    }
  }

  @Test
  void shouldPoisonTheStoreWhenTheCopiesCannotBeSynced() {
    SimulatedDisk disk = new SimulatedDisk();
    StoreLife.Opened opened = halfDeleted(disk);
    disk.failNext(InjectedFailure.Kind.SYNC, Errno.EIO);
    assertThatThrownBy(() -> run(opened, VacuumListener.NONE))
        .isInstanceOf(io.ashlar.store.StoreFailedException.class);
    assertThat(opened.store().stats().failed()).isTrue();
    opened.close();
  }

  @Test
  void shouldPunchHolesIfAskedAndFillThemBeforeUse() {
    SimulatedDisk disk = new SimulatedDisk();
    try (StoreLife.Opened opened = halfDeleted(disk)) {
      DataFileStore store = opened.store();
      put(store, 3_000, bytes(1, 400_000)); // a long group: its record takes little beside it
      delete(store, 3_000);
      Epoch pinning = store.beginEpoch();
      pinning.put(id(1_000), MemorySegment.ofArray(bytes(1_000, 3 << 20))); // streams to the top
      opened.runSteps();
      VacuumOptions options = VacuumOptions.DEFAULTS.withHoleBytesMin(Blocks.BYTES);
      VacuumReport report;
      try (Vacuum vacuum = store.beginVacuum(options, VacuumListener.NONE)) {
        while (vacuum.step()) {
          opened.runSteps();
        }
        report = vacuum.report();
      }
      assertThat(report.bytesPunched()).isPositive();
      assertThat(disk.events().stream().anyMatch(DiskEvent.Punch.class::isInstance)).isTrue();
      assertClean(store);
      long grown = store.stats().bytesGrown();
      long size = store.stats().fileBytes();
      for (int i = 0; store.stats().bytesGrown() == grown; i++) {
        assertThat(i).isLessThan(500);
        put(store, 2_000 + i, bytes(i, 8_000));
      }
      assertThat(store.stats().fileBytes()).as("a hole is filled first").isEqualTo(size);
      assertThat(pinning.commit()).isPositive();
      assertThat(read(store, 1_000)).isEqualTo(bytes(1_000, 3 << 20));
      assertHolds(store, 50, 100);
    }
  }

  @Test
  void shouldKeepItsRate() {
    SimulatedDisk disk = new SimulatedDisk();
    try (StoreLife.Opened opened = halfDeleted(disk)) {
      VacuumOptions options = VacuumOptions.DEFAULTS.withBytesPerSecondMax(Blocks.BYTES);
      try (Vacuum vacuum = opened.store().beginVacuum(options, VacuumListener.NONE)) {
        assertThat(vacuum.restNs()).isZero();
        while (vacuum.report().blobsMoved() == 0) {
          assertThat(vacuum.step()).isTrue();
        }
        long blocks = 2 * vacuum.report().blobsMoved();
        assertThat(vacuum.restNs()).isEqualTo(blocks * 1_000_000_000L);
        opened.clockNs().addAndGet(blocks * 1_000_000_000L);
        assertThat(vacuum.restNs()).isZero();
      }
    }
  }

  @Test
  void shouldRunOneAtATime() {
    try (DataFileStore store = open()) {
      put(store, 1, bytes(1, 10));
      AtomicReference<Throwable> second = new AtomicReference<>();
      store.vacuum(
          VacuumOptions.DEFAULTS,
          new VacuumListener() {
            @Override
            public void onProgress(long blobs, long bytes, long fileBytes) {
              second.set(
                  catchThrowable(() -> store.vacuum(VacuumOptions.DEFAULTS, VacuumListener.NONE)));
            }
          });
      assertThat(second.get()).isInstanceOf(IllegalStateException.class);
      assertThat(store.vacuum(VacuumOptions.DEFAULTS, VacuumListener.NONE)).isNotNull();
    }
  }

  @Test
  void shouldEndWhenTheStoreIsClosed() throws InterruptedException {
    DataFileStore store = open();
    for (int i = 0; i < 200; i++) {
      put(store, i, bytes(i, 50_000));
    }
    for (int i = 0; i < 150; i++) {
      delete(store, i);
    }
    Thread closer = new Thread(store::close);
    VacuumReport report =
        store.vacuum(
            VacuumOptions.DEFAULTS.withBytesPerSecondMax(1),
            new VacuumListener() {
              @Override
              public void onProgress(long blobs, long bytes, long fileBytes) {
                if (closer.getState() == Thread.State.NEW) {
                  closer.start(); // at one byte a second only closing can end it
                }
              }
            });
    assertThat(report.end()).isEqualTo(VacuumReport.End.CLOSED);
    closer.join();
    try (DataFileStore again = open()) {
      for (int i = 150; i < 200; i++) {
        assertThat(read(again, i)).isEqualTo(bytes(i, 50_000));
      }
      assertClean(again);
    }
  }

  /** Vacuums when the first bytes come. */
  private static final class VacuumingChannel implements WritableByteChannel {
    private final DataFileStore store;
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();
    private long moved;

    VacuumingChannel(DataFileStore store) {
      this.store = store;
    }

    @Override
    public int write(ByteBuffer source) {
      if (received.size() == 0) {
        moved = store.vacuum(VacuumOptions.DEFAULTS, VacuumListener.NONE).blobsMoved();
      }
      byte[] bytes = new byte[source.remaining()];
      source.get(bytes);
      received.writeBytes(bytes);
      return bytes.length;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }

  @Test
  void shouldGoOnStreamingABlobThatIsMovedMeanwhile() throws IOException {
    try (DataFileStore store = open()) {
      put(store, 1, bytes(1, 9_000_000));
      put(store, 2, bytes(2, 3_500_000));
      delete(store, 1);
      VacuumingChannel channel = new VacuumingChannel(store);
      assertThat(store.get(id(2), channel)).isEqualTo(3_500_000);
      assertThat(channel.moved).isEqualTo(1);
      assertThat(channel.received.toByteArray()).isEqualTo(bytes(2, 3_500_000));
      assertClean(store);
    }
  }
}
