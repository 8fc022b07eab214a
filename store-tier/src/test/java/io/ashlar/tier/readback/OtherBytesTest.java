package io.ashlar.tier.readback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobReads;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.LossListener;
import io.ashlar.tier.ReadBackConfig;
import io.ashlar.tier.RepairOptions;
import io.ashlar.tier.RepairReport;
import io.ashlar.tier.Tier;
import io.ashlar.tier.TierConfig;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.TierState;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.collect.Scrub;
import io.ashlar.tier.follow.FollowerConfig;
import io.ashlar.tier.follow.FollowerStore;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.restore.Restore;
import io.ashlar.tier.restore.RestoreOptions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A frame that is whole and holds the right blob with the right length, but other bytes. Only the
 * checksum in the reader's index shows that.
 */
class OtherBytesTest {
  private static final int LENGTH = 40_000; // each has a frame of its own
  private static final int BLOBS = 4;
  private static final int CHANGED = 2;

  @TempDir Path folder;

  private final InMemoryObjectStore objects = new InMemoryObjectStore();
  private LocalBlobStore store;
  private Tier tier;

  private static BlobId id(int number) {
    return new BlobId(5, number);
  }

  private LocalBlobStore local(String name) {
    return LocalBlobStore.builder(folder.resolve(name))
        .config(StoreConfig.DEFAULTS.withPoolBytes(4 << 20).withInitialFileBytes(1 << 20))
        .open();
  }

  private static Tier tiered(LocalBlobStore store, InMemoryObjectStore objects, int seed) {
    try (Epoch epoch = store.beginEpoch()) {
      for (int number = 0; number < BLOBS; number++) {
        epoch.put(id(number), MemorySegment.ofArray(UploadedBatch.blob(seed + number, LENGTH)));
      }
      epoch.commit();
    }
    Tier tier =
        Tier.builder(store, new FaultyObjectStore(objects))
            .config(
                TierConfig.DEFAULTS
                    .withIntervalMs(0)
                    .withReadBack(ReadBackConfig.DEFAULTS.withCacheBytes(0)))
            .open();
    tier.checkpoint(TierProgress.NONE);
    assertThat(tier.evict(id -> true)).isEqualTo(BLOBS);
    return tier;
  }

  @BeforeEach
  void tier() {
    store = local("store");
    tier = tiered(store, objects, 100);
  }

  @AfterEach
  void close() {
    tier.close();
    store.close();
  }

  /** Puts the frame of one blob of another store, whose blobs are as long, in the place of ours. */
  private void changeFrame() {
    InMemoryObjectStore others = new InMemoryObjectStore();
    try (LocalBlobStore other = local("other");
        Tier _ = tiered(other, others, 200)) {
      ColdPlace ours = place(store);
      ColdPlace theirs = place(other);
      assertThat(theirs.length()).isEqualTo(ours.length());
      String key = objects.listAll(TierKeys.BATCHES).map(ObjectInfo::key).toList().getFirst();
      byte[] frame = bytes(others, theirs.key(), theirs.offset(), (int) theirs.length());
      byte[] object =
          bytes(objects, key, 0, (int) Objects.requireNonNull(objects.head(key)).length());
      System.arraycopy(frame, 0, object, (int) ours.offset(), frame.length);
      objects.put(key, ObjectBody.of(object));
    }
  }

  private static ColdPlace place(LocalBlobStore of) {
    List<ColdReference> found = new ArrayList<>();
    ((TierSource) of)
        .forEachEvicted((change, reference) -> {
          if (change.id().equals(id(CHANGED))) {
            found.add(reference);
          }
        });
    return ColdReferenceCodec.decode(found.getFirst());
  }

  private static byte[] bytes(InMemoryObjectStore from, String key, long offset, int length) {
    byte[] bytes = new byte[length];
    from.get(key, offset, MemorySegment.ofArray(bytes));
    return bytes;
  }

  /** Every way to read a blob tells the one that was changed, and no other. */
  private static void assertFound(BlobReads from) throws IOException {
    MemorySegment target = MemorySegment.ofArray(new byte[LENGTH]);
    for (int number = 0; number < BLOBS; number++) {
      if (number != CHANGED) {
        assertThat(from.get(id(number), target)).isEqualTo(LENGTH);
        byte[] expected = UploadedBatch.blob(100 + number, LENGTH);
        assertThat(target.mismatch(MemorySegment.ofArray(expected))).isEqualTo(-1);
      }
    }
    BlobId id = id(CHANGED);
    assertThatThrownBy(() -> from.get(id, target)).isInstanceOf(CorruptionException.class);
    assertThatThrownBy(() -> from.get(id)).isInstanceOf(CorruptionException.class);
    assertThatThrownBy(() -> from.get(id, 10, 10, target)).isInstanceOf(CorruptionException.class);
    ByteArrayOutputStream copy = new ByteArrayOutputStream();
    assertThatThrownBy(() -> from.get(id, Channels.newChannel(copy)))
        .isInstanceOf(CorruptionException.class);
    assertThat(copy.size()).isZero();
    assertThatThrownBy(() -> from.getAsync(id, target).get())
        .hasCauseInstanceOf(CorruptionException.class);
    List<BlobId> failed = new ArrayList<>();
    from.getAll(
        List.of(id(0), id, id(1)),
        new BatchVisitor() {
          @Override
          public void onBlob(int index, BlobId shown, MemorySegment value) {
            assertThat(index).isNotEqualTo(1);
          }

          @Override
          public void onFailed(int index, BlobId shown, StoreException failure) {
            assertThat(failure).isInstanceOf(CorruptionException.class);
            failed.add(shown);
          }
        });
    assertThat(failed).containsExactly(id);
  }

