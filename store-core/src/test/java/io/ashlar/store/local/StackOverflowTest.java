package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.AckListener;
import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.Campaign;
import io.ashlar.store.CommitReport;
import io.ashlar.store.Epoch;
import io.ashlar.store.ReadListener;
import io.ashlar.store.Snapshot;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.StoreStats;
import io.ashlar.store.VacuumListener;
import io.ashlar.store.VacuumOptions;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.VerifyOptions;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every call is made near the end of the stack, at one depth after another: it overflows before it
 * has taken anything, or does all of its work. Nothing is lost, nothing leaks, nothing hangs (G10).
 */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class StackOverflowTest {

  private static final StoreConfig CONFIG =
      StoreConfig.DEFAULTS
          .withPoolBytes(8 << 20)
          .withInitialFileBytes(4 << 20)
          .withGrowthBytesMin(1 << 20);
  private static final long STACK_BYTES = 256 << 10;
  private static final int BLOBS = 20;
  private static final int VALUE_BYTES = 5000;
  private static final long HANG_S = 30;

  @TempDir Path folder;

  private final Arena arena = Arena.ofAuto();
  private final MemorySegment target = arena.allocate(1 << 20, 4096);
  private final MemorySegment value = arena.allocate(VALUE_BYTES, 4096);
  private final MemorySegment longValue = arena.allocate(1 << 20, 4096);
  private final Map<String, Operation> operations = new LinkedHashMap<>();
  private final List<CompletableFuture<?>> futures = new ArrayList<>();
  private final AtomicInteger told = new AtomicInteger();
  private int toTell;
  private long acknowledged;
  private long written;

  /** A call, or a few that belong together. */
  @FunctionalInterface
  private interface Operation {
    void run() throws Exception;
  }

  private final class Told implements AckListener, ReadListener {
    @Override
    public void onDurable(
        long epoch, int putsTotal, int putsFlushed, int deletesTotal, int deletesApplied) {
      told.incrementAndGet();
    }

    @Override
    public void onFailed(StoreException failure) {
      told.incrementAndGet();
    }

    @Override
    public void onRead(BlobId id, long length) {
      told.incrementAndGet();
    }

    @Override
    public void onFailed(BlobId id, RuntimeException failure) {
      told.incrementAndGet();
    }
  }

  private static final BatchVisitor VISITOR =
      new BatchVisitor() {
        @Override
        public void onBlob(int index, BlobId id, MemorySegment shown) {}

        @Override
        public void onFailed(int index, BlobId id, StoreException failure) {
          throw failure;
        }
      };

  private static BlobId id(int number) {
    return new BlobId(1, number % BLOBS);
  }

  /** Puts what tells how far the writes have come. */
  private void put(Epoch epoch) {
    value.set(ValueLayout.JAVA_LONG, 0, written + 1);
    epoch.put(id(0), value);
    written++;
  }

  /** What is begun is ended at the same depth: that must always be possible. */
  private static void close(AutoCloseable handle) throws Exception {
    try {
      handle.close();
    } catch (StackOverflowError e) {
      throw new AssertionError("what was begun here cannot be ended here: " + handle.getClass(), e);
    }
  }

  private void defineOperations(LocalBlobStore store) {
    List<BlobId> ids = new ArrayList<>();
    for (int i = 0; i < BLOBS; i++) {
      ids.add(id(i));
    }
    Told listener = new Told();
    operations.put(
        "commit",
        () ->
            inEpoch(
                store,
                epoch -> {
                  put(epoch);
                  epoch.commit();
                  acknowledged = written;
                }));
    operations.put(
        "commitAsync",
        () ->
            inEpoch(
                store,
                epoch -> {
                  put(epoch);
                  CompletableFuture<CommitReport> future = epoch.commitAsync();
                  futures.add(future);
                }));
    operations.put(
        "commitListener",
        () ->
            inEpoch(
                store,
                epoch -> {
                  put(epoch);
                  epoch.commit(listener);
                  toTell++;
                }));
    operations.put(
        "tryCommit",
        () ->
            inEpoch(
                store,
                epoch -> {
                  put(epoch);
                  toTell += epoch.tryCommit(listener).ordinal() == 0 ? 1 : 0;
                }));
    operations.put(
        "claim",
        () ->
            inEpoch(
                store,
                epoch -> {
                  MemorySegment claim = epoch.claim(id(2), 9000);
                  MemorySegment other = epoch.tryClaim(id(3), 70000);
                  epoch.delete(id(3));
                  epoch.finish(claim);
                  epoch.tryPut(id(4), value);
                  assertThat(other).isNotNull();
                  epoch.commit();
                }));
    operations.put(
        "putChannel",
        () ->
            inEpoch(
                store,
                epoch -> {
                  epoch.put(
                      id(5),
                      Channels.newChannel(new ByteArrayInputStream(new byte[30_000])),
                      30_000);
                  epoch.commit();
                }));
    operations.put(
        "putLong",
        () ->
            inEpoch(
                store,
                epoch -> {
                  for (int i = 0; i < 4; i++) {
                    epoch.put(
                        id(6 + i), longValue); // more than the pool's share: some are written ahead
                  }
                  epoch.delete(id(6));
                  epoch.delete(id(7));
                  epoch.delete(id(8));
                  epoch.delete(id(9));
                  epoch.commit();
                }));
    operations.put("giveUp", () -> inEpoch(store, EpochCall.NOTHING));
    operations.put(
        "lease",
        () -> {
          BlobLease lease = store.get(id(0));
          if (lease != null) {
            close(lease);
          }
        });
    operations.put("get", () -> store.get(id(1), target));
    operations.put("getRange", () -> store.get(id(1), 100, 1000, target));
    operations.put("getHeap", () -> store.get(id(1), MemorySegment.ofArray(new byte[VALUE_BYTES])));
    operations.put(
        "getChannel", () -> store.get(id(1), Channels.newChannel(OutputStream.nullOutputStream())));
    operations.put(
        "getAsync",
        () -> {
          CompletableFuture<Long> future = store.getAsync(id(1), target);
          futures.add(future);
        });
    operations.put(
        "getAsyncListener",
        () -> {
          store.getAsync(id(1), target, listener);
          toTell++;
        });
    operations.put("getAll", () -> store.getAll(ids, VISITOR));
    operations.put(
        "lookUp",
        () -> {
          store.contains(id(1));
          store.length(id(1));
          store.durableEpoch();
          store.awaitDurable(1);
          store.stats();
        });
    operations.put("forEach", () -> store.forEach((idHigh, idLow, length, here) -> {}));
    operations.put(
        "snapshot",
        () -> {
          Snapshot snapshot = store.snapshot();
          try {
            snapshot.get(id(1), target);
            BlobLease lease = snapshot.get(id(0));
            if (lease != null) {
              close(lease);
            }
            snapshot.length(id(1));
          } finally {
            close(snapshot);
          }
        });
    operations.put("verify", () -> store.verify(VerifyOptions.DEFAULTS, VerifyListener.NONE));
    operations.put("vacuum", () -> store.vacuum(VacuumOptions.DEFAULTS, VacuumListener.NONE));
  }

  @FunctionalInterface
  private interface EpochCall {
    EpochCall NOTHING = epoch -> {};

    void run(Epoch epoch) throws IOException;
  }

  private static void inEpoch(LocalBlobStore store, EpochCall call) throws Exception {
    Epoch epoch = store.beginEpoch();
    try {
      call.run(epoch);
    } finally {
      close(epoch);
    }
  }

  // ---- the end of the stack

  /** What is done near the end of the stack, and whether it overflowed. */
  private static final class Probe {
    private final Operation work;
    private boolean overflowed;

    Probe(Operation work) {
      this.work = work;
    }

    private void run() {
      try {
        work.run();
      } catch (StackOverflowError e) {
        overflowed = true;
      } catch (RuntimeException | Error e) {
        throw e;
      } catch (Exception e) {
        throw new AssertionError(e);
      }
    }

    /**
     * Fills the stack, then does the work so many frames above its end: exactly there, however long
     * the compiler makes a frame meanwhile.
     *
     * @return how many frames it is up to where the work is done.
     */
    @SuppressWarnings("InfiniteRecursion") // that is what it is for
    private int fill(int frames) {
      int left = frames;
      try {
        left = fill(frames);
      } catch (StackOverflowError e) {
        // this is the end
      }
      if (left == 0) {
        run();
      }
      return left - 1;
    }

    /** Returns whether the work fits there. */
    boolean fits(int frames) {
      overflowed = false;
      int _ = fill(frames);
      return !overflowed;
    }
  }

  /**
   * Makes a call at many depths, from the end of the stack up to where it fits, and there again.
   *
   * @return how often it overflowed.
   */
  private static int sweep(Operation operation, int steps) {
    Probe probe = new Probe(operation);
    int frames = 64;
    int overflowed = 0;
    while (!probe.fits(frames)) {
      frames += frames / 4;
      overflowed++;
    }
    for (int step = 0; step < steps; step++) {
      overflowed += probe.fits(frames + frames / 4 - (int) ((long) frames * step / steps)) ? 0 : 1;
    }
    return overflowed;
  }

  private static void onThreadWithLittleStack(Callable<@Nullable Void> work) throws Exception {
    AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
    Thread thread =
        new Thread(
            null,
            () -> {
              try {
                work.call();
              } catch (Throwable e) {
                thrown.set(e);
              }
            },
            "near-the-end",
            STACK_BYTES);
    thread.setDaemon(true);
    thread.start();
    thread.join(TimeUnit.SECONDS.toMillis(HANG_S));
    if (thread.isAlive()) {
      AssertionError hang = new AssertionError("a call hangs");
      hang.setStackTrace(
          Arrays.stream(thread.getStackTrace())
              .filter(frame -> !frame.getMethodName().equals("fill"))
              .toArray(StackTraceElement[]::new));
      throw hang;
    }
    if (thrown.get() != null) {
      throw new AssertionError(thrown.get());
    }
  }

  @ParameterizedTest
  @EnumSource(StoreConfig.Engine.class)
  @Tag("campaign")
  void shouldTakeNothingWhereTheStackEnds(StoreConfig.Engine engine) throws Exception {
    sweepAll(engine, 8);
  }

  @Tag("campaign")
  @Timeout(value = 3600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  @ParameterizedTest
  @EnumSource(StoreConfig.Engine.class)
  void shouldTakeNothingAtAnyDepth(StoreConfig.Engine engine) throws Exception {
    sweepAll(engine, Campaign.count("test.stack.depths", 20));
  }

  private void sweepAll(StoreConfig.Engine engine, int steps) throws Exception {
    StoreConfig config = CONFIG.withEngine(engine);
    try (LocalBlobStore store = LocalBlobStore.builder(folder).config(config).open()) {
      try (Epoch epoch = store.beginEpoch()) {
        for (int i = 0; i < BLOBS; i++) {
          epoch.put(id(i), value);
        }
        epoch.commit();
      }
      defineOperations(store);
      for (Map.Entry<String, Operation> one : operations.entrySet()) {
        one.getValue().run(); // classes are loaded where there is room for that
        int[] overflowed = new int[1];
        onThreadWithLittleStack(() -> {
          overflowed[0] = sweep(one.getValue(), steps);
          return null;
        });
        assertThat(overflowed[0]).as(one.getKey()).isPositive();
        check(store, one.getKey());
      }
      for (Operation operation : operations.values()) {
        operation.run();
      }
      check(store, "all again");
    }
    try (LocalBlobStore store = LocalBlobStore.builder(folder).config(config).open()) {
      assertThat(store.get(id(0), target)).isEqualTo(VALUE_BYTES);
      assertThat(target.get(ValueLayout.JAVA_LONG, 0)).isBetween(acknowledged, written);
      assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
    }
  }

  private void check(LocalBlobStore store, String what) throws Exception {
    for (CompletableFuture<?> future : futures) {
      future.get(HANG_S, TimeUnit.SECONDS);
    }
    futures.clear();
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(HANG_S);
    while (told.get() < toTell && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
    assertThat(told).as(what).hasValue(toTell);
    // What a listener is told comes a moment before the buffer goes back.
    while (store.stats().openEpochs() > 0 && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
    StoreStats stats = store.stats();
    assertThat(stats.failed()).as(what).isFalse();
    assertThat(stats.openEpochs()).as(what).isZero();
    assertThat(stats.openLeases()).as(what).isZero();
    assertThat(stats.snapshots()).as(what).isZero();
    assertThat(stats.poolFreeBytes()).as(what).isEqualTo(stats.poolBytes());
    assertThat(stats.epochFileBytes()).as(what).isZero();
  }
}
