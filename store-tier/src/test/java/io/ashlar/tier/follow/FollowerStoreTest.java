package io.ashlar.tier.follow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobStore;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.StoreClosedException;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.BlobModel;
import io.ashlar.tier.Tier;
import io.ashlar.tier.TierConfig;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.collect.Pins;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.RequestCounts;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class FollowerStoreTest {
  @TempDir Path folder;

  private final InMemoryObjectStore memory = new InMemoryObjectStore();
  private final FaultyObjectStore objects = new FaultyObjectStore(memory);
  private final BlobModel model = new BlobModel();
  private LocalBlobStore origin;
  private Tier originTier;

  @BeforeEach
  void begin() {
    origin =
        LocalBlobStore.builder(folder.resolve("origin"))
            .config(StoreConfig.DEFAULTS.withPoolBytes(8 << 20))
            .open();
    originTier =
        Tier.builder(origin, new FaultyObjectStore(memory))
            .config(TierConfig.DEFAULTS.withIntervalMs(0).withBatchBytesTarget(256 << 10))
            .open();
    model.putRange(origin, 0, 300, 1);
    model.put(origin, 1000, 2, 3_000_000);
    model.put(origin, 1001, 2, 65_536);
    model.put(origin, 1002, 2, 0);
    originTier.checkpoint(TierProgress.NONE);
  }

  @AfterEach
  void end() {
    originTier.close();
    origin.close();
  }

  private FollowerStore follow(FollowerConfig config) {
    return FollowerStore.open(objects, config);
  }

  @Test
  void shouldReadACheckpointWithoutTheStore() throws Exception {
    try (FollowerStore follower = follow(FollowerConfig.DEFAULTS)) {
      model.assertHeldBy(follower);
      assertThat(follower.stats().blobs()).isEqualTo(model.size());
      assertThat(follower.stats().blobBytes()).isEqualTo(model.bytes());
      assertThat(follower.epoch()).isEqualTo(origin.durableEpoch());
      assertThat(follower.contains(BlobModel.id(5))).isTrue();
      assertThat(follower.contains(new BlobId(1, 2))).isFalse();
      assertThat(follower.get(new BlobId(1, 2))).isNull();
      assertThat(follower.length(new BlobId(1, 2))).isEqualTo(BlobStore.NOT_FOUND);
      try (BlobLease lease = follower.get(BlobModel.id(1000))) {
        assertThat(Objects.requireNonNull(lease).value().byteSize()).isEqualTo(3_000_000);
        assertThat(lease.value().isReadOnly()).isTrue();
      }
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      assertThat(follower.get(BlobModel.id(1001), Channels.newChannel(bytes))).isEqualTo(65_536);
      assertThat(bytes.size()).isEqualTo(65_536);
    }
  }

  @Test
  void shouldCatchWrongUsesOfALeaseAndCountIt() throws Exception {
    MemorySegment kept;
    MemorySegment open;
    try (FollowerStore follower = follow(FollowerConfig.DEFAULTS);
        BlobLease forgotten = follower.get(BlobModel.id(1001))) {
      BlobLease lease = Objects.requireNonNull(follower.get(BlobModel.id(5)));
      kept = lease.value().asSlice(1);
      assertThat(follower.stats().leases()).isEqualTo(2);
      assertThat(follower.stats().leasedBytes()).isEqualTo(65_536 + kept.byteSize() + 1);
      Thread other =
          Thread.ofVirtual()
              .start(() -> {
                assertThatThrownBy(() -> kept.get(ValueLayout.JAVA_BYTE, 0))
                    .isInstanceOf(WrongThreadException.class);
                assertThatThrownBy(lease::close).isInstanceOf(WrongThreadException.class);
              });
      other.join();
      lease.close();
      lease.close();
      assertThatThrownBy(lease::value).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> kept.get(ValueLayout.JAVA_BYTE, 0))
          .isInstanceOf(IllegalStateException.class);
      assertThat(follower.stats().leases()).isEqualTo(1);
      open = Objects.requireNonNull(forgotten).value();
      assertThat(logOf(follower::close)).contains("openLeases=1, leasedBytes=65536");
      assertThat(open.byteSize()).isEqualTo(65_536); // its own memory: it may still be read
      var _ = open.get(ValueLayout.JAVA_BYTE, 0);
    }
  }

  @Test
  void shouldCatchWhatABatchsVisitorKeeps() {
    List<MemorySegment> kept = new ArrayList<>();
    try (FollowerStore follower = follow(FollowerConfig.DEFAULTS)) {
      follower.getAll(
          List.of(BlobModel.id(5), BlobModel.id(6)),
          new BatchVisitor() {
            @Override
            public void onBlob(int index, BlobId id, MemorySegment value) {
              kept.add(value);
              var _ = value.get(ValueLayout.JAVA_BYTE, 0);
              kept.subList(0, index).forEach(FollowerStoreTest::assertDead);
            }

            @Override
            public void onFailed(int index, BlobId id, StoreException failure) {
              throw failure;
            }
          });
    }
    assertThat(kept).hasSize(2);
  }

  private static void assertDead(MemorySegment value) {
    assertThatThrownBy(() -> value.get(ValueLayout.JAVA_BYTE, 0))
        .isInstanceOf(IllegalStateException.class);
  }

  /** Returns the first message that a follower logs meanwhile. */
  private static String logOf(Runnable work) {
    List<String> messages = new ArrayList<>();
    Handler handler =
        new Handler() {
          @Override
          public void publish(LogRecord record) {
            messages.add(record.getMessage());
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Logger logger = Logger.getLogger(FollowerStore.class.getName());
    logger.addHandler(handler);
    try {
      work.run();
    } finally {
      logger.removeHandler(handler);
    }
    return messages.isEmpty() ? "" : messages.getFirst();
  }

  @Test
  void shouldReadABlobWithOneGet() {
    try (FollowerStore follower = follow(FollowerConfig.DEFAULTS);
        Arena arena = Arena.ofConfined()) {
      RequestCounts before = objects.requestCounts();
      follower.get(BlobModel.id(100), arena.allocate(10_000));
      assertThat(objects.requestCounts().since(before).requests()).isEqualTo(1);
      follower.get(BlobModel.id(1002), arena.allocate(1));
      assertThat(objects.requestCounts().since(before).requests()).isEqualTo(1);
    }
  }

  @Test
  void shouldStayWhereItIsUntilItIsRefreshed() {
    try (FollowerStore follower = follow(FollowerConfig.DEFAULTS)) {
      BlobModel before = model.copy();
      model.putRange(origin, 100, 150, 2);
      model.delete(origin, 5);
      model.delete(origin, 1000);
      originTier.checkpoint(TierProgress.NONE);
      before.assertHeldBy(follower);
      RequestCounts counts = objects.requestCounts();
      assertThat(follower.refresh()).isTrue();
      // Only what is new is read: a few manifests and indexes, no batch again.
      assertThat(objects.requestCounts().since(counts).bytesReceived()).isLessThan(200_000);
      model.assertHeldBy(follower);
      assertThat(follower.refresh()).isFalse();
      model.assertHeldBy(follower);
    }
  }

  @Test
  void shouldReadACheckpointForGoodWhenPinnedToIt() {
    long first;
    try (FollowerStore follower = follow(FollowerConfig.DEFAULTS)) {
      first = follower.checkpoint();
    }
    BlobModel before = model.copy();
    model.putRange(origin, 100, 150, 2);
    originTier.checkpoint(TierProgress.NONE);
    try (FollowerStore follower = follow(FollowerConfig.DEFAULTS.withCheckpoint(first))) {
      before.assertHeldBy(follower);
      assertThat(Pins.list(memory)).hasSize(1);
      assertThat(follower.refresh()).isFalse();
      before.assertHeldBy(follower);
    }
    assertThat(Pins.list(memory)).isEmpty();
    assertThatThrownBy(() -> follow(FollowerConfig.DEFAULTS.withCheckpoint(77)))
        .isInstanceOf(StoreOpenException.class)
        .hasMessageContaining("77");
  }

  @Tag("campaign")
  @Test
  void shouldRefuseAnIndexThatNeedsMoreMemoryThanAllowed() {
    model.putRange(origin, 2000, 40_000, 1);
    originTier.checkpoint(TierProgress.NONE);
    assertThatThrownBy(() -> follow(FollowerConfig.DEFAULTS.withIndexBytesMax(1 << 20)))
        .isInstanceOf(StoreOpenException.class)
        .hasMessageContaining("indexBytesMax=1048576");
  }

  @Test
  void shouldTellDamageAndKeepTheRestReadable() throws Exception {
    for (ObjectInfo object : memory.listAll(TierKeys.BATCHES).toList()) {
      byte[] bytes = new byte[(int) object.length()];
      memory.get(object.key(), 0, MemorySegment.ofArray(bytes));
      bytes[100] ^= 1;
      memory.put(object.key(), ObjectBody.of(bytes));
    }
    int[] damaged = new int[1];
    try (FollowerStore follower = follow(FollowerConfig.DEFAULTS)) {
      follower.forEach((high, low, length, local) -> {
        try (BlobLease lease = follower.get(new BlobId(high, low))) {
          assertThat(lease).isNotNull();
        } catch (CorruptionException e) {
          assertThat(e.id()).isEqualTo(new BlobId(high, low));
          damaged[0]++;
        }
      });
    }
    assertThat(damaged[0]).isBetween(1, 200);
  }

  @Test
  void shouldServeReadersWhileItIsRefreshed() throws Exception {
    AtomicBoolean done = new AtomicBoolean();
    try (FollowerStore follower = follow(FollowerConfig.DEFAULTS);
        ExecutorService threads = Executors.newFixedThreadPool(2)) {
      // Blob 10 and blob 11 are written together, so any checkpoint has both of one round.
      Future<?> reader =
          threads.submit(() -> {
            while (!done.get()) {
              try (BlobLease lease = follower.get(BlobModel.id(10))) {
                assertThat(lease).isNotNull();
              }
            }
          });
      for (int round = 0; round < 20; round++) {
        model.putRange(origin, 10, 12, round);
        originTier.checkpoint(TierProgress.NONE);
        assertThat(follower.refresh()).isTrue();
      }
      done.set(true);
      reader.get();
      model.assertHeldBy(follower);
    }
  }

  @Test
  void shouldSayThatItIsClosed() {
    FollowerStore follower = follow(FollowerConfig.DEFAULTS);
    follower.close();
    follower.close();
    assertThatThrownBy(() -> follower.get(BlobModel.id(1)))
        .isInstanceOf(StoreClosedException.class);
    assertThatThrownBy(follower::refresh).isInstanceOf(StoreClosedException.class);
  }
}
