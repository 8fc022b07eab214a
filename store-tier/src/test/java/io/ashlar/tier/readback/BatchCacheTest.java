package io.ashlar.tier.readback;

import static io.ashlar.tier.readback.UploadedBatch.blob;
import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BlobId;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.tier.ReadBackConfig;
import io.ashlar.tier.key.FrameKey;
import io.ashlar.tier.key.FrameKeys;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.InMemoryObjectStore;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the cache keeps, counts and frees, and that each who waits hears of what was thrown. */
@Timeout(60)
class BatchCacheTest {
  private static final int BLOBS = 12;
  private static final int LENGTH = 60_000;
  private static final long HANG_S = 10;

  private static final byte[] KEY = new byte[32];
  private static final ReadBackConfig ALONE =
      ReadBackConfig.DEFAULTS
          .withGapBytesMax(0)
          .withAheadBytesMax(0)
          .withHedgeDelayMsMin(1)
          .withHedgePercentMax(0);

  @TempDir Path folder;

  private final FaultyObjectStore objects = new FaultyObjectStore(new InMemoryObjectStore());
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private UploadedBatch batch = upload(null);
  private @Nullable BatchCache cache;
  private ExecutorService fetching = threads;

  private BatchCache open(ReadBackConfig config, @Nullable FrameKeys keys) {
    fetching = Executors.newSingleThreadExecutor();
    cache = new BatchCache(new BatchReader(new TierObjects(objects, keys)), config, null, fetching);
    return cache;
  }

  private UploadedBatch upload(@Nullable FrameKeys keys) {
    int[] lengths = new int[BLOBS];
    Arrays.fill(lengths, LENGTH);
    return UploadedBatch.upload(new TierObjects(objects.delegate(), keys), 0, lengths);
  }

  @AfterEach
  void close() {
    if (cache != null) {
      cache.close();
    }
    threads.shutdownNow(); // not closed: a reader that hangs would hang this
  }

