package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobStore;
import io.ashlar.store.Epoch;
import io.ashlar.store.Snapshot;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.VacuumListener;
import io.ashlar.store.VacuumOptions;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.SimulatedDisk;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The cache: what is in it is served without I/O, and nothing that is no longer current. */
@Timeout(120)
class BlobCacheTest {

  private static final StoreConfig CONFIG =
      StoreConfig.DEFAULTS
          .withPoolBytes(4 << 20)
          .withInitialFileBytes(8 << 20)
          .withCacheBytes(1 << 20);
  private static final int LENGTH = 5000;

  private final AtomicInteger diskReads = new AtomicInteger();

  private DataFileStore open(StoreConfig config) {
    SimulatedDisk real = new SimulatedDisk();
    Disk disk =
        (Disk)
            Proxy.newProxyInstance(
                Disk.class.getClassLoader(),
                new Class<?>[] {Disk.class},
                (self, method, arguments) -> {
                  if (method.getName().equals("read")) {
                    diskReads.incrementAndGet();
                  }
                  try {
                    return method.invoke(real, arguments);
                  } catch (InvocationTargetException e) {
                    throw e.getCause();
                  }
                });
    DataFileStore store = StoreOpening.open("test", disk, config, StoreEnvironment.system());
    diskReads.set(0);
    return store;
  }

  private static BlobId id(int n) {
    return new BlobId(11, n);
  }

  private static void put(BlobStore store, int n, int content) {
    put(store, n, content, LENGTH);
  }

  private static void put(BlobStore store, int n, int content, int length) {
    byte[] value = new byte[length];
    MemorySegment.ofArray(value).set(ValueLayout.JAVA_INT_UNALIGNED, 0, content);
    value[length - 1] = (byte) content;
    try (Epoch epoch = store.beginEpoch()) {
      epoch.put(id(n), MemorySegment.ofArray(value));
      epoch.commit();
    }
  }

  private static int content(MemorySegment value) {
    int content = value.get(ValueLayout.JAVA_INT_UNALIGNED, 0);
    assertThat(value.get(ValueLayout.JAVA_BYTE, LENGTH - 1)).isEqualTo((byte) content);
    return content;
  }

  private static int lease(BlobStore store, int n) {
    try (BlobLease lease = store.get(id(n))) {
      return lease == null ? -1 : content(lease.value());
    }
  }

  private static int copy(BlobStore store, int n) {
    MemorySegment target = MemorySegment.ofArray(new byte[LENGTH]);
    return store.get(id(n), target) == BlobStore.NOT_FOUND ? -1 : content(target);
  }

