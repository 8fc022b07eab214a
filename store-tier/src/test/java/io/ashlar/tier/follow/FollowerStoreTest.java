package io.ashlar.tier.follow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobStore;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.StoreClosedException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.BlobModel;
import io.ashlar.tier.TierConfig;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.TieredBlobStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.gc.Pins;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.RequestCounts;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class FollowerStoreTest {
  @TempDir Path folder;

  private final InMemoryObjectStore memory = new InMemoryObjectStore();
  private final FaultyObjectStore objects = new FaultyObjectStore(memory);
  private final BlobModel model = new BlobModel();
  private TieredBlobStore origin;

  @BeforeEach
  void begin() {
    origin =
        TieredBlobStore.builder(
                LocalBlobStore.builder(folder.resolve("origin")).poolBytes(8 << 20).open(),
                new FaultyObjectStore(memory))
            .config(TierConfig.DEFAULTS.withIntervalMs(0).withBatchBytesTarget(256 << 10))
            .open();
    model.putRange(origin, 0, 300, 1);
    model.put(origin, 1000, 2, 3_000_000);
    model.put(origin, 1001, 2, 65_536);
    model.put(origin, 1002, 2, 0);
    origin.checkpoint(TierProgress.NONE);
  }

  @AfterEach
  void end() {
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
      assertThat(follower.durableEpoch()).isEqualTo(origin.durableEpoch());
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
      origin.checkpoint(TierProgress.NONE);
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
    origin.checkpoint(TierProgress.NONE);
    try (FollowerStore follower = follow(FollowerConfig.DEFAULTS.withCheckpoint(first))) {
      before.assertHeldBy(follower);
      assertThat(Pins.list(memory)).hasSize(1);
      assertThatThrownBy(follower::refresh)
          .isInstanceOf(UnsupportedOperationException.class)
          .hasMessageContaining("checkpoint=" + first);
    }
    assertThat(Pins.list(memory)).isEmpty();
    assertThatThrownBy(() -> follow(FollowerConfig.DEFAULTS.withCheckpoint(77)))
        .isInstanceOf(StoreOpenException.class)
        .hasMessageContaining("77");
  }

  @Test
  void shouldRefuseWritesClearly() {
    try (FollowerStore follower = follow(FollowerConfig.DEFAULTS)) {
      assertThatThrownBy(follower::beginEpoch)
          .isInstanceOf(UnsupportedOperationException.class)
          .hasMessageContaining("read-only follower")
          .hasMessageContaining("write to the store that is tiered there");
      assertThatThrownBy(() -> follower.verify(VerifyListener.NONE))
          .isInstanceOf(UnsupportedOperationException.class);
    }
  }

  @Test
  void shouldRefuseAnIndexThatNeedsMoreMemoryThanAllowed() {
    model.putRange(origin, 2000, 40_000, 1);
    origin.checkpoint(TierProgress.NONE);
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
        origin.checkpoint(TierProgress.NONE);
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
