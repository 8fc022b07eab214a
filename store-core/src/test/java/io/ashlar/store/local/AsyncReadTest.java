package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobStore;
import io.ashlar.store.Campaign;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.Epoch;
import io.ashlar.store.ReadListener;
import io.ashlar.store.StoreClosedException;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Reads by virtual threads, later, and many at once. */
@Timeout(120)
class AsyncReadTest {

  private static final long SEED = Long.getLong("test.seed", System.nanoTime());
  private static final StoreConfig CONFIG =
      StoreConfig.DEFAULTS.withPoolBytes(16 << 20).withInitialFileBytes(4 << 20);

  @TempDir Path folder;

  private LocalBlobStore open(StoreConfig.Engine engine) {
    return LocalBlobStore.builder(folder).config(CONFIG.withEngine(engine)).open();
  }

  private static BlobId id(int n) {
    return new BlobId(5, n);
  }

  /** Returns bytes that tell which blob they are, and which version. */
  private static byte[] value(int n, int round, int length) {
    byte[] bytes = new byte[length];
    new SplittableRandom(n * 1_000L + round).nextBytes(bytes);
    return bytes;
  }

  private static void put(BlobStore store, int first, int count, int round, int length) {
    try (Epoch epoch = store.beginEpoch()) {
      for (int n = first; n < first + count; n++) {
        epoch.put(id(n), MemorySegment.ofArray(value(n, round, length)));
      }
      epoch.commit();
    }
  }