  @Test
  void shouldServeWhatItHasWithoutReadingTheDisk() {
    try (DataFileStore store = open(CONFIG)) {
      for (int n = 0; n < 20; n++) {
        put(store, n, n);
        assertThat(lease(store, n)).isEqualTo(n);
      }
      diskReads.set(0);
      for (int n = 0; n < 20; n++) {
        assertThat(lease(store, n)).isEqualTo(n);
        assertThat(copy(store, n)).isEqualTo(n);
        MemorySegment part = MemorySegment.ofArray(new byte[100]);
        assertThat(store.get(id(n), LENGTH - 1, 100, part)).isEqualTo(1);
        assertThat(part.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) n);
        assertThat(store.get(id(n), LENGTH + 9, 100, part)).isZero();
        MemorySegment later = MemorySegment.ofArray(new byte[LENGTH]);
        assertThat(store.getAsync(id(n), later).join()).isEqualTo(LENGTH);
        assertThat(content(later)).isEqualTo(n);
      }
      List<Integer> seen = new ArrayList<>();
      store.getAll(
          List.of(id(3), id(4)),
          new BatchVisitor() {
            @Override
            public void onBlob(int index, BlobId id, MemorySegment value) {
              seen.add(content(value));
            }

            @Override
            public void onFailed(int index, BlobId id, StoreException failure) {
              throw failure;
            }
          });
      assertThat(seen).containsExactlyInAnyOrder(3, 4);
      assertThat(diskReads.get()).isZero();
      assertThat(store.stats().cacheHits()).isEqualTo(20 * 5 + 2);
      assertThat(store.stats().cacheMisses()).isEqualTo(20);
      assertThat(store.stats().cacheBlobs()).isEqualTo(20);
      assertThat(store.stats().cacheUsedBytes()).isEqualTo(20 * 8192);
      assertThat(store.stats().cacheBytes()).isEqualTo(1 << 20);
    }
  }

  @Test
  void shouldKeepWhatListenersAndBatchesHaveRead() {
    try (DataFileStore store = open(CONFIG)) {
      put(store, 1, 1);
      put(store, 2, 2);
      assertThat(store.getAsync(id(1), MemorySegment.ofArray(new byte[LENGTH])).join())
          .isEqualTo(LENGTH);
      store.getAll(
          List.of(id(2)),
          new BatchVisitor() {
            @Override
            public void onBlob(int index, BlobId id, MemorySegment value) {}

            @Override
            public void onFailed(int index, BlobId id, StoreException failure) {
              throw failure;
            }
          });
      diskReads.set(0);
      assertThat(lease(store, 1)).isEqualTo(1);
      assertThat(lease(store, 2)).isEqualTo(2);
      assertThat(diskReads.get()).isZero();
    }
  }

  @Test
  void shouldServeNothingThatWasReplacedOrDeleted() {
    try (DataFileStore store = open(CONFIG)) {
      for (int round = 1; round < 50; round++) {
        put(store, 1, round);
        assertThat(lease(store, 1)).isEqualTo(round);
        assertThat(copy(store, 1)).isEqualTo(round);
      }
      try (Epoch epoch = store.beginEpoch()) {
        epoch.delete(id(1));
        assertThat(lease(store, 1)).as("the delete is not durable yet").isEqualTo(49);
        epoch.commit();
      }
      assertThat(lease(store, 1)).isEqualTo(-1);
      assertThat(copy(store, 1)).isEqualTo(-1);
      put(store, 1, 99);
      assertThat(lease(store, 1)).isEqualTo(99);
    }
  }

  @Test
  void shouldServeASnapshotTheBlobsOfItsEpoch() {
    try (DataFileStore store = open(CONFIG)) {
      put(store, 1, 1);
      assertThat(lease(store, 1)).isEqualTo(1);
      try (Snapshot snapshot = store.snapshot()) {
        put(store, 1, 2);
        assertThat(lease(store, 1)).isEqualTo(2);
        try (BlobLease lease = snapshot.get(id(1))) {
          assertThat(lease).isNotNull();
          assertThat(content(lease.value())).isEqualTo(1);
        }
        assertThat(lease(store, 1)).isEqualTo(2);
      }
    }
  }

  @Test
  void shouldNeverUseTheMemoryOfABlobThatIsLent() {
    try (DataFileStore store = open(CONFIG)) {
      List<BlobLease> leases = new ArrayList<>();
      for (int n = 0; n < 60; n++) {
        put(store, n, n);
        leases.add(store.get(id(n)));
      }
      for (int n = 0; n < 30; n++) {
        put(store, n, 1000 + n); // replaced while it is lent
      }
      for (int n = 100; n < 600; n++) { // far more than fit: the lent ones are let go of
        put(store, n, n);
        assertThat(lease(store, n)).isEqualTo(n);
        assertThat(lease(store, n)).isEqualTo(n);
      }
      for (int n = 0; n < 60; n++) {
        assertThat(content(leases.get(n).value())).isEqualTo(n);
        leases.get(n).close();
      }
      assertThat(store.stats().cacheUsedBytes())
          .as("what the cache keeps, and nothing else")
          .isEqualTo(store.stats().cacheBlobs() * 8192)
          .isPositive();
      assertThat(store.stats().poolFreeBytes()).isEqualTo(store.stats().poolBytes());
    }
  }

  @Test
  void shouldReadWithoutTheCacheWhatDoesNotFit() {
    try (DataFileStore store = open(CONFIG)) {
      put(store, 1, 1, 100_000); // more than a sixteenth
      for (int i = 0; i < 3; i++) {
        try (BlobLease lease = store.get(id(1))) {
          assertThat(lease).isNotNull();
          assertThat(lease.value().byteSize()).isEqualTo(100_000);
        }
      }
      assertThat(store.stats().cacheBlobs()).isZero();
    }
  }

  @Test
  void shouldServeMovedBlobsFromTheirNewPlace() {
    try (DataFileStore store = open(CONFIG)) {
      for (int n = 0; n < 200; n++) {
        put(store, n, n);
        assertThat(lease(store, n)).isEqualTo(n);
      }
      try (Epoch epoch = store.beginEpoch()) {
        for (int n = 0; n < 150; n++) {
          epoch.delete(id(n));
        }
        epoch.commit();
      }
      var _ = store.vacuum(VacuumOptions.DEFAULTS, VacuumListener.NONE);
      for (int n = 0; n < 200; n++) {
        assertThat(lease(store, n)).isEqualTo(n < 150 ? -1 : n);
      }
    }
  }

  @Test
  void shouldNeverGoBackInTimeForAReader() throws Exception {
    int blobs = 4;
    int rounds = 400;
    AtomicBoolean writing = new AtomicBoolean(true);
    try (DataFileStore store = open(CONFIG);
        ExecutorService threads = Executors.newFixedThreadPool(3)) {
      for (int n = 0; n < blobs; n++) {
        put(store, n, 0);
      }
      List<Future<Integer>> readers = new ArrayList<>();
      for (int r = 0; r < 3; r++) {
        int seed = r;
        readers.add(
            threads.submit(() -> {
              SplittableRandom random = new SplittableRandom(seed);
              int[] last = new int[blobs];
              int reads = 0;
              while (writing.get()) {
                int n = random.nextInt(blobs);
                int content = random.nextBoolean() ? lease(store, n) : copy(store, n);
                assertThat(content).isGreaterThanOrEqualTo(last[n]);
                last[n] = content;
                reads++;
              }
              return reads;
            }));
      }
      for (int round = 1; round <= rounds; round++) {
        for (int n = 0; n < blobs; n++) {
          put(store, n, round);
          assertThat(lease(store, n)).isEqualTo(round);
        }
      }
      writing.set(false);
      for (Future<Integer> reader : readers) {
        assertThat(reader.get()).isPositive();
      }
      assertThat(store.stats().cacheHits()).isPositive();
    }
  }

  /** W6: a hit allocates nothing. */
  @Test
  void shouldAllocateNothingForAHit() {
    String checks = System.setProperty("ashlar.checks", "false");
    try (DataFileStore store = open(CONFIG);
        Arena arena = Arena.ofConfined()) {
      BlobId[] ids = new BlobId[16];
      for (int n = 0; n < ids.length; n++) {
        ids[n] = id(n);
        put(store, n, n);
      }
      MemorySegment target = arena.allocate(8192, 4096);
      ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      double bytes = Double.MAX_VALUE;
      int counted = 4000;
      long sum = 0;
      for (int round = 0; round < 40 && bytes >= 1; round++) {
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < counted; i++) {
          try (BlobLease lease = store.get(ids[i % ids.length])) {
            sum += lease == null ? 0 : lease.value().get(ValueLayout.JAVA_BYTE, LENGTH - 1);
          }
          sum += store.get(ids[i % ids.length], target);
        }
        bytes = (threads.getCurrentThreadAllocatedBytes() - before) / (double) counted;
      }
      assertThat(sum).isPositive();
      System.out.printf("a lease and a copy from the cache: %.3f bytes%n", bytes);
      assertThat(bytes).isLessThan(1);
    } finally {
      System.setProperty("ashlar.checks", checks == null ? "false" : checks);
    }
  }

  /** Loads the store anew, in a world without Caffeine. */
  private static final class WithoutCaffeine extends URLClassLoader {

    WithoutCaffeine() {
      super(
          new URL[] {
            LocalBlobStore.class.getProtectionDomain().getCodeSource().getLocation(),
            BlobCacheTest.class.getProtectionDomain().getCodeSource().getLocation()
          },
          BlobCacheTest.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      synchronized (getClassLoadingLock(name)) {
        if (name.startsWith("com.github.benmanes.")) {
          throw new ClassNotFoundException(name);
        }
        if (!name.startsWith("io.ashlar.store.")) {
          return super.loadClass(name, resolve);
        }
        Class<?> loaded = findLoadedClass(name);
        return loaded == null ? findClass(name) : loaded;
      }
    }
  }

  /** Opens stores with and without a cache; called in a class loader without Caffeine. */
  static String openBoth() {
    try (DataFileStore store =
        StoreOpening.open(
            "test", new SimulatedDisk(), CONFIG.withCacheBytes(0), StoreEnvironment.system())) {
      put(store, 1, 7);
      assertThat(lease(store, 1)).isEqualTo(7);
    }
    try (DataFileStore store =
        StoreOpening.open("test", new SimulatedDisk(), CONFIG, StoreEnvironment.system())) {
      return "opened: " + store.stats();
    } catch (StoreException e) {
      return e.getClass().getSimpleName() + ": " + e.getMessage();
    }
  }

  @Test
  void shouldWorkWithoutCaffeineAndSayWhatACacheNeeds() throws Exception {
    try (WithoutCaffeine loader = new WithoutCaffeine()) {
      Class<?> type = Class.forName(BlobCacheTest.class.getName(), true, loader);
      Method openBoth = type.getDeclaredMethod("openBoth");
      openBoth.setAccessible(true);
      assertThat(openBoth.invoke(null).toString())
          .startsWith("StoreOpenException: ")
          .contains("com.github.ben-manes.caffeine:caffeine");
    }
    assertThatThrownBy(() -> CONFIG.withCacheBytes(5))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("cacheBytes");
  }
}
