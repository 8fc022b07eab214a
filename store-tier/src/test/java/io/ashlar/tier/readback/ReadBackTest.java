package io.ashlar.tier.readback;

import static io.ashlar.tier.readback.UploadedBatch.blob;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.tier.ReadBackConfig;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ReadBackTest {
  private static final ReadBackConfig CONFIG =
      ReadBackConfig.DEFAULTS
          .withCacheBytes(32 << 20)
          .withHedgeDelayMsMin(1)
          .withHedgePercentMax(0);

  private final FaultyObjectStore objects = new FaultyObjectStore(new InMemoryObjectStore());

  private static int[] lengths(int count, int length) {
    int[] lengths = new int[count];
    Arrays.fill(lengths, length);
    return lengths;
  }

  private long gets() {
    return objects.requests().stream().filter(r -> r.startsWith("get ")).count();
  }

  private long received() {
    return objects.requestCounts().bytesReceived();
  }

  @Test
  void shouldReadOneBlobWithOneGetOfHardlyMoreThanItsFrame() {
    int[] lengths = {500, 65_000, 70_000, 3_000_000, 100, 4_096, 200_000, 1, 60_000};
    UploadedBatch batch = UploadedBatch.upload(objects, 0, lengths);
    for (int i = 0; i < lengths.length; i++) {
      try (BatchReadBack storage = new BatchReadBack(new TierObjects(objects, null), CONFIG)) {
        long gets = gets();
        long received = received();
        assertThat(batch.readBack(storage, i)).isEqualTo(blob(i, lengths[i]));
        assertThat(gets() - gets).as("GETs of blob %s", i).isEqualTo(1);
        assertThat((double) (received() - received))
            .as("bytes of blob %s", i)
            .isLessThanOrEqualTo(1.1 * batch.frameBytes(i));
      }
    }
  }

  @Test
  void shouldReadAWholeBatchInOrderWithFewGets() {
    UploadedBatch batch = UploadedBatch.upload(objects, 0, lengths(100, 60_000));
    try (BatchReadBack storage = new BatchReadBack(new TierObjects(objects, null), CONFIG)) {
      for (int i = 0; i < 100; i++) {
        assertThat(batch.readBack(storage, i)).isEqualTo(blob(i, 60_000));
      }
      assertThat(gets()).isLessThanOrEqualTo(6);
      // Frames that were cut at the end of a GET are read again.
      assertThat(received()).isLessThanOrEqualTo(100 * 63_000L);
      assertThat(storage.stats().framesAhead()).isGreaterThan(90);
    }
  }

  @Test
  void shouldReadAWholeBatchInAnyOrderWithFewGets() {
    UploadedBatch batch = UploadedBatch.upload(objects, 0, lengths(100, 60_000));
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      order.add(i);
    }
    Collections.shuffle(order, new Random(7));
    try (BatchReadBack storage = new BatchReadBack(new TierObjects(objects, null), CONFIG)) {
      for (int i : order) {
        assertThat(batch.readBack(storage, i)).isEqualTo(blob(i, 60_000));
      }
      assertThat(gets()).isLessThanOrEqualTo(ReadAhead.SCATTERED_MAX + 3);
    }
  }

  @Test
  void shouldNotReadAheadOfReadsThatAreScatteredOverManyBatches() {
    List<UploadedBatch> batches = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      batches.add(UploadedBatch.upload(objects, i, lengths(20, 40_000)));
    }
    try (BatchReadBack storage =
        new BatchReadBack(new TierObjects(objects, null), CONFIG.withCacheBytes(0))) {
      long received = received();
      long frames = 0;
      for (int round = 0; round < 5; round++) {
        for (UploadedBatch batch : batches) {
          batch.readBack(storage, (round * 7) % 20);
          frames += batch.frameBytes((round * 7) % 20);
        }
      }
      assertThat(received() - received).isEqualTo(frames);
    }
  }

  @Test
  void shouldReadFramesThatAreWaitedForTogetherWithOneGet() throws Exception {
    int[] lengths = lengths(40, 40_000);
    UploadedBatch batch = UploadedBatch.upload(objects, 0, lengths);
    UploadedBatch other = UploadedBatch.upload(objects, 1, lengths(8, 40_000));
    CountDownLatch release = new CountDownLatch(1);
    objects.hold(request -> {
      // The other batch keeps all fetches busy.
      if (request.endsWith(other.key())) {
        await(release);
      }
    });
    ReadBackConfig apart = CONFIG.withGapBytesMax(0).withAheadBytesMax(0);
    try (BatchReadBack storage = new BatchReadBack(new TierObjects(objects, null), apart);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<byte[]>> reads = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        int own = i;
        reads.add(threads.submit(() -> other.readBack(storage, own)));
        waitForGets(other.key(), i + 1);
      }
      // Frames 10 to 19 and, apart from them, 30 to 34.
      List<Integer> asked = new ArrayList<>();
      for (int i = 0; i < 15; i++) {
        asked.add(i < 10 ? 10 + i : 20 + i);
      }
      List<Future<byte[]>> waiting = new ArrayList<>();
      for (int i : asked) {
        waiting.add(threads.submit(() -> batch.readBack(storage, i)));
      }
      while (storage.waiting() < 15) {
        Thread.onSpinWait();
      }
      release.countDown();
      for (int i = 0; i < asked.size(); i++) {
        assertThat(waiting.get(i).get()).isEqualTo(blob(asked.get(i), 40_000));
      }
      for (Future<byte[]> read : reads) {
        assertThat(read.get()).hasSize(40_000);
      }
      assertThat(getsOf(batch.key())).isEqualTo(2);
      assertThat(storage.stats().framesShared()).isEqualTo(13);
    }
  }

  private long getsOf(String key) {
    return objects.requests().stream().filter(("get " + key)::equals).count();
  }

  private void waitForGets(String key, long count) {
    while (getsOf(key) < count) {
      Thread.onSpinWait();
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      if (!latch.await(60, TimeUnit.SECONDS)) {
        throw new IllegalStateException("nobody let this request go");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  @Test
  void shouldTellDamageToThoseWhoseFrameItIsOnly() throws Exception {
    int[] lengths = lengths(6, 40_000);
    UploadedBatch batch = UploadedBatch.upload(objects, 0, lengths);
    byte[] bytes = new byte[(int) objects.get(batch.key()).length()];
    objects.get(batch.key(), 0, MemorySegment.ofArray(bytes));
    ColdPlace damaged = ColdReferenceCodec.decode(batch.references().get(2));
    bytes[(int) (damaged.offset() + damaged.length() / 2)] ^= 1;
    objects.put(batch.key(), ObjectBody.of(bytes));
    // All wait for the window, so one GET has them all.
    try (BatchReadBack storage =
            new BatchReadBack(new TierObjects(objects, null), CONFIG.withWindowUs(200_000));
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<byte[]>> reads = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        int own = i;
        reads.add(threads.submit(() -> batch.readBack(storage, own)));
      }
      for (int i = 0; i < 6; i++) {
        Future<byte[]> read = reads.get(i);
        if (i == 2) {
          assertThatThrownBy(read::get).hasCauseInstanceOf(CorruptionException.class);
        } else {
          assertThat(read.get()).isEqualTo(blob(i, 40_000));
        }
      }
    }
  }

  @Test
  void shouldSendASlowGetASecondTimeAndTakeTheFirstAnswer() throws Exception {
    UploadedBatch batch = UploadedBatch.upload(objects, 0, lengths(40, 40_000));
    CountDownLatch release = new CountDownLatch(1);
    AtomicInteger slow = new AtomicInteger();
    ReadBackConfig hedging =
        CONFIG
            .withCacheBytes(0)
            .withAheadBytesMax(0)
            .withHedgeDelayMsMin(1)
            .withHedgePercentMax(100);
    try (BatchReadBack storage = new BatchReadBack(new TierObjects(objects, null), hedging)) {
      for (int i = 0; i < HedgedReads.LATENCIES_MIN; i++) {
        batch.readBack(storage, i);
      }
      long hedgedBefore = storage.stats().hedges();
      objects.hold(request -> {
        if (slow.getAndIncrement() == 0) {
          await(release);
        }
      });
      assertThat(batch.readBack(storage, 30)).isEqualTo(blob(30, 40_000));
      assertThat(storage.stats().hedges() - hedgedBefore).isEqualTo(1);
      assertThat(storage.stats().hedgesWon()).isGreaterThanOrEqualTo(1);
    } finally {
      release.countDown();
    }
  }

  @Test
  void shouldNotSendMoreSecondGetsThanItsShare() {
    UploadedBatch batch = UploadedBatch.upload(objects, 0, lengths(40, 40_000));
    ReadBackConfig hedging =
        CONFIG.withCacheBytes(0).withAheadBytesMax(0).withHedgeDelayMsMin(1).withHedgePercentMax(5);
    try (BatchReadBack storage = new BatchReadBack(new TierObjects(objects, null), hedging)) {
      for (int i = 0; i < HedgedReads.LATENCIES_MIN; i++) {
        batch.readBack(storage, i);
      }
      long before = storage.stats().hedges();
      // All of these are slow beside the ones before, so each would be sent again.
      objects.hold(request -> pause(30));
      for (int i = 0; i < 12; i++) {
        batch.readBack(storage, i);
      }
      assertThat(storage.stats().hedges() - before).isBetween(1L, HedgedReads.BURST + 1L);
    }
  }

  private static void pause(long ms) {
    try {
      Thread.sleep(ms);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void shouldKeepFramesInALocalFileWhenToldTo(@TempDir Path folder) throws Exception {
    UploadedBatch batch = UploadedBatch.upload(objects, 0, lengths(40, 40_000));
    ReadBackConfig onDisk = CONFIG.withCacheBytes(0).withAheadBytesMax(0).withDiskBytes(500_000);
    try (BatchReadBack storage =
        new BatchReadBack(new TierObjects(objects, null), onDisk, folder)) {
      for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 10; i++) {
          assertThat(batch.readBack(storage, i)).isEqualTo(blob(i, 40_000));
        }
      }
      assertThat(gets()).isEqualTo(10);
      assertThat(storage.stats().diskHits()).isEqualTo(20);
      // The file holds twelve frames; the ring overwrites the oldest.
      for (int i = 10; i < 40; i++) {
        assertThat(batch.readBack(storage, i)).isEqualTo(blob(i, 40_000));
      }
      assertThat(batch.readBack(storage, 0)).isEqualTo(blob(0, 40_000));
      assertThat(gets()).isEqualTo(41);
      try (var files = Files.list(folder)) {
        assertThat(files).isEmpty();
      }
    }
  }

  @Test
  void shouldEndReadsThatHangWhenItIsClosed() throws Exception {
    UploadedBatch batch = UploadedBatch.upload(objects, 0, lengths(4, 40_000));
    CountDownLatch never = new CountDownLatch(1);
    objects.hold(request -> await(never));
    BatchReadBack storage = new BatchReadBack(new TierObjects(objects, null), CONFIG);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<byte[]> read = threads.submit(() -> batch.readBack(storage, 0));
      waitForGets(batch.key(), 1);
      storage.close();
      assertThatThrownBy(read::get).hasCauseInstanceOf(TierUnavailableException.class);
    }
  }

  @Test
  void shouldNotBelieveWhatFollowsTheFrames() {
    // The last frames are read in order, so the index after them is read ahead as well.
    UploadedBatch batch = UploadedBatch.upload(objects, 0, lengths(4, 40_000));
    try (BatchReadBack storage = new BatchReadBack(new TierObjects(objects, null), CONFIG)) {
      for (int i = 0; i < 4; i++) {
        assertThat(batch.readBack(storage, i)).isEqualTo(blob(i, 40_000));
      }
      assertThat(gets()).isEqualTo(2);
    }
  }
}
