package io.ashlar.tier.readback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobId;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.tier.ReadBackConfig;
import io.ashlar.tier.batch.FramedBatchEncoder;
import io.ashlar.tier.batch.FramedHeader;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.FaultyObjectStore.Outcome;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectContent;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** One bad answer to a read of a batch is no damage; two are. */
class BadAnswersReadBackTest {
  private static final ReadBackConfig NOTHING_KEPT = ReadBackConfig.DEFAULTS.withCacheBytes(0);
  private static final ReadBackConfig KEEPING = ReadBackConfig.DEFAULTS.withCacheBytes(1 << 20);
  private static final int LENGTH = 5_000;

  @TempDir Path folder;

  private final InMemoryObjectStore below = new InMemoryObjectStore();
  private final OtherObject objects = new OtherObject(below);

  /** A store that can answer one read with another object. */
  private static final class OtherObject extends FaultyObjectStore {
    private final InMemoryObjectStore below;
    private volatile String instead = "";

    OtherObject(InMemoryObjectStore below) {
      super(below);
      this.below = below;
    }

    @Override
    public ObjectContent get(String key, long offset, long length) {
      String other = instead;
      instead = "";
      return other.isEmpty() ? super.get(key, offset, length) : below.get(other, offset, length);
    }
  }

  private void badTimes(Outcome outcome, int times) {
    AtomicInteger left = new AtomicInteger(times);
    objects.fault((request, key) ->
        request.equals("get") && left.getAndDecrement() > 0 ? outcome : Outcome.ANSWERED);
  }

  private long gets() {
    return objects.requests().stream().filter(r -> r.startsWith("get ")).count();
  }

  @ParameterizedTest
  @EnumSource(names = {"ABSENT", "EMPTY", "SHORT", "WRONG"})
  void shouldAskOnceMoreForFramesBeforeTheyAreDamaged(Outcome outcome) {
    UploadedBatch batch = UploadedBatch.upload(below, 0, LENGTH, LENGTH, 200_000);
    for (int number : new int[] {0, 2}) {
      try (BatchReadBack storage =
          new BatchReadBack(new TierObjects(objects, null), NOTHING_KEPT)) {
        badTimes(outcome, 1);
        assertThat(batch.readBack(storage, number))
            .isEqualTo(UploadedBatch.blob(number, batch.lengths().get(number)));
        long before = gets();
        badTimes(outcome, Integer.MAX_VALUE);
        assertThatThrownBy(() -> batch.readBack(storage, number))
            .isInstanceOfSatisfying(
                CorruptionException.class,
                e -> assertThat(e.id()).isEqualTo(UploadedBatch.id(number)));
        // Once, and once more; frames whose bytes are wrong are read by themselves, twice then.
        assertThat(gets() - before).isEqualTo(outcome == Outcome.WRONG ? 3 : 2);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"ABSENT", "EMPTY", "SHORT", "WRONG"})
  void shouldAskOnceMoreForAFrameThatShareAGet(Outcome outcome) {
    UploadedBatch batch = UploadedBatch.upload(below, 0, 60_000, 60_000, 60_000, 60_000);
    try (BatchReadBack storage = new BatchReadBack(new TierObjects(objects, null), KEEPING)) {
      // In order, so that the next ones are read ahead.
      for (int number = 0; number < 4; number++) {
        badTimes(outcome, 1);
        assertThat(batch.readBack(storage, number)).isEqualTo(UploadedBatch.blob(number, 60_000));
      }
    }
  }

  /** Frames of another object are whole, and hold no such blob. */
  @Test
  void shouldReadAgainFramesThatAreThoseOfOtherBlobs() {
    UploadedBatch batch = UploadedBatch.upload(below, 0, LENGTH);
    UploadedBatch other = uploadOthers(batch, new BlobId(77, 77));
    try (BatchReadBack storage =
        new BatchReadBack(new TierObjects(objects, null), KEEPING, folder)) {
      objects.instead = other.key();
      assertThat(batch.readBack(storage, 0)).isEqualTo(UploadedBatch.blob(0, LENGTH));
      objects.fault((request, key) -> Outcome.ABSENT);
      assertThat(batch.readBack(storage, 0)).isEqualTo(UploadedBatch.blob(0, LENGTH));
    }
  }

  /** Only the store knows that these are not the blob's bytes; it asks past what is kept. */
  @Test
  void shouldFetchPastMemoryAndDiskWhenTheStoreAsksAgain() {
    UploadedBatch batch = UploadedBatch.upload(below, 0, LENGTH);
    UploadedBatch other = uploadOthers(batch, UploadedBatch.id(0));
    for (ReadBackConfig config :
        new ReadBackConfig[] {KEEPING, NOTHING_KEPT.withDiskBytes(1 << 20)}) {
      try (BatchReadBack storage =
              new BatchReadBack(new TierObjects(objects, null), config, folder);
          Arena arena = Arena.ofConfined()) {
        objects.instead = other.key();
        assertThat(batch.readBack(storage, 0)).isNotEqualTo(UploadedBatch.blob(0, LENGTH));
        assertThat(batch.readBack(storage, 0)).isNotEqualTo(UploadedBatch.blob(0, LENGTH));
        MemorySegment target = arena.allocate(LENGTH);
        storage.readBackAgain(UploadedBatch.id(0), batch.references().getFirst(), target);
        assertThat(target.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(UploadedBatch.blob(0, LENGTH));
        objects.fault((request, key) -> Outcome.ABSENT);
        assertThat(batch.readBack(storage, 0)).isEqualTo(UploadedBatch.blob(0, LENGTH));
        objects.heal();
      }
    }
  }

  /** A batch whose only blob has the length of another's, so that its frame has, too. */
  private UploadedBatch uploadOthers(UploadedBatch like, BlobId id) {
    TierKeys.BatchName name =
        TierKeys.BatchName.derived(2, 0, TierManifest.newId().getMostSignificantBits());
    byte[] bytes = new byte[LENGTH];
    new SplittableRandom(99).nextBytes(bytes);
    try (FramedBatchEncoder encoder = new FramedBatchEncoder()) {
      int run = encoder.add(MemorySegment.ofArray(id.toBytes()), MemorySegment.ofArray(bytes));
      UploadedBatch other = new UploadedBatch(name, like.references(), like.lengths());
      below.put(other.key(), ObjectBody.of(encoder.encode(new FramedHeader(0, 1, name.id(), 0))));
      ColdReference theirs =
          ColdReferenceCodec.encode(name, encoder.run(run).offset(), encoder.run(run).length());
      ColdPlace place = ColdReferenceCodec.decode(theirs);
      ColdPlace ours = ColdReferenceCodec.decode(like.references().getFirst());
      assertThat(place.offset()).isEqualTo(ours.offset());
      assertThat(place.length()).isEqualTo(ours.length());
      return other;
    }
  }
}
