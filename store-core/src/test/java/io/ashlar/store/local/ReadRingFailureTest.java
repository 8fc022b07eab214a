package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.DiskCompletion;
import io.ashlar.store.disk.DiskQueue;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.uring.Errno;
import io.ashlar.uring.IoVectors;
import io.ashlar.uring.NativeException;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The read ring fails, or is refused: reads go on without it, and none hangs (G10). */
@Timeout(60)
class ReadRingFailureTest {

  private static final StoreConfig CONFIG =
      StoreConfig.DEFAULTS.withPoolBytes(8 << 20).withInitialFileBytes(1 << 20);

  private final Logger quiet = Logger.getLogger("io.ashlar.store.read");
  private final Set<Thread> readers = ConcurrentHashMap.newKeySet();
  private final AtomicInteger pollsUntilBroken = new AtomicInteger(Integer.MAX_VALUE);
  private boolean thrown;
  private boolean refused;
  private Throwable refusal = new NativeException("io_uring_setup", Errno.EPERM, "ring=refused");

  @BeforeEach
  void muteTheLog() {
    quiet.setLevel(Level.OFF);
  }

  @AfterEach
  void restoreTheLog() {
    quiet.setLevel(null);
  }

  /** A queue that fails as a whole after some polls, as a ring does. */
  private final class Breaking implements DiskQueue {
    private final DiskQueue real;
    private final List<Long> inFlight = new ArrayList<>();
    private boolean failed;
    private boolean closed;

    Breaking(DiskQueue real) {
      this.real = real;
    }

    @Override
    public void submitWrite(IoVectors sources, long offset, boolean durable, long token) {
      throw new AssertionError("L24: the read ring writes nothing");
    }

    @Override
    public void submitRead(MemorySegment target, long bytes, long offset, long token) {
      inFlight.add(token);
      real.submitRead(target, bytes, offset, token);
    }

    @Override
    public int poll(DiskCompletion handler) {
      return broken() ? fail(handler) : real.poll(counted(handler));
    }

    @Override
    public int await(DiskCompletion handler, long timeoutNs) {
      return broken() ? fail(handler) : real.await(counted(handler), timeoutNs);
    }

    private boolean broken() {
      return !inFlight.isEmpty() && pollsUntilBroken.decrementAndGet() < 0;
    }

    private DiskCompletion counted(DiskCompletion handler) {
      return (token, failure, bytes) -> {
        inFlight.remove(token);
        handler.onComplete(token, failure, bytes);
      };
    }

    private int fail(DiskCompletion handler) {
      if (thrown) {
        throw new IllegalStateException("a bug");
      }
      failed = true;
      NativeException failure = new NativeException("io_uring_enter", Errno.EIO, "ring=broken");
      List<Long> tokens = List.copyOf(inFlight);
      inFlight.clear();
      tokens.forEach(token -> handler.onComplete(token, failure, 0));
      return tokens.size();
    }

    @Override
    public boolean isConcurrent() {
      return real.isConcurrent();
    }

    @Override
    public boolean failed() {
      return failed;
    }

    @Override
    public void wakeUp() {
      real.wakeUp();
    }

    @Override
    public int inFlight() {
      return inFlight.size();
    }

    @Override
    public void close() {
      assertThat(closed).isFalse();
      closed = true;
      real.close();
    }
  }

