package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobStore;
import io.ashlar.store.CommitReport;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreClosedException;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreLockedException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.VerifyListener;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LocalBlobStoreTest {

  private static final StoreConfig SMALL =
      StoreConfig.DEFAULTS
          .withPoolBytes(8 << 20)
          .withInitialFileBytes(1 << 20)
          .withGrowthBytesMin(1 << 20);

  @TempDir Path folder;

  private static byte[] bytes(long seed, int length) {
    byte[] bytes = new byte[length];
    new SplittableRandom(seed).nextBytes(bytes);
    return bytes;
  }

  private static BlobId id(long n) {
    return new BlobId(n, ~n);
  }

  private static byte[] read(BlobStore store, BlobId id) {
    try (BlobLease lease = store.get(id)) {
      assertThat(lease).isNotNull();
      return lease.value().toArray(ValueLayout.JAVA_BYTE);
    }
  }

  private LocalBlobStore open() {
    return LocalBlobStore.builder(folder).config(SMALL).open();
  }

  @ParameterizedTest
  @EnumSource(StoreConfig.Engine.class)
  void shouldReturnEveryLengthAsItWasPut(StoreConfig.Engine engine) {
    int[] lengths = {0, 1, 4095, 4096, 4097, 65_536, 100_000, 1 << 20, (1 << 20) + 1, 5_000_000};
    StoreConfig config = SMALL.withEngine(engine);
    try (LocalBlobStore store = LocalBlobStore.builder(folder).config(config).open()) {
      for (int length : lengths) {
        try (Epoch epoch = store.beginEpoch()) {
          epoch.put(id(length), MemorySegment.ofArray(bytes(length, length)));
          epoch.commit();
        }
      }
      for (int length : lengths) {
        assertThat(read(store, id(length))).isEqualTo(bytes(length, length));
        byte[] target = new byte[length + 3];
        assertThat(store.get(id(length), MemorySegment.ofArray(target))).isEqualTo(length);
        assertThat(Arrays.copyOf(target, length)).isEqualTo(bytes(length, length));
        assertThat(store.length(id(length))).isEqualTo(length);
      }
      assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
    }
    try (LocalBlobStore store = LocalBlobStore.builder(folder).config(config).open()) {
      for (int length : lengths) {
        assertThat(read(store, id(length))).isEqualTo(bytes(length, length));
      }
      assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
    }
  }

  @Test
  void shouldApplyOperationsInTheirOrder() {
    try (LocalBlobStore store = open()) {
      try (Epoch epoch = store.beginEpoch()) {
        epoch.delete(id(1));
        epoch.put(id(1), MemorySegment.ofArray(bytes(1, 10)));
        epoch.put(id(2), MemorySegment.ofArray(bytes(2, 10)));
        epoch.delete(id(2));
        epoch.put(id(3), MemorySegment.ofArray(bytes(3, 10)));
        epoch.put(id(3), MemorySegment.ofArray(bytes(4, 10)));
        CommitReport report = epoch.commitAsync().join();
        assertThat(report.epoch()).isEqualTo(1);
        assertThat(report.putsTotal()).isEqualTo(4);
        assertThat(report.putsFlushed()).isEqualTo(4);
        assertThat(report.deletesTotal()).isEqualTo(2);
        assertThat(report.deletesApplied()).isEqualTo(1);
      }
      assertThat(read(store, id(1))).isEqualTo(bytes(1, 10));
      assertThat(store.contains(id(2))).isFalse();
      assertThat(read(store, id(3))).isEqualTo(bytes(4, 10));
    }
  }

  @Test
  void shouldTakeAsManyDeletesAsAnEpochHolds() {
    StoreConfig config = SMALL.withInitialFileBytes(32 << 20);
    try (LocalBlobStore store = LocalBlobStore.builder(folder).config(config).open()) {
      try (Epoch epoch = store.beginEpoch()) {
        epoch.put(id(7), MemorySegment.ofArray(bytes(1, 10)));
        epoch.put(id(-1), MemorySegment.ofArray(bytes(2, 10)));
        epoch.commit();
      }
      try (Epoch epoch = store.beginEpoch()) {
        for (int i = 0; i < Epoch.OPERATIONS_MAX; i++) {
          epoch.delete(id(i));
        }
        assertThatThrownBy(() -> epoch.delete(id(0))).isInstanceOf(IllegalArgumentException.class);
        epoch.commit();
      }
      assertThat(store.contains(id(7))).isFalse();
      assertThat(store.contains(id(-1))).isTrue();
      assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
    }
    try (LocalBlobStore store = open()) {
      assertThat(store.contains(id(7))).isFalse();
      assertThat(read(store, id(-1))).isEqualTo(bytes(2, 10));
    }
  }

  @Test
  void shouldFillClaimsInPlace() {
    try (LocalBlobStore store = open()) {
      try (Epoch epoch = store.beginEpoch()) {
        epoch.claim(id(1), 5000).copyFrom(MemorySegment.ofArray(bytes(1, 5000)));
        epoch.claim(id(2), 0);
        epoch.claim(id(3), 4096).copyFrom(MemorySegment.ofArray(bytes(3, 4096)));
        epoch.commit();
      }
      assertThat(read(store, id(1))).isEqualTo(bytes(1, 5000));
      assertThat(read(store, id(2))).isEmpty();
      assertThat(read(store, id(3))).isEqualTo(bytes(3, 4096));
    }
  }

  @Test
  void shouldStreamFromAndToChannelsInBoundedMemory() throws IOException {
    byte[] value = bytes(1, 30_000_001);
    try (LocalBlobStore store = open()) {
      try (Epoch epoch = store.beginEpoch()) {
        epoch.put(id(1), Channels.newChannel(new ByteArrayInputStream(value)), value.length);
        epoch.put(id(2), Channels.newChannel(new ByteArrayInputStream(value, 0, 77)), 77);
        epoch.commit();
      }
      ByteArrayOutputStream target = new ByteArrayOutputStream();
      assertThat(store.get(id(1), Channels.newChannel(target))).isEqualTo(value.length);
      assertThat(target.toByteArray()).isEqualTo(value);
      try (Epoch epoch = store.beginEpoch()) {
        assertThatThrownBy(() ->
                epoch.put(id(3), Channels.newChannel(new ByteArrayInputStream(value)), 40_000_000))
            .isInstanceOf(EOFException.class)
            .hasMessageContaining("length=40000000");
        assertThatThrownBy(epoch::commit).isInstanceOf(IllegalStateException.class);
      }
      assertThat(store.contains(id(3))).isFalse();
      assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
    }
  }

  @Test
  @Tag("campaign")
  void shouldCommitEpochsLargerThanThePool() {
    try (LocalBlobStore store = open()) {
      try (Epoch epoch = store.beginEpoch()) {
        for (int i = 0; i < 400; i++) {
          epoch.put(id(i), MemorySegment.ofArray(bytes(i, 70_000 + i)));
        }
        epoch.commit();
      }
      try (Epoch abandoned = store.beginEpoch()) {
        for (int i = 0; i < 400; i++) {
          abandoned.put(id(i), MemorySegment.ofArray(bytes(-i, 70_000)));
        }
      }
      for (int i = 0; i < 400; i++) {
        assertThat(read(store, id(i))).isEqualTo(bytes(i, 70_000 + i));
      }
      assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
    }
  }

  @Test
  void shouldCoalesceConcurrentCommitsInOrder() throws Exception {
    Map<BlobId, Long> expected = new HashMap<>();
    try (LocalBlobStore store = open()) {
      int threads = 8;
      int rounds = 100;
      List<Thread> writers = new ArrayList<>();
      List<Throwable> failures = new ArrayList<>();
      for (int t = 0; t < threads; t++) {
        int first = t * rounds;
        Thread writer =
            new Thread(() -> {
              for (int i = 0; i < rounds; i++) {
                try (Epoch epoch = store.beginEpoch()) {
                  epoch.put(id(first + i), MemorySegment.ofArray(bytes(first + i, 3000)));
                  epoch.delete(id(first + i - 2));
                  epoch.commit();
                }
              }
            });
        writer.setUncaughtExceptionHandler((thread, failure) -> failures.add(failure));
        writers.add(writer);
        writer.start();
      }
      for (Thread writer : writers) {
        writer.join();
      }
      assertThat(failures).isEmpty();
      assertThat(store.durableEpoch()).isEqualTo(800);
      for (int t = 0; t < threads; t++) {
        expected.put(id(t * rounds + rounds - 1), (long) t * rounds + rounds - 1);
      }
      for (Map.Entry<BlobId, Long> entry : expected.entrySet()) {
        assertThat(read(store, entry.getKey())).isEqualTo(bytes(entry.getValue(), 3000));
      }
      assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
      System.out.println("coalesced: " + store.stats());
    }
    try (LocalBlobStore store = open()) {
      assertThat(store.durableEpoch()).isEqualTo(800);
      for (Map.Entry<BlobId, Long> entry : expected.entrySet()) {
        assertThat(read(store, entry.getKey())).isEqualTo(bytes(entry.getValue(), 3000));
      }
    }
  }

  @Test
  void shouldAcknowledgeAsyncCommitsInEpochOrder() {
    List<Long> order = new ArrayList<>();
    try (LocalBlobStore store = open()) {
      List<CompletableFuture<Void>> all = new ArrayList<>();
      for (int i = 0; i < 300; i++) {
        Epoch epoch = store.beginEpoch();
        epoch.put(id(i % 7), MemorySegment.ofArray(bytes(i, 100)));
        all.add(epoch.commitAsync().thenAccept(report -> order.add(report.epoch())));
      }
      CompletableFuture.allOf(all.toArray(new CompletableFuture<?>[0])).join();
      store.awaitDurable(300);
    }
    assertThat(order).isSorted().hasSize(300);
  }

  @Test
  void shouldCommitWhatIsQueuedBeforeItCloses() {
    List<CompletableFuture<CommitReport>> all = new ArrayList<>();
    try (LocalBlobStore store = open()) {
      for (int i = 0; i < 200; i++) {
        Epoch epoch = store.beginEpoch();
        epoch.put(id(i), MemorySegment.ofArray(bytes(i, 1000)));
        all.add(epoch.commitAsync());
      }
    }
    assertThat(all)
        .allMatch(CompletableFuture::isDone)
        .noneMatch(f -> f.isCompletedExceptionally());
    try (LocalBlobStore store = open()) {
      for (int i = 0; i < 200; i++) {
        assertThat(read(store, id(i))).isEqualTo(bytes(i, 1000));
      }
    }
  }

  @Test
  void shouldCommitARecordLongerThanALogExtent() {
    try (LocalBlobStore store = open()) {
      for (int round = 0; round < 3; round++) {
        List<CompletableFuture<CommitReport>> all = new ArrayList<>();
        for (int e = 0; e < 4; e++) {
          Epoch epoch = store.beginEpoch();
          for (int i = 0; i < Epoch.OPERATIONS_MAX / 4; i++) {
            epoch.put(id(e * 100_000L + i), MemorySegment.NULL);
          }
          all.add(epoch.commitAsync());
        }
        CompletableFuture.allOf(all.toArray(new CompletableFuture<?>[0])).join();
      }
      try (Epoch epoch = store.beginEpoch()) {
        for (int i = 0; i < Epoch.OPERATIONS_MAX; i++) {
          epoch.put(id(i), MemorySegment.NULL);
        }
        epoch.commit();
      }
      assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
    }
    try (LocalBlobStore store = open()) {
      assertThat(store.stats().blobs()).isEqualTo(65_536 + 3 * 16_384);
      assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
    }
  }

  @Test
  void shouldWaitForCompanyWhenAskedTo() {
    StoreConfig config = SMALL.withCoalesceWindowNs(1_000_000_000L).withGroupEpochsMax(2);
    try (LocalBlobStore store = LocalBlobStore.builder(folder).config(config).open()) {
      List<CompletableFuture<CommitReport>> all = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        Epoch epoch = store.beginEpoch();
        epoch.put(id(i), MemorySegment.ofArray(bytes(i, 1000)));
        all.add(epoch.commitAsync());
      }
      CompletableFuture.allOf(all.toArray(new CompletableFuture<?>[0])).join();
      assertThat(store.stats().groups()).isEqualTo(3);
    }
  }

  @Test
  void shouldRefuseASecondOpenAndNameTheStore() {
    try (LocalBlobStore store = open()) {
      assertThat(store.stats().failed()).isFalse();
      assertThatThrownBy(
              () -> LocalBlobStore.builder(folder).config(SMALL.withLockTimeoutMs(50)).open())
          .isInstanceOf(StoreLockedException.class)
          .hasMessageContaining(folder.toString());
    }
  }

  @Test
  void shouldThrowStoreClosedAfterClose() {
    LocalBlobStore store = open();
    Epoch epoch = store.beginEpoch();
    epoch.put(id(1), MemorySegment.ofArray(bytes(1, 10)));
    store.close();
    store.close();
    assertThatThrownBy(() -> store.contains(id(1))).isInstanceOf(StoreClosedException.class);
    assertThatThrownBy(epoch::commit).isInstanceOf(StoreClosedException.class);
    epoch.close();
  }

  @Test
  void shouldKeepFilesPrivateAndRefuseLinks() throws IOException {
    Path inner = folder.resolve("a/store");
    LocalBlobStore.builder(inner).config(SMALL).open().close();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(inner)))
        .isEqualTo("rwx------");
    Path file = inner.resolve("ashlar.data");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    Path other = Files.createDirectory(folder.resolve("b"));
    Files.createSymbolicLink(other.resolve("ashlar.data"), file);
    assertThatThrownBy(() -> LocalBlobStore.builder(other).config(SMALL).open())
        .isInstanceOf(StoreOpenException.class)
        .hasMessageContaining("ELOOP");
  }

  @Test
  void shouldRefuseWhatIsNoStore() throws IOException {
    Files.write(folder.resolve("ashlar.data"), bytes(1, 100_000));
    assertThatThrownBy(this::open)
        .isInstanceOf(StoreOpenException.class)
        .hasMessageContaining("not an Ashlar data file");
    assertThatThrownBy(
            () -> LocalBlobStore.builder(folder.resolve("none")).createIfMissing(false).open())
        .isInstanceOf(StoreOpenException.class)
        .hasMessageContaining("no store here");
  }

  @Test
  void shouldRejectBadArgumentsWithNameAndValue() {
    try (LocalBlobStore store = open();
        Arena arena = Arena.ofConfined()) {
      Epoch epoch = store.beginEpoch();
      assertThatThrownBy(() -> epoch.claim(id(1), store.claimBytesMax() + 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("length=");
      assertThatThrownBy(() -> epoch.claim(id(1), -1)).isInstanceOf(IllegalArgumentException.class);
      epoch.put(id(1), MemorySegment.ofArray(bytes(1, 10)));
      epoch.commit();
      assertThatThrownBy(epoch::commit).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> store.get(id(1), arena.allocate(5)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("targetBytes=5");
      assertThat(store.get(id(2), arena.allocate(5))).isEqualTo(BlobStore.NOT_FOUND);
      assertThatThrownBy(() -> SMALL.withQueueCapacity(3))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("queueCapacity");
    }
  }
}