  @Test
  void shouldBeFoundByTheStoreThatReadsBack() throws IOException {
    changeFrame();
    assertFound(store);
  }

  @Test
  void shouldBeFoundByAFollower() throws IOException {
    try (FollowerStore follower =
        FollowerStore.open(
            new FaultyObjectStore(objects),
            FollowerConfig.DEFAULTS.withReadBack(ReadBackConfig.DEFAULTS.withCacheBytes(0)))) {
      changeFrame();
      assertFound(follower);
    }
  }

  /** One bad answer is no damage: the reader asks once more, past all caches. */
  @Test
  void shouldBeAskedForOnceMore() {
    InMemoryObjectStore right = TierState.copy(objects);
    AtomicInteger wrong = new AtomicInteger();
    FaultyObjectStore once =
        new FaultyObjectStore(right) {
          @Override
          public ObjectContent get(String key, long offset, long length) {
            return wrong.getAndDecrement() > 0
                ? objects.get(key, offset, length)
                : super.get(key, offset, length);
          }
        };
    changeFrame();
    try (FollowerStore follower = FollowerStore.open(once, FollowerConfig.DEFAULTS)) {
      MemorySegment target = MemorySegment.ofArray(new byte[LENGTH]);
      wrong.set(1);
      assertThat(follower.get(id(CHANGED), target)).isEqualTo(LENGTH);
      byte[] expected = UploadedBatch.blob(100 + CHANGED, LENGTH);
      assertThat(target.mismatch(MemorySegment.ofArray(expected))).isEqualTo(-1);
      assertThat(wrong.get()).isNegative();
    }
  }

  /** It fetches the frames that it lacks, and not the whole batch, whose checksum would tell. */
  @Test
  void shouldBeFoundByARestoreOntoAStore() {
    changeFrame();
    try (LocalBlobStore into = local("into")) {
      try (Epoch epoch = into.beginEpoch()) {
        for (int number = 0; number < BLOBS; number++) {
          if (number != CHANGED) {
            epoch.put(id(number), MemorySegment.ofArray(UploadedBatch.blob(100 + number, LENGTH)));
          }
        }
        epoch.commit();
      }
      FaultyObjectStore asked = new FaultyObjectStore(objects);
      assertThatThrownBy(() ->
              Restore.restore(
                  asked, into, RestoreOptions.DEFAULTS.withOnto(true), TierProgress.NONE))
          .isInstanceOf(CorruptionException.class)
          .hasMessageContaining("a blob is not what its batch's index says");
      assertThat(asked.requestCounts().bytesReceived()).isPositive();
      assertThat(into.contains(id(CHANGED))).isFalse();
    }
  }

  /** Each frame is whole, so that only the checksum of the batch in its manifest tells. */
  @Test
  void shouldBeFoundByWhoReadsTheWholeBatch() {
    changeFrame();
    try (LocalBlobStore into = local("into")) {
      assertThatThrownBy(() -> Restore.restore(objects, into, TierProgress.NONE))
          .isInstanceOf(CorruptionException.class)
          .hasMessageContaining("batch checksum mismatch");
    }
    assertThat(Scrub.run(objects, Scrub.Options.ALL, new Scrub.Listener() {}).clean()).isFalse();
  }

  /** A damaged batch gives up its whole blobs, and this frame is whole. */
  @Test
  void shouldBeLostToAPartialRestoreAndToAFollowerOfADamagedCheckpoint() throws IOException {
    changeFrame();
    List<BlobId> lost = new ArrayList<>();
    LossListener listener =
        new LossListener() {
          @Override
          public void onLostBlob(BlobId id, long length, long sequence) {
            lost.add(id);
          }
        };
    try (LocalBlobStore into = local("into")) {
      Restore.restore(
          objects,
          into,
          RestoreOptions.DEFAULTS.withLosses(RestoreOptions.Losses.GUESS),
          TierProgress.NONE,
          listener);
      assertThat(lost).containsExactly(id(CHANGED));
      assertThat(into.contains(id(CHANGED))).isFalse();
      assertThat(into.stats().blobs()).isEqualTo(BLOBS - 1);
    }
    // The newest manifest is lost, too: so it reads what is left.
    var _ = objects.deleteAll(List.of(TierKeys.manifest(1)));
    try (FollowerStore follower =
        FollowerStore.open(new FaultyObjectStore(objects), FollowerConfig.DEFAULTS)) {
      assertFound(follower);
    }
  }

  /**
   * The store has no other copy of it, so the repair records it as lost and keeps nothing of it.
   */
  @Test
  void shouldBeLostToARepair() {
    changeFrame();
    List<BlobId> lost = new ArrayList<>();
    RepairReport report =
        tier.repair(
            RepairOptions.DEFAULTS,
            TierProgress.NONE,
            new LossListener() {
              @Override
              public void onLostBlob(BlobId id, long length, long sequence) {
                lost.add(id);
              }
            });
    assertThat(lost).containsExactly(id(CHANGED));
    assertThat(report.lostBlobs()).isEqualTo(1);
    assertThat(report.copiedBlobs()).isEqualTo(BLOBS - 1);
    MemorySegment target = MemorySegment.ofArray(new byte[LENGTH]);
    assertThatThrownBy(() -> store.get(id(CHANGED), target))
        .isInstanceOf(CorruptionException.class);
    assertThat(store.get(id(0), target)).isEqualTo(LENGTH);
  }
}