  /** Flips a bit of a blob where it lies in the data file. */
  private void damage(byte[] value) throws IOException {
    try (FileChannel file =
        FileChannel.open(
            folder.resolve(StoreFile.NAME), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer block = ByteBuffer.allocate(4096);
      for (long at = 0; at < file.size(); at += 4096) {
        block.clear();
        if (file.read(block, at) == 4096
            && MemorySegment.ofArray(block.array())
                    .mismatch(MemorySegment.ofArray(value).asSlice(0, 4096))
                < 0) {
          block.put(100, (byte) (block.get(100) ^ 1));
          assertThat(file.write(block.clear(), at)).isEqualTo(4096);
          return;
        }
      }
    }
    throw new AssertionError("the blob is nowhere in the file");
  }

  @ParameterizedTest
  @EnumSource(StoreConfig.Engine.class)
  @Tag("campaign")
  void shouldReadForAThousandVirtualThreads(StoreConfig.Engine engine) throws Exception {
    int blobs = 64;
    try (LocalBlobStore store = open(engine);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      put(store, 0, blobs, 0, 5000);
      put(store, 1000, 1, 0, 3 << 20); // longer than the longest buffer
      List<Future<Boolean>> reads = new ArrayList<>();
      for (int i = 0; i < 1000; i++) {
        int n = i % blobs;
        int form = i % 4;
        reads.add(threads.submit(() -> readOne(store, n, form)));
      }
      for (Future<Boolean> read : reads) {
        assertThat(read.get()).isTrue();
      }
      Future<Boolean> longOne =
          threads.submit(() -> {
            try (BlobLease lease = store.get(id(1000))) {
              return lease != null
                  && lease.value().mismatch(MemorySegment.ofArray(value(1000, 0, 3 << 20))) < 0;
            }
          });
      assertThat(longOne.get()).isTrue();
      assertThat(store.stats().poolFreeBytes()).isEqualTo(store.stats().poolBytes());
    }
  }

  private static boolean readOne(LocalBlobStore store, int n, int form) {
    MemorySegment expected = MemorySegment.ofArray(value(n, 0, 5000));
    if (form == 0) {
      try (BlobLease lease = store.get(id(n))) {
        return lease != null && lease.value().mismatch(expected) < 0;
      }
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment target =
          form == 1
              ? MemorySegment.ofArray(new byte[5000])
              : arena.allocate(form == 2 ? 5000 : 8192, form == 2 ? 1 : 4096);
      return store.get(id(n), target) == 5000 && target.asSlice(0, 5000).mismatch(expected) < 0;
    }
  }

  @ParameterizedTest
  @EnumSource(StoreConfig.Engine.class)
  void shouldTellLaterWhatAGetWouldHave(StoreConfig.Engine engine) throws Exception {
    byte[] damaged = value(2, 0, 5000);
    try (LocalBlobStore store = open(engine)) {
      put(store, 1, 2, 0, 5000);
      put(store, 3, 1, 0, 3 << 20);
      put(store, 4, 1, 0, 0);
      damage(damaged);
      MemorySegment target = MemorySegment.ofArray(new byte[5000]);
      assertThat(store.getAsync(id(1), target).join()).isEqualTo(5000);
      assertThat(target.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(value(1, 0, 5000));
      assertThat(store.getAsync(id(99), target).join()).isEqualTo(BlobStore.NOT_FOUND);
      assertThat(store.getAsync(id(4), target).join()).isZero();
      assertThatThrownBy(() -> store.getAsync(id(2), target).join())
          .isInstanceOf(CompletionException.class)
          .cause()
          .isInstanceOfSatisfying(
              CorruptionException.class,
              e -> {
                assertThat(e.id()).isEqualTo(id(2));
                assertThat(e.block()).isPositive();
                assertThat(e.actual()).isNotEqualTo(e.expected()).isNotNegative();
              });
      assertThatThrownBy(() -> store.getAsync(id(1), target.asSlice(1)).join())
          .hasCauseInstanceOf(IllegalArgumentException.class);
      MemorySegment large = MemorySegment.ofArray(new byte[3 << 20]);
      assertThat(store.getAsync(id(3), large).join()).isEqualTo(3L << 20);
      assertThat(large.mismatch(MemorySegment.ofArray(value(3, 0, 3 << 20)))).isNegative();
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment confined = arena.allocate(8192, 4096);
        assertThatThrownBy(() -> store.getAsync(id(1), confined))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("confined");
      }
      assertThat(store.stats().poolFreeBytes()).isEqualTo(store.stats().poolBytes());
    }
  }

  /** Keeps what it is shown. */
  private static final class Kept implements BatchVisitor {
    private final Map<Integer, byte[]> values = new TreeMap<>();
    private final Map<Integer, StoreException> failures = new TreeMap<>();
    private final List<Integer> missing = new ArrayList<>();

    @Override
    public void onBlob(int index, BlobId id, MemorySegment value) {
      assertThat(value.isReadOnly()).isTrue();
      assertThat(values.put(index, value.toArray(ValueLayout.JAVA_BYTE))).isNull();
    }

    @Override
    public void onMissing(int index, BlobId id) {
      missing.add(index);
    }

    @Override
    public void onFailed(int index, BlobId id, StoreException failure) {
      assertThat(failures.put(index, failure)).isNull();
    }
  }

  @ParameterizedTest
  @EnumSource(StoreConfig.Engine.class)
  void shouldShowEachOfABatchThoughSomeAreMissingOrDamaged(StoreConfig.Engine engine)
      throws Exception {
    int count = 200;
    try (LocalBlobStore store = open(engine)) {
      put(store, 0, count, 0, 5000);
      put(store, count, 1, 0, 3 << 20);
      damage(value(17, 0, 5000));
      try (Epoch epoch = store.beginEpoch()) {
        epoch.delete(id(30));
        epoch.commit();
      }
      List<BlobId> ids = new ArrayList<>();
      for (int n = 0; n <= count; n++) {
        ids.add(id(n));
      }
      ids.add(id(5)); // again
      Kept kept = new Kept();
      store.getAll(ids, kept);
      assertThat(kept.missing).containsExactly(30);
      assertThat(kept.failures).containsOnlyKeys(17);
      assertThat(kept.values).hasSize(count);
      kept.values.forEach((index, bytes) -> {
        int n = index > count ? 5 : index;
        assertThat(bytes).isEqualTo(value(n, 0, n == count ? 3 << 20 : 5000));
      });
      assertThat(store.stats().poolFreeBytes()).isEqualTo(store.stats().poolBytes());
      BatchVisitor throwing =
          new BatchVisitor() {
            @Override
            public void onBlob(int index, BlobId id, MemorySegment value) {
              throw new IllegalStateException("enough");
            }

            @Override
            public void onFailed(int index, BlobId id, StoreException failure) {}
          };
      assertThatThrownBy(() -> store.getAll(ids, throwing)).hasMessage("enough");
      assertThat(store.stats().poolFreeBytes()).isEqualTo(store.stats().poolBytes());
    }
  }

  @ParameterizedTest
  @EnumSource(StoreConfig.Engine.class)
  void shouldReadWholeVersionsWhileTheyAreOverwritten(StoreConfig.Engine engine) throws Exception {
    int blobs = 8;
    int rounds = Campaign.count("test.rounds", 300);
    AtomicBoolean writing = new AtomicBoolean(true);
    AtomicReference<String> wrong = new AtomicReference<>();
    AtomicInteger reads = new AtomicInteger();
    try (LocalBlobStore store = open(engine);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      putStamped(store, blobs, 0);
      List<Future<?>> readers = new ArrayList<>();
      for (int r = 0; r < 8; r++) {
        int seed = r;
        readers.add(
            threads.submit(() -> {
              SplittableRandom random = new SplittableRandom(SEED + seed);
              MemorySegment target = MemorySegment.ofArray(new byte[9000]);
              while (writing.get()) {
                int n = random.nextInt(blobs);
                long length =
                    seed % 2 == 0 ? store.get(id(n), target) : store.getAsync(id(n), target).join();
                reads.incrementAndGet();
                int round = target.get(ValueLayout.JAVA_INT_UNALIGNED, 4);
                if (length != 9000
                    || target.mismatch(MemorySegment.ofArray(stamped(n, round))) >= 0) {
                  wrong.set("blob " + n + ", round " + round);
                }
              }
            }));
      }
      for (int round = 1; round <= rounds; round++) {
        putStamped(store, blobs, round);
      }
      writing.set(false);
      for (Future<?> reader : readers) {
        var _ = reader.get();
      }
    }
    assertThat(wrong.get()).as("seed %d", SEED).isNull();
    assertThat(reads.get()).isPositive();
  }

  private static void putStamped(BlobStore store, int blobs, int round) {
    try (Epoch epoch = store.beginEpoch()) {
      for (int n = 0; n < blobs; n++) {
        epoch.put(id(n), MemorySegment.ofArray(stamped(n, round)));
      }
      epoch.commit();
    }
  }

  private static byte[] stamped(int n, int round) {
    byte[] bytes = value(n, round, 9000);
    MemorySegment.ofArray(bytes).set(ValueLayout.JAVA_INT_UNALIGNED, 4, round);
    return bytes;
  }

  @Test
  void shouldTellEveryListenerBeforeItIsClosed() {
    AtomicInteger told = new AtomicInteger();
    boolean refused = false;
    ReadListener listener =
        new ReadListener() {
          @Override
          public void onRead(BlobId id, long length) {
            assertThat(length).isEqualTo(5000);
            told.incrementAndGet();
          }

          @Override
          public void onFailed(BlobId id, RuntimeException failure) {
            throw new AssertionError(failure);
          }
        };
    int begun = 0;
    LocalBlobStore store = open(StoreConfig.Engine.AUTO);
    put(store, 0, 64, 0, 5000);
    Thread closer = new Thread(store::close);
    try {
      for (; begun < 100_000; begun++) {
        if (begun == 500) {
          closer.start(); // with reads in flight
        }
        store.getAsync(id(begun % 64), MemorySegment.ofArray(new byte[5000]), listener);
      }
    } catch (StoreClosedException closed) {
      refused = true;
    }
    while (closer.isAlive()) {
      LockSupport.parkNanos(100_000);
    }
    assertThat(refused).isTrue();
    assertThat(told.get()).isEqualTo(begun).isGreaterThanOrEqualTo(500);
  }

  /** Asks for the next blob whenever one has come. */
  private static final class Chain implements ReadListener {
    private final LocalBlobStore store;
    private final BlobId[] ids;
    private final MemorySegment target;
    private volatile int left;

    Chain(LocalBlobStore store, BlobId[] ids, MemorySegment target) {
      this.store = store;
      this.ids = ids;
      this.target = target;
    }

    void run(int count) {
      left = count;
      store.getAsync(ids[0], target, this);
      while (left > 0) {
        LockSupport.parkNanos(20_000);
      }
    }

    @Override
    public void onRead(BlobId id, long length) {
      int now = left - 1;
      left = now;
      if (now > 0) {
        store.getAsync(ids[now % ids.length], target, this);
      }
    }

    @Override
    public void onFailed(BlobId id, RuntimeException failure) {
      left = -1;
    }
  }

  /** W6: nothing is allocated for a get whose listener is told, by neither thread. */
  @Test
  void shouldAllocateNothingForAListener() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    String checks = System.setProperty("ashlar.checks", "false");
    try (LocalBlobStore store = open(StoreConfig.Engine.AUTO)) {
      System.setProperty("ashlar.checks", checks == null ? "false" : checks);
      put(store, 0, 16, 0, 5000);
      BlobId[] ids = new BlobId[16];
      for (int i = 0; i < ids.length; i++) {
        ids[i] = id(i);
      }
      Chain chain = new Chain(store, ids, MemorySegment.ofArray(new byte[5000]));
      chain.run(10);
      Thread reader =
          Thread.getAllStackTraces().keySet().stream()
              .filter(thread -> thread.getName().startsWith("ashlar-read"))
              .findFirst()
              .orElseThrow();
      double bytes = Double.MAX_VALUE;
      int counted = 2000;
      for (int round = 0; round < 40 && bytes >= 8; round++) {
        long before = threads.getThreadAllocatedBytes(reader.threadId());
        chain.run(counted);
        bytes = (threads.getThreadAllocatedBytes(reader.threadId()) - before) / (double) counted;
      }
      System.out.printf("get with a listener: %.3f bytes by %s%n", bytes, reader.getName());
      if (reader.getName().equals("ashlar-read")) { // not where io_uring is refused
        assertThat(bytes).isLessThan(8);
      }
    } finally {
      System.setProperty("ashlar.checks", checks == null ? "false" : checks);
    }
  }

  @Test
  void shouldCompleteFuturesOnTheThreadThatReads() {
    try (LocalBlobStore store = open(StoreConfig.Engine.AUTO)) {
      put(store, 0, 1, 0, 5000);
      List<CompletableFuture<Long>> futures = new ArrayList<>();
      for (int i = 0; i < 2000; i++) { // more than can be under way
        futures.add(store.getAsync(id(0), MemorySegment.ofArray(new byte[5000])));
      }
      futures.forEach(future -> assertThat(future.join()).isEqualTo(5000));
      assertThat(store.stats().reads()).isEqualTo(2000);
    }
  }
}
