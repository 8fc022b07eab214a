package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.Campaign;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.StoreStats;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The heap of a small JVM is full again and again while threads commit and read: no call hangs, and
 * nothing has leaked in the end, unless the store has failed, as L19 may ask for.
 */
@Tag("campaign")
@Timeout(600)
class FullHeapTest {

  private static final long HANG_S = 30;
  private static final int BLOBS = 20;
  private static final int VALUE_BYTES = 5000;

  @TempDir Path folder;

  /** What the threads do; any error or exception may come of it, but no wait without end. */
  @FunctionalInterface
  private interface Call {
    void run() throws Exception;
  }

  private static void fillTheHeap(long untilNs) {
    Object[] head = null;
    int length = 20_000;
    try {
      while (System.nanoTime() - untilNs < 0) {
        try {
          Object[] next = new Object[length];
          next[0] = head;
          head = next;
        } catch (OutOfMemoryError e) {
          length = Math.max(2, length / 8);
        }
      }
    } finally {
      Reference.reachabilityFence(head);
    }
  }

  private static void commit(LocalBlobStore store, int number, MemorySegment value) {
    try (Epoch epoch = store.beginEpoch()) {
      epoch.put(new BlobId(1, number), value);
      epoch.commit();
    }
  }

  private static Thread repeat(AtomicBoolean stop, AtomicLong hangs, AtomicLong done, Call call) {
    Thread thread =
        new Thread(() -> {
          while (!stop.get()) {
            try {
              call.run();
              done.incrementAndGet();
            } catch (TimeoutException e) {
              hangs.incrementAndGet();
            } catch (Throwable any) {
              // the heap is full
            }
          }
        });
    thread.setDaemon(true);
    return thread;
  }

  /** The child: the folder, and how often the heap is filled. */
  public static void main(String[] arguments) throws Exception {
    StoreConfig config =
        StoreConfig.DEFAULTS
            .withPoolBytes(8 << 20)
            .withInitialFileBytes(4 << 20)
            .withGrowthBytesMin(1 << 20)
            .withBackPressureTimeoutMs(5000);
    MemorySegment value = Arena.global().allocate(VALUE_BYTES, 4096);
    MemorySegment target = Arena.global().allocate(8192, 4096);
    LocalBlobStore store = LocalBlobStore.builder(Path.of(arguments[0])).config(config).open();
    List<BlobId> ids = new ArrayList<>();
    for (int i = 0; i < BLOBS; i++) {
      commit(store, i, value);
      ids.add(new BlobId(1, i));
    }
    AtomicBoolean stop = new AtomicBoolean();
    AtomicLong hangs = new AtomicLong();
    AtomicLong done = new AtomicLong();
    List<Call> calls =
        List.of(
            () -> commit(store, 0, value),
            () -> {
              CompletableFuture<?> future;
              try (Epoch epoch = store.beginEpoch()) {
                epoch.put(ids.get(1), value);
                future = epoch.commitAsync();
              }
              future.get(HANG_S, TimeUnit.SECONDS);
            },
            () -> store.getAsync(ids.get(2), target).get(HANG_S, TimeUnit.SECONDS),
            () -> {
              try (BlobLease lease = store.get(ids.get(3))) {
                assertThat(lease).isNotNull();
              }
            },
            () -> getAll(store, ids));
    List<Thread> threads = new ArrayList<>();
    for (Call call : calls) {
      threads.add(repeat(stop, hangs, done, call));
    }
    threads.forEach(Thread::start);
    for (int i = 0; i < Integer.parseInt(arguments[1]); i++) {
      fillTheHeap(System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(300));
      Thread.sleep(20);
    }
    stop.set(true);
    for (Thread thread : threads) {
      thread.join(TimeUnit.SECONDS.toMillis(2 * HANG_S));
      hangs.addAndGet(thread.isAlive() ? 1 : 0);
    }
    StoreStats stats = store.stats();
    if (!stats.failed()) {
      commit(store, 4, value);
      getAll(store, ids);
      store.getAsync(ids.get(4), target).get(HANG_S, TimeUnit.SECONDS);
      stats = store.stats();
    }
    System.out.printf(
        "hangs=%d, leases=%d, epochs=%d, pool=%d%n",
        hangs.get(),
        stats.openLeases(),
        stats.failed() ? 0 : stats.openEpochs(),
        stats.failed() ? 0 : stats.poolBytes() - stats.poolFreeBytes());
    System.out.printf("done=%d, failed=%b%n", done.get(), stats.failed());
    store.close();
    System.out.println("closed");
    Runtime.getRuntime().halt(0);
  }

  private static void getAll(LocalBlobStore store, List<BlobId> ids) {
    store.getAll(
        ids,
        new BatchVisitor() {
          @Override
          public void onBlob(int index, BlobId id, MemorySegment value) {}

          @Override
          public void onFailed(int index, BlobId id, StoreException failure) {
            throw failure;
          }
        });
  }

  @Test
  void shouldHangAndLeakNothing() throws Exception {
    int fills = Campaign.count("test.heap.fills", 8);
    try (ChildJvm child =
        ChildJvm.start(
            List.of("-Xmx48m"), FullHeapTest.class, folder.toString(), String.valueOf(fills))) {
      int _ = child.exitCode();
      System.out.println(child.output());
      assertThat(child.output())
          .as("%s", child)
          .contains("hangs=0, leases=0, epochs=0, pool=0", "closed");
      Campaign.report("full heap: fills", fills, 0, 0);
    }
  }
}
