package io.ashlar.tier.readback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobId;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.tier.ReadBackConfig;
import io.ashlar.tier.batch.BatchCodec;
import io.ashlar.tier.batch.BatchEncoder;
import io.ashlar.tier.batch.FramedBatchEncoder;
import io.ashlar.tier.batch.FramedHeader;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.FaultyObjectStore.Outcome;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class BatchReadBackTest {
  private static final ReadBackConfig KEEPING = ReadBackConfig.DEFAULTS.withCacheBytes(1 << 20);

  private final FaultyObjectStore objects = new FaultyObjectStore(new InMemoryObjectStore());
  private final AtomicLong numbers = new AtomicLong();

  private static BlobId id(long number) {
    return new BlobId(number * 31, number);
  }

  private static byte[] blob(long number, int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) (number * 7 + i);
    }
    return bytes;
  }

  /** Uploads blobs of ids from..to; an id's blob has its number in bytes. */
  private ColdReference upload(long from, long to, int length) {
    try (BatchEncoder encoder = new BatchCodec().newEncoder()) {
      for (long number = from; number < to; number++) {
        add(encoder, number, blob(number, length));
      }
      return put(encoder);
    }
  }

  private static void add(BatchEncoder encoder, long number, byte[] data) {
    encoder.add(MemorySegment.ofArray(id(number).toBytes()), MemorySegment.ofArray(data));
  }

  private ColdReference put(BatchEncoder encoder) {
    ColdReference reference =
        ColdReferenceCodec.encode(
            new TierKeys.BatchName(1, numbers.getAndIncrement(), TierManifest.newId()));
    objects.put(ColdReferenceCodec.decode(reference).key(), ObjectBody.of(encoder.encode()));
    return reference;
  }

  private static byte[] readBack(
      BatchReadBack storage, long number, ColdReference reference, int length) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment target = arena.allocate(length);
      storage.readBack(id(number), reference, target);
      return target.toArray(ValueLayout.JAVA_BYTE);
    }
  }

  private long gets() {
    return objects.requests().stream().filter(r -> r.startsWith("get ")).count();
  }

  @Test
  void shouldFetchABatchOnceForAllItsBlobs() {
    ColdReference reference = upload(0, 100, 500);
    try (BatchReadBack storage = new BatchReadBack(new TierObjects(objects, null), KEEPING)) {
      for (long number = 0; number < 100; number++) {
        assertThat(readBack(storage, number, reference, 500)).isEqualTo(blob(number, 500));
      }
      assertThat(gets()).isEqualTo(1);
    }
  }

  @Test
  void shouldShareOneFetchAmongConcurrentReaders() throws Exception {
    ColdReference reference = upload(0, 100, 500);
    CountDownLatch asked = new CountDownLatch(1);
    objects.fault((request, key) -> {
      try {
        Thread.sleep(100);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      return Outcome.ANSWERED;
    });
    try (BatchReadBack storage = new BatchReadBack(new TierObjects(objects, null), KEEPING);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<byte[]>> readers = new ArrayList<>();
      for (long number = 0; number < 50; number++) {
        long own = number;
        readers.add(() -> {
          asked.countDown();
          return readBack(storage, own, reference, 500);
        });
      }
      long number = 0;
      for (Future<byte[]> read : threads.invokeAll(readers)) {
        assertThat(read.get()).isEqualTo(blob(number++, 500));
      }
      assertThat(gets()).isEqualTo(1);
    }
  }

  @Test
  void shouldFetchForAReaderThatIsInterrupted() {
    ColdReference reference = upload(0, 10, 500);
    try (BatchReadBack storage = new BatchReadBack(new TierObjects(objects, null), KEEPING)) {
      Thread.currentThread().interrupt();
      assertThat(readBack(storage, 3, reference, 500)).isEqualTo(blob(3, 500));
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void shouldStayWithinItsBound() {
    long bound = 300_000;
    List<ColdReference> references = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      references.add(upload(i * 10L, i * 10L + 10, 10_000));
    }
    ColdReference large = upload(1000, 1001, 1_000_000);
    try (BatchReadBack storage =
        new BatchReadBack(
            new TierObjects(objects, null), ReadBackConfig.DEFAULTS.withCacheBytes(bound))) {
      for (int i = 0; i < 10; i++) {
        readBack(storage, i * 10L, references.get(i), 10_000);
        assertThat(storage.cachedBytes()).isBetween(1L, bound);
      }
      long kept = storage.cachedBytes();
      assertThat(readBack(storage, 1000, large, 1_000_000)).isEqualTo(blob(1000, 1_000_000));
      assertThat(storage.cachedBytes()).isEqualTo(kept);
      long before = gets();
      readBack(storage, 95, references.get(9), 10_000);
      assertThat(gets()).isEqualTo(before);
      readBack(storage, 5, references.get(0), 10_000);
      assertThat(gets()).isEqualTo(before + 1);
    }
  }

  @Test
  void shouldTakeTheLastEntryOfAnId() {
    try (BatchEncoder encoder = new BatchCodec().newEncoder();
        BatchReadBack storage = new BatchReadBack(new TierObjects(objects, null), KEEPING)) {
      add(encoder, 1, blob(5, 100));
      add(encoder, 2, blob(2, 100));
      add(encoder, 1, blob(1, 100));
      ColdReference reference = put(encoder);
      assertThat(readBack(storage, 1, reference, 100)).isEqualTo(blob(1, 100));
    }
  }

  @Test
  void shouldTellDamageWithTheId() {
    ColdReference reference = upload(0, 10, 500);
    ColdReference foreign =
        ColdReferenceCodec.encode(new TierKeys.BatchName(1, 77, TierManifest.newId()));
    try (BatchReadBack storage = new BatchReadBack(new TierObjects(objects, null), KEEPING)) {
      assertDamaged(storage, 99, reference, 500, "does not hold the blob");
      assertDamaged(storage, 3, reference, 499, "another length");
      assertDamaged(storage, 3, foreign, 500, "missing");
      assertDamaged(storage, 3, new ColdReference(0, 1, 2), 500, "not one of this tier");
    }
    String key = ColdReferenceCodec.decode(reference).key();
    byte[] bytes = new byte[(int) objects.get(key).length()];
    objects.get(key, 0, MemorySegment.ofArray(bytes));
    bytes[bytes.length / 2] ^= 1;
    objects.put(key, ObjectBody.of(bytes));
    try (BatchReadBack storage = new BatchReadBack(new TierObjects(objects, null), KEEPING)) {
      assertDamaged(storage, 3, reference, 500, "CRC-32C mismatch");
    }
    try (BatchEncoder encoder = new BatchCodec().newEncoder();
        BatchReadBack storage = new BatchReadBack(new TierObjects(objects, null), KEEPING)) {
      encoder.add(MemorySegment.ofArray(new byte[15]), MemorySegment.ofArray(new byte[1]));
      assertDamaged(storage, 3, put(encoder), 500, "no blob id");
    }
  }

  private static void assertDamaged(
      BatchReadBack storage, long number, ColdReference reference, int length, String message) {
    assertThatThrownBy(() -> readBack(storage, number, reference, length))
        .isInstanceOfSatisfying(
            CorruptionException.class, e -> assertThat(e.id()).isEqualTo(id(number)))
        .hasMessageContaining(message);
  }

  @Test
  void shouldSayThatTheTierDoesNotAnswerAndTryAgainWhenAsked() {
    ColdReference reference = upload(0, 10, 500);
    try (BatchReadBack storage = new BatchReadBack(new TierObjects(objects, null), KEEPING)) {
      objects.fault((request, key) -> Outcome.NOT_APPLIED);
      assertThatThrownBy(() -> readBack(storage, 3, reference, 500))
          .isInstanceOf(TierUnavailableException.class)
          .hasMessageContaining(id(3).toString());
      objects.heal();
      assertThat(readBack(storage, 3, reference, 500)).isEqualTo(blob(3, 500));
    }
  }

  @Test
  void shouldRefuseToFetchOnceClosed() {
    ColdReference reference = upload(0, 10, 500);
    BatchReadBack storage = new BatchReadBack(new TierObjects(objects, null), KEEPING);
    readBack(storage, 3, reference, 500);
    storage.close();
    storage.close();
    assertThat(storage.cachedBytes()).isZero();
    assertThatThrownBy(() -> readBack(storage, 3, reference, 500))
        .isInstanceOf(TierUnavailableException.class);
  }

  /** Uploads blobs of the given lengths in a batch of version 3; id 0 is the first. */
  private List<ColdReference> uploadFramed(int... lengths) {
    TierKeys.BatchName name =
        TierKeys.BatchName.derived(
            1, numbers.getAndIncrement(), TierManifest.newId().getMostSignificantBits());
    try (FramedBatchEncoder encoder = new FramedBatchEncoder()) {
      List<Integer> runs = new ArrayList<>();
      for (int i = 0; i < lengths.length; i++) {
        runs.add(
            encoder.add(
                MemorySegment.ofArray(id(i).toBytes()),
                MemorySegment.ofArray(blob(i, lengths[i]))));
      }
      objects.put(
          TierKeys.batch(name.generation(), name.number(), name.id()),
          ObjectBody.of(encoder.encode(new FramedHeader(0, 1, name.id(), 0))));
      return runs.stream()
          .map(run ->
              ColdReferenceCodec.encode(name, encoder.run(run).offset(), encoder.run(run).length()))
          .toList();
    }
  }

  @Test
  void shouldReadFramesWithOneRangedGetOfTheirBytesOnly() {
    int[] lengths = {500, 65_000, 70_000, 3_000_000, 100, 200};
    List<ColdReference> references = uploadFramed(lengths);
    for (int i = 0; i < lengths.length; i++) {
      try (BatchReadBack storage = new BatchReadBack(new TierObjects(objects, null), KEEPING)) {
        long before = objects.requestCounts().bytesReceived();
        long gets = objects.requestCounts().gets();
        assertThat(readBack(storage, i, references.get(i), lengths[i]))
            .isEqualTo(blob(i, lengths[i]));
        assertThat(objects.requestCounts().gets() - gets).isEqualTo(1);
        assertThat(objects.requestCounts().bytesReceived() - before)
            .isEqualTo(ColdReferenceCodec.decode(references.get(i)).length());
      }
    }
    // Only the last two share a frame: the first two together exceed it.
    assertThat(references.get(4)).isEqualTo(references.get(5));
    assertThat(references.stream().distinct()).hasSize(5);
  }

  @Test
  void shouldReadAFrameOnceForAllItsBlobs() {
    int[] lengths = new int[100];
    Arrays.fill(lengths, 500);
    List<ColdReference> references = uploadFramed(lengths);
    try (BatchReadBack storage = new BatchReadBack(new TierObjects(objects, null), KEEPING)) {
      for (int i = 0; i < 100; i++) {
        assertThat(readBack(storage, i, references.get(i), 500)).isEqualTo(blob(i, 500));
      }
      assertThat(gets()).isEqualTo(1);
    }
  }

  @Test
  void shouldReadABatchOfVersion3ByAReferenceToAllOfIt() {
    uploadFramed(500, 70_000);
    TierKeys.BatchName name = ColdReferenceCodec.decode(uploadFramed(500, 70_000).get(1)).name();
    try (BatchReadBack storage = new BatchReadBack(new TierObjects(objects, null), KEEPING)) {
      assertThat(readBack(storage, 1, ColdReferenceCodec.encode(name), 70_000))
          .isEqualTo(blob(1, 70_000));
    }
  }

  @Test
  void shouldTellDamageOfFramesWithTheIdAndTheObject() {
    int[] lengths = {500, 70_000, 600};
    List<ColdReference> references = uploadFramed(lengths);
    ColdPlace place = ColdReferenceCodec.decode(references.get(1));
    byte[] whole = new byte[(int) objects.get(place.key()).length()];
    objects.get(place.key(), 0, MemorySegment.ofArray(whole));
    byte[] flipped = whole.clone();
    flipped[(int) (place.offset() + place.length() / 2)] ^= 1;
    objects.put(place.key(), ObjectBody.of(flipped));
    try (BatchReadBack storage = new BatchReadBack(new TierObjects(objects, null), KEEPING)) {
      assertDamaged(storage, 1, references.get(1), 70_000, "frame CRC-32C mismatch");
      assertDamaged(storage, 1, references.get(1), 70_000, place.key());
      assertThat(readBack(storage, 0, references.getFirst(), 500)).isEqualTo(blob(0, 500));
      assertThat(readBack(storage, 2, references.get(2), 600)).isEqualTo(blob(2, 600));
      assertDamaged(storage, 7, references.getFirst(), 500, "does not hold the blob");
      assertDamaged(storage, 0, references.getFirst(), 499, "another length");
      ColdReference shifted =
          ColdReferenceCodec.encode(place.name(), place.offset() + 1, place.length());
      assertDamaged(storage, 1, shifted, 70_000, "frame");
    }
    for (int length : new int[] {(int) (place.offset() + place.length() - 1), 70, 64}) {
      objects.put(place.key(), ObjectBody.of(Arrays.copyOf(whole, length)));
      try (BatchReadBack storage = new BatchReadBack(new TierObjects(objects, null), KEEPING)) {
        assertDamaged(storage, 1, references.get(1), 70_000, "truncated");
      }
    }
    objects.deleteAll(List.of(place.key()));
    try (BatchReadBack storage = new BatchReadBack(new TierObjects(objects, null), KEEPING)) {
      assertDamaged(storage, 1, references.get(1), 70_000, "missing");
    }
  }

  @Test
  void shouldRefuseABatchThatLiesUnderTheNameOfAnother() {
    TierKeys.BatchName name = ColdReferenceCodec.decode(uploadFramed(500).getFirst()).name();
    TierKeys.BatchName other = ColdReferenceCodec.decode(uploadFramed(500).getFirst()).name();
    String key = TierKeys.batch(name.generation(), name.number(), name.id());
    String otherKey = TierKeys.batch(other.generation(), other.number(), other.id());
    byte[] bytes = new byte[(int) objects.get(otherKey).length()];
    objects.get(otherKey, 0, MemorySegment.ofArray(bytes));
    objects.put(key, ObjectBody.of(bytes));
    try (BatchReadBack storage = new BatchReadBack(new TierObjects(objects, null), KEEPING)) {
      assertDamaged(storage, 0, ColdReferenceCodec.encode(name), 500, "batch is another");
    }
  }
}