  private Disk disk() {
    SimulatedDisk real = new SimulatedDisk();
    return (Disk)
        Proxy.newProxyInstance(
            Disk.class.getClassLoader(),
            new Class<?>[] {Disk.class},
            (self, method, arguments) -> {
              boolean readRing = Thread.currentThread().getName().equals("ashlar-read");
              if (method.getName().equals("openQueue") && readRing && refused) {
                throw refusal;
              }
              if (method.getName().equals("read")) {
                readers.add(Thread.currentThread());
              }
              try {
                Object result = method.invoke(real, arguments);
                return method.getName().equals("openQueue") && readRing
                    ? new Breaking((DiskQueue) result)
                    : result;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private void readMany() throws InterruptedException {
    try (DataFileStore store =
        StoreOpening.open("test", disk(), CONFIG, StoreEnvironment.system())) {
      try (Epoch epoch = store.beginEpoch()) {
        for (int i = 0; i < 16; i++) {
          epoch.put(new BlobId(1, i), MemorySegment.ofArray(new byte[5000 + i]));
        }
        epoch.commit();
      }
      readers.clear();
      AtomicInteger right = new AtomicInteger();
      List<Thread> virtual = new ArrayList<>();
      List<CompletableFuture<Long>> futures = new ArrayList<>();
      for (int i = 0; i < 400; i++) {
        int n = i % 16;
        if (i % 2 == 0) {
          futures.add(store.getAsync(new BlobId(1, n), MemorySegment.ofArray(new byte[6000])));
        } else {
          virtual.add(
              Thread.startVirtualThread(() -> {
                MemorySegment target = MemorySegment.ofArray(new byte[6000]);
                if (store.get(new BlobId(1, n), target) == 5000 + n) {
                  right.incrementAndGet();
                }
              }));
        }
      }
      for (int i = 0; i < futures.size(); i++) {
        assertThat(futures.get(i).join()).isEqualTo(5000 + 2 * i % 16);
      }
      for (Thread thread : virtual) {
        thread.join();
      }
      assertThat(right.get()).isEqualTo(virtual.size());
      assertThat(readers).as("L20: it would pin its carrier").noneMatch(Thread::isVirtual);
      assertThat(store.stats().poolFreeBytes()).isEqualTo(store.stats().poolBytes());
      assertThat(store.stats().failed()).as("only reads were concerned").isFalse();
    }
  }

  @Test
  void shouldNeverReadOnAVirtualThread() throws InterruptedException {
    readMany();
    assertThat(readers).as("all went through the ring").isEmpty();
  }

  @Test
  void shouldReadWithThreadsWhenTheRingIsRefused() throws InterruptedException {
    refused = true;
    readMany();
    assertThat(readers).isNotEmpty().allMatch(thread -> thread.getName().contains("helper"));
  }

  /** As where a class cannot be loaded, since the process is out of descriptors. */
  @Test
  @Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void shouldReadABatchWithThreadsWhenStartingTheRingThrowsAnError() {
    refused = true;
    refusal = new NoClassDefFoundError("planned");
    try (DataFileStore store =
        StoreOpening.open("test", disk(), CONFIG, StoreEnvironment.system())) {
      List<BlobId> ids = new ArrayList<>();
      try (Epoch epoch = store.beginEpoch()) {
        for (int i = 0; i < 50; i++) {
          ids.add(new BlobId(1, i));
          epoch.put(ids.getLast(), MemorySegment.ofArray(new byte[5000]));
        }
        epoch.commit();
      }
      AtomicInteger shown = new AtomicInteger();
      store.getAll(
          ids,
          new BatchVisitor() {
            @Override
            public void onBlob(int index, BlobId id, MemorySegment value) {
              shown.incrementAndGet();
            }

            @Override
            public void onFailed(int index, BlobId id, StoreException failure) {
              throw failure;
            }
          });
      assertThat(shown).hasValue(50);
    }
  }

  @Test
  void shouldReadAgainWhatWasInFlightWhenTheRingFailed() throws InterruptedException {
    for (int polls : new int[] {0, 1, 20}) {
      pollsUntilBroken.set(polls);
      readMany();
      assertThat(readers).isNotEmpty();
    }
  }

  @Test
  void shouldHangNoReaderWhenTheRingsThreadThrows() throws InterruptedException {
    thrown = true;
    pollsUntilBroken.set(5);
    readMany();
    assertThat(readers).isNotEmpty();
  }
}
