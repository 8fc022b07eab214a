package io.ashlar.tier.readback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobId;
import io.ashlar.store.CorruptionException;
import io.ashlar.tier.batch.BatchCodec;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class SurvivingBatchTest {
  private static final int[] LENGTHS = {30_000, 40_000, 0, 90_000, 500, 60_000, 7};

  private final InMemoryObjectStore objects = new InMemoryObjectStore();
  private final BatchReader reader = new BatchReader(new TierObjects(objects, null));
  private final UploadedBatch batch = UploadedBatch.upload(objects, 1, LENGTHS);
  private final byte[] whole = bytes(batch.key());
  private final BatchReference reference = reference(batch);

  private byte[] bytes(String key) {
    byte[] bytes = new byte[(int) Objects.requireNonNull(objects.head(key)).length()];
    objects.get(key, 0, MemorySegment.ofArray(bytes));
    return bytes;
  }

  private BatchReference reference(UploadedBatch of) {
    byte[] object = bytes(of.key());
    long raw = of.lengths().stream().mapToLong(length -> length + BlobId.BYTES + 8).sum();
    return new BatchReference(
        of.key(),
        BatchReference.Kind.PUTS,
        of.lengths().size(),
        object.length,
        raw,
        Integer.toUnsignedLong(BatchCodec.crc32c(MemorySegment.ofArray(object))));
  }

  /** Ids whose bytes are found, each of them checked. */
  private static Set<BlobId> found(SurvivingBatch left, Set<BlobId> known) {
    Set<BlobId> found = new HashSet<>();
    Map<BlobId, Integer> numbers = new HashMap<>();
    for (int i = 0; i < LENGTHS.length; i++) {
      numbers.put(UploadedBatch.id(i), i);
    }
    left.forEach((high, low, bodyOffset, length, crc, data) -> {
      BlobId id = new BlobId(high, low);
      assertThat(known.add(id)).isTrue();
      int number = Objects.requireNonNull(numbers.get(id));
      assertThat(length).isEqualTo(LENGTHS[number]);
      if (data != null) {
        assertThat(data.toArray(ValueLayout.JAVA_BYTE))
            .isEqualTo(UploadedBatch.blob(number, LENGTHS[number]));
        found.add(id);
      }
    });
    return found;
  }

  @Test
  void shouldGiveAllOfAWholeBatch() {
    try (SurvivingBatch left = SurvivingBatch.read(reader, reference)) {
      assertThat(left.isWhole()).isTrue();
      assertThat(left.idsKnown()).isTrue();
      assertThat(found(left, new HashSet<>())).hasSize(LENGTHS.length);
    }
    try (SurvivingBatch left = SurvivingBatch.read(reader, batch.key())) {
      assertThat(left.isWhole()).isTrue();
      assertThat(left.hasData()).isTrue();
    }
  }

  @Test
  @Tag("campaign")
  void shouldKnowEveryIdOfABatchOfWhichAnyOneByteIsChanged() {
    int lost = 0;
    for (int at = 0; at < whole.length; at += 311) {
      byte[] damaged = whole.clone();
      damaged[at] ^= 4;
      objects.put(batch.key(), ObjectBody.of(damaged));
      try (SurvivingBatch left = SurvivingBatch.read(reader, reference)) {
        assertThat(left.isWhole()).as("at %d", at).isFalse();
        assertThat(left.idsKnown()).as("at %d", at).isTrue();
        Set<BlobId> known = new HashSet<>();
        Set<BlobId> found = found(left, known);
        assertThat(known).as("at %d", at).hasSize(LENGTHS.length);
        // No frame of this batch holds more than three blobs.
        assertThat(found).as("at %d", at).hasSizeGreaterThanOrEqualTo(LENGTHS.length - 3);
        lost += known.size() - found.size();
      }
    }
    assertThat(lost).isPositive();
  }

  @Test
  void shouldGiveWhatLiesBeforeACutAndKnowThatItIsNotAll() {
    int end = (int) ColdReferenceCodec.decode(batch.references().get(3)).offset();
    for (int length : new int[] {end, end + 100, whole.length / 2}) {
      objects.put(batch.key(), ObjectBody.of(Arrays.copyOf(whole, length)));
      try (SurvivingBatch left = SurvivingBatch.read(reader, reference)) {
        assertThat(left.idsKnown()).isFalse();
        assertThat(found(left, new HashSet<>())).isNotEmpty().hasSizeLessThan(LENGTHS.length);
      }
    }
    for (int length : new int[] {0, 1, 63, 64}) {
      objects.put(batch.key(), ObjectBody.of(Arrays.copyOf(whole, length)));
      try (SurvivingBatch left = SurvivingBatch.read(reader, reference)) {
        assertThat(left.idsKnown()).isFalse();
        assertThat(found(left, new HashSet<>())).isEmpty();
      }
    }
  }

  @Test
  void shouldIgnoreWhatWasAppended() {
    objects.put(batch.key(), ObjectBody.of(Arrays.copyOf(whole, whole.length + 4_000)));
    try (SurvivingBatch left = SurvivingBatch.read(reader, reference)) {
      assertThat(left.isWhole()).isFalse();
      assertThat(left.idsKnown()).isTrue();
      assertThat(found(left, new HashSet<>())).hasSize(LENGTHS.length);
    }
  }

  @Test
  void shouldTakeNothingFromTheBytesOfAnotherBatchThatIsJustAsLong() {
    // The same ids: the first two blobs are each other's length.
    UploadedBatch other =
        UploadedBatch.upload(objects, 2, 40_000, 30_000, 0, 90_000, 500, 60_000, 7);
    byte[] otherBytes = bytes(other.key());
    assertThat(otherBytes).hasSameSizeAs(whole);
    objects.put(batch.key(), ObjectBody.of(otherBytes));
    try (SurvivingBatch left = SurvivingBatch.read(reader, reference)) {
      assertThat(left.idsKnown()).isFalse();
      assertThat(found(left, new HashSet<>())).isEmpty();
    }
    try (SurvivingBatch left = SurvivingBatch.read(reader, batch.key())) {
      assertThat(left.isWhole()).isFalse();
      assertThat(found(left, new HashSet<>())).isEmpty();
    }
  }

  @Test
  void shouldRefuseTheIndexOfAnotherBatchThatIsJustAsLong() {
    reader.readIndex(reference).close();
    UploadedBatch other =
        UploadedBatch.upload(objects, 2, 40_000, 30_000, 0, 90_000, 500, 60_000, 7);
    byte[] otherBytes = bytes(other.key());
    assertThat(otherBytes).hasSameSizeAs(whole);
    objects.put(batch.key(), ObjectBody.of(otherBytes));
    assertThatThrownBy(() -> reader.readIndex(reference).close())
        .isInstanceOf(CorruptionException.class)
        .hasMessageContaining("batch index is that of another batch");
  }

  @Test
  void shouldSayWhatIsWrongWithABatchThatIsGone() {
    var _ = objects.deleteAll(java.util.List.of(batch.key()));
    try (SurvivingBatch left = SurvivingBatch.read(reader, reference)) {
      assertThat(left.idsKnown()).isFalse();
      assertThat(left.frames()).isNull();
      assertThat(Objects.requireNonNull(left.damage())).hasMessageContaining("missing");
    }
  }
}