  /** Uses a blob's frames, and returns the blob's bytes there, which live as long as they do. */
  private MemorySegment use(BatchCache of, int number, Runnable meanwhile) {
    ColdReference reference = batch.references().get(number);
    return of.use(
        reference,
        ColdReferenceCodec.decode(reference),
        decoded -> {
          BlobId id = UploadedBatch.id(number);
          MemorySegment data = decoded.data(id.high(), id.low());
          assertThat(data).as("blob %s", number).isNotNull();
          meanwhile.run();
          assertThat(isThere(data)).as("blob %s while it is used", number).isTrue();
          assertThat(data.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(blob(number, LENGTH));
          return data;
        });
  }

  private MemorySegment use(BatchCache of, int number) {
    return use(of, number, () -> {});
  }

  private static boolean isThere(MemorySegment data) {
    return data.scope().isAlive();
  }

  @Test
  void shouldCountTheBytesOfWhatItKeepsAndFreeTheEldest() throws Exception {
    BatchCache kept = open(ALONE.withCacheBytes(4L * (LENGTH + 5_000)), null);
    List<MemorySegment> used = new ArrayList<>();
    for (int i = 0; i < BLOBS; i++) {
      used.add(use(kept, i));
      fetching.submit(() -> {}).get(); // what was pushed out is freed after the reader was told
      long there = used.stream().filter(BatchCacheTest::isThere).count();
      assertThat(there).as("kept after %s", i).isEqualTo(Math.min(i + 1, 4));
      assertThat(kept.bytes())
          .as("bytes of %s", there)
          .isBetween(there * LENGTH, there * (LENGTH + 5_000));
    }
    assertThat(used.subList(BLOBS - 4, BLOBS)).allMatch(BatchCacheTest::isThere);
    for (int i = 0; i < BLOBS; i++) {
      kept.forget(batch.references().get(i));
    }
    assertThat(kept.bytes()).isZero();
    assertThat(used).noneMatch(BatchCacheTest::isThere);
  }

  @Test
  void shouldFreeWhatIsForgottenOnceItsLastUserHasLeft() {
    BatchCache kept = open(ALONE, null);
    MemorySegment forgotten =
        use(kept, 0, () -> use(kept, 0, () -> kept.forget(batch.references().getFirst())));
    assertThat(isThere(forgotten)).isFalse();
    assertThat(kept.bytes()).isZero();
    MemorySegment again = use(kept, 0);
    assertThat(isThere(again)).isTrue();
    assertThat(kept.bytes()).isPositive();
  }

  @Test
  void shouldKeepNothingThatIsLargerThanItself() {
    BatchCache kept = open(ALONE.withCacheBytes(LENGTH / 2), null);
    MemorySegment used = use(kept, 3);
    assertThat(isThere(used)).isFalse();
    assertThat(kept.bytes()).isZero();
  }

  @Test
  void shouldPushNothingOutForWhatIsLargerThanItself() {
    BatchCache kept = open(ALONE.withCacheBytes(2L * (LENGTH + 5_000)), null);
    MemorySegment before = use(kept, 0);
    UploadedBatch large = UploadedBatch.upload(objects.delegate(), 1, 5 * LENGTH);
    ColdReference reference = large.references().getFirst();
    long length =
        kept.use(reference, ColdReferenceCodec.decode(reference), DecodedBatch::bodyBytes);
    assertThat(length).isGreaterThan(5 * LENGTH);
    assertThat(isThere(before)).isTrue();
    assertThat(kept.bytes()).isLessThan(2 * LENGTH);
  }

  @Test
  void shouldFreeEverythingWhenItIsClosed() {
    BatchCache kept = open(ALONE, null);
    MemorySegment unused = use(kept, 1);
    MemorySegment inUse =
        use(
            kept,
            2,
            () -> {
              kept.close();
              assertThat(isThere(unused)).isFalse();
            });
    assertThat(isThere(inUse)).isFalse();
    assertThat(kept.bytes()).isZero();
  }

  /** Keys that once throw an error, as for want of heap, when they are asked in the middle. */
  private static final class Breaking implements FrameKeys {
    private final FrameKey key = FrameKey.of(1, KEY);
    private final AtomicInteger left = new AtomicInteger(Integer.MAX_VALUE);

    @Override
    public FrameKey current() {
      return key;
    }

    @Override
    public @Nullable FrameKey find(int id) {
      if (left.decrementAndGet() == 0) {
        throw new OutOfMemoryError("planned");
      }
      return key.id() == id ? key : null;
    }
  }

  private void assertReadOrTold(BatchCache of, int number, String what) throws Exception {
    Future<MemorySegment> read = threads.submit(() -> use(of, number));
    try {
      var _ = read.get(HANG_S, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      assertThat(e).as(what).rootCause().isInstanceOf(OutOfMemoryError.class);
    } catch (TimeoutException e) {
      throw new AssertionError(what + " hangs", e);
    }
  }

  /** Frames that were read ahead are in the table, so a caller may wait for them (G10). */
  @Test
  @Tag("campaign")
  void shouldTellWhoWaitsWhateverBreaksOffTheDecoding() throws Exception {
    for (int call = 1; call <= BLOBS; call++) {
      Breaking keys = new Breaking();
      batch = upload(keys);
      BatchCache kept =
          open(ReadBackConfig.DEFAULTS.withHedgeDelayMsMin(1).withHedgePercentMax(0), keys);
      keys.left.set(call);
      for (int round = 0; round < 2; round++) {
        for (int i = 0; i < BLOBS; i++) {
          assertReadOrTold(kept, i, "call " + call + ", round " + round + ", blob " + i);
        }
      }
      assertThat(keys.left.get()).as("thrown").isNegative();
      long there = 0;
      for (int i = 0; i < BLOBS; i++) {
        there += use(kept, i).byteSize();
      }
      assertThat(kept.bytes()).isBetween(there, there + BLOBS * 5_000L);
      kept.close();
      assertThat(kept.bytes()).isZero();
    }
  }

  @Test
  void shouldTellWhoWaitsWhateverBreaksOffTheDecodingOfWhatIsOnDisk() throws Exception {
    Breaking keys = new Breaking();
    batch = upload(keys);
    BatchReader reader = new BatchReader(new TierObjects(objects, keys));
    FrameDisk disk = FrameDisk.open(folder, 1 << 20);
    try (BatchCache kept = new BatchCache(reader, ALONE.withCacheBytes(0), disk)) {
      use(kept, 5);
      keys.left.set(1);
      assertReadOrTold(kept, 5, "the first");
      assertThat(keys.left.get()).as("thrown").isZero();
      assertReadOrTold(kept, 5, "the second");
      assertThat(kept.stats().diskHits()).isPositive();
    }
  }

  /** Otherwise the next caller would wait for a fetch that is never made. */
  @Test
  void shouldLeaveNoSlotWhereNoThreadCanBeHad() throws Exception {
    AtomicBoolean refuses = new AtomicBoolean(true);
    ExecutorService scarce =
        new ThreadPoolExecutor(1, 1, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>()) {
          @Override
          public void execute(Runnable task) {
            if (refuses.getAndSet(false)) {
              throw new OutOfMemoryError("planned");
            }
            super.execute(task);
          }
        };
    BatchReader reader = new BatchReader(new TierObjects(objects, null));
    try (BatchCache kept = new BatchCache(reader, ALONE, null, scarce)) {
      assertReadOrTold(kept, 7, "the first");
      assertThat(refuses).isFalse();
      assertThat(kept.waiting()).isZero();
      assertReadOrTold(kept, 7, "the second");
      assertThat(isThere(use(kept, 7))).isTrue();
    }
  }
}
