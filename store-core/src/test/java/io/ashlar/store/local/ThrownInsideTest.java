package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.AckListener;
import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.Campaign;
import io.ashlar.store.Epoch;
import io.ashlar.store.Snapshot;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.StoreFailedException;
import io.ashlar.store.StoreStats;
import io.ashlar.store.VacuumListener;
import io.ashlar.store.VacuumOptions;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.DiskQueue;
import io.ashlar.store.disk.SimulatedDisk;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever is thrown inside a call, at each way down to the disk and to the executors: it leaves
 * everything as it was, or the store poisoned with a typed error (L19). No later call hangs (G10).
 */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ThrownInsideTest {

  private static final StoreConfig CONFIG =
      StoreConfig.DEFAULTS
          .withPoolBytes(4 << 20)
          .withInitialFileBytes(1 << 20)
          .withGrowthBytesMin(1 << 20)
          .withCheckpointLogBytesMin(1 << 16)
          .withBackPressureTimeoutMs(2000);
  private static final long HANG_S = 20;
  private static final int BLOBS = 12;

  private final Logger quiet = Logger.getLogger("io.ashlar.store");
  private final MemorySegment target = Arena.ofAuto().allocate(2 << 20, 4096);
  private final MemorySegment longValue = Arena.ofAuto().allocate(1500 << 10, 4096);
  private final AtomicInteger callsLeft = new AtomicInteger(Integer.MAX_VALUE);
  private final AtomicInteger thrown = new AtomicInteger();
  private String method = "";
  private Throwable planned = new AssertionError("nothing is planned");

  @BeforeEach
  void muteTheLog() {
    quiet.setLevel(Level.OFF);
  }

  @AfterEach
  void restoreTheLog() {
    quiet.setLevel(null);
  }

  private static final Set<String> METHODS =
      Set.of(
          "disk.write",
          "disk.read",
          "disk.sync",
          "queue.submitWrite",
          "queue.submitRead",
          "queue.await",
          "disk.openQueue",
          "growth",
          "background");

  static Stream<String> methods() {
    return METHODS.stream().sorted();
  }

  private void throwIfPlanned(String called) throws Throwable {
    if (called.equals(method) && callsLeft.decrementAndGet() == 0) {
      thrown.incrementAndGet();
      throw planned;
    }
  }

  @SuppressWarnings("unchecked")
  private <T> T throwing(Class<T> type, String name, T real) {
    return (T)
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (self, called, arguments) -> {
              throwIfPlanned(name + called.getName());
              try {
                Object result = called.invoke(real, arguments);
                return result instanceof DiskQueue queue
                    ? throwing(DiskQueue.class, "queue.", queue)
                    : result;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private Executor throwing(String name, Executor real) {
    return task -> {
      try {
        throwIfPlanned(name);
      } catch (RuntimeException | Error e) {
        throw e;
      } catch (Throwable impossible) {
        throw new AssertionError(impossible);
      }
      real.execute(task);
    };
  }

  private DataFileStore open() {
    StoreEnvironment real = StoreEnvironment.system();
    Disk disk = throwing(Disk.class, "disk.", (Disk) new SimulatedDisk());
    return StoreOpening.open(
        "test",
        disk,
        CONFIG,
        new StoreEnvironment(
            real.ids(),
            real.clockMs(),
            real.clockNs(),
            throwing("growth", real.growth()),
            throwing("background", real.background()),
            true));
  }

  /** A call that may fail, in a way that its contract knows. */
  @FunctionalInterface
  private interface Call {
    void run() throws Exception;
  }

  private void mayFail(String what, Call call) throws Exception {
    try {
      call.run();
    } catch (TimeoutException e) {
      throw new AssertionError(what + " hangs", e);
    } catch (Throwable e) {
      Throwable cause = e.getCause();
      Throwable seen = e instanceof ExecutionException && cause != null ? cause : e;
      boolean typed = planned.equals(seen) || seen instanceof StoreException;
      if (!typed && !planned.equals(seen.getCause())) {
        throw new AssertionError(what + " failed in a way that nobody planned", e);
      }
    }
  }

  private static void commit(DataFileStore store, int number, MemorySegment value) {
    try (Epoch epoch = store.beginEpoch()) {
      epoch.put(new BlobId(1, number), value);
      epoch.commit();
    }
  }

  private static void listen(DataFileStore store, MemorySegment value) throws Exception {
    CountDownLatch told = new CountDownLatch(1);
    try (Epoch epoch = store.beginEpoch()) {
      epoch.put(new BlobId(1, 1), value);
      epoch.commit(
          new AckListener() {
            @Override
            public void onDurable(
                long number, int puts, int putsFlushed, int deletes, int deletesApplied) {
              told.countDown();
            }

            @Override
            public void onFailed(StoreException failure) {
              told.countDown();
            }
          });
    }
    if (!told.await(HANG_S, TimeUnit.SECONDS)) {
      throw new TimeoutException();
    }
  }

  private static void getAll(DataFileStore store, @Nullable AtomicInteger failures) {
    List<BlobId> ids = new ArrayList<>();
    for (int i = 0; i < BLOBS; i++) {
      ids.add(new BlobId(1, i));
    }
    store.getAll(
        ids,
        new BatchVisitor() {
          @Override
          public void onBlob(int index, BlobId id, MemorySegment value) {}

          @Override
          public void onFailed(int index, BlobId id, StoreException failure) {
            if (failures == null) {
              throw failure;
            }
            failures.incrementAndGet();
          }
        });
  }

  private void life(DataFileStore store) throws Exception {
    MemorySegment value = longValue.asSlice(0, 5000);
    for (int round = 0; round < 2; round++) {
      mayFail("commit", () -> commit(store, 0, value));
      mayFail(
          "commitAsync",
          () -> {
            CompletableFuture<?> future;
            try (Epoch epoch = store.beginEpoch()) {
              epoch.put(new BlobId(1, 2), value);
              future = epoch.commitAsync();
            }
            future.get(HANG_S, TimeUnit.SECONDS);
          });
      mayFail("commit with a listener", () -> listen(store, value));
      mayFail("put of a long value", () -> commit(store, 3, longValue));
      mayFail(
          "put of a long value, later",
          () -> {
            CompletableFuture<?> future;
            try (Epoch epoch = store.beginEpoch()) {
              epoch.put(new BlobId(1, 3), longValue);
              future = epoch.commitAsync();
            }
            future.get(HANG_S, TimeUnit.SECONDS);
          });
      mayFail("get", () -> store.get(new BlobId(1, 4), target));
      mayFail(
          "getAsync",
          () -> {
            store.getAsync(new BlobId(1, 5), target).get(HANG_S, TimeUnit.SECONDS);
          });
      mayFail("getAll", () -> getAll(store, new AtomicInteger()));
      mayFail(
          "get on a virtual thread",
          () -> {
            CompletableFuture<Long> got = new CompletableFuture<>();
            Thread.startVirtualThread(() -> {
              try {
                got.complete(store.get(new BlobId(1, 6), target));
              } catch (Throwable e) {
                got.completeExceptionally(e);
              }
            });
            got.get(HANG_S, TimeUnit.SECONDS);
          });
      mayFail(
          "lease",
          () -> {
            try (BlobLease lease = store.get(new BlobId(1, 7))) {
              assertThat(lease).isNotNull();
            }
          });
      mayFail(
          "snapshot",
          () -> {
            try (Snapshot snapshot = store.snapshot()) {
              snapshot.get(new BlobId(1, 8), target);
            }
          });
    }
    mayFail("verify", () -> store.verify(VerifyListener.NONE));
    mayFail("vacuum", () -> store.vacuum(VacuumOptions.DEFAULTS, VacuumListener.NONE));
  }

  private void check(DataFileStore store) throws Exception {
    callsLeft.set(Integer.MAX_VALUE);
    if (!store.stats().failed()) {
      commit(store, 0, longValue.asSlice(0, 100));
      getAll(store, null);
      assertThat(store.getAsync(new BlobId(1, 0), target).get(HANG_S, TimeUnit.SECONDS))
          .isEqualTo(100);
    }
    StoreStats stats = store.stats();
    assertThat(stats.openLeases()).as("leases").isZero();
    assertThat(stats.openEpochs()).as("epochs").isZero();
    assertThat(stats.snapshots()).as("snapshots").isZero();
    assertThat(stats.poolFreeBytes()).as("pool").isEqualTo(stats.poolBytes());
    assertThat(stats.epochFileBytes()).as("held").isZero();
  }

  private void liveWith(String what) throws Exception {
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    Thread thread =
        new Thread(() -> {
          try (DataFileStore store = open()) {
            for (int i = 0; i < BLOBS; i++) {
              commit(store, i, longValue.asSlice(0, 3000 + i));
            }
            method = what;
            life(store);
            check(store);
          } catch (Throwable e) {
            failure.set(e);
          }
        });
    thread.setDaemon(true);
    thread.start();
    thread.join(TimeUnit.SECONDS.toMillis(2 * HANG_S));
    if (thread.isAlive()) {
      throw new AssertionError("it hangs:\n" + Arrays.toString(thread.getStackTrace()));
    }
    if (failure.get() != null) {
      throw new AssertionError(what + ", " + planned, failure.get());
    }
  }

  /** A task may be half done then: its requester is told, whichever thread did it (L19). */
  @Test
  void shouldPoisonTheStoreWhenATaskOfTheRoleBreaksOff() throws Exception {
    for (boolean onIoThread : new boolean[] {false, true}) {
      try (DataFileStore store = open()) {
        CountDownLatch holding = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        if (onIoThread) {
          try (Epoch epoch = store.beginEpoch()) {
            epoch.put(new BlobId(1, 1), longValue);
            epoch.commit(holdingTheIoThread(holding, goOn));
          }
          holding.await();
        }
        CompletableFuture<Void> asked =
            CompletableFuture.runAsync(
                () ->
                    store.performWithRole(() -> {
                      throw new OutOfMemoryError("planned");
                    }),
                task -> Thread.ofPlatform().daemon().start(task));
        if (onIoThread) {
          assertThat(asked).isNotDone();
          goOn.countDown();
        }
        assertThatThrownBy(() -> asked.get(HANG_S, TimeUnit.SECONDS))
            .hasCauseInstanceOf(StoreFailedException.class);
        assertThat(store.stats().failed()).isTrue();
        assertThatThrownBy(() -> commit(store, 2, longValue))
            .isInstanceOf(StoreFailedException.class);
      }
    }
  }

  private static AckListener holdingTheIoThread(CountDownLatch holding, CountDownLatch goOn) {
    return new AckListener() {
      @Override
      public void onDurable(
          long epoch, int putsTotal, int putsFlushed, int deletesTotal, int deletesApplied) {
        holding.countDown();
        try {
          goOn.await();
        } catch (InterruptedException e) {
          throw new AssertionError(e);
        }
      }

      @Override
      public void onFailed(StoreException failure) {
        throw new AssertionError(failure);
      }
    };
  }

  /** The I/O thread has no queue then, and the thread that opens the store waits for it. */
  @Test
  void shouldThrowWhatTheIoThreadThrewWhenItStarted() {
    for (Throwable one :
        List.of(new OutOfMemoryError("planned"), new IllegalStateException("planned"))) {
      method = "disk.openQueue";
      planned = one;
      callsLeft.set(1);
      assertThatThrownBy(this::open).isSameAs(one);
    }
  }

  private void throwAt(String what, int times) throws Exception {
    for (Throwable one :
        List.of(new OutOfMemoryError("planned"), new IllegalStateException("planned"))) {
      for (int time = 1; time <= times; time++) {
        method = "";
        planned = one;
        callsLeft.set(time);
        liveWith(what);
      }
    }
    assertThat(thrown).as("thrown").hasPositiveValue();
  }

  @ParameterizedTest
  @MethodSource("methods")
  @Tag("campaign")
  void shouldHangAndLeakNothing(String what) throws Exception {
    throwAt(what, 1);
  }

  @Tag("campaign")
  @ParameterizedTest
  @MethodSource("methods")
  void shouldHangAndLeakNothingLater(String what) throws Exception {
    throwAt(what, Campaign.count("test.thrown.calls", 2));
  }
}
