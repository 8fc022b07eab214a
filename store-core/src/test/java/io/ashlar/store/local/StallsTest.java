package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.AckListener;
import io.ashlar.store.Admission;
import io.ashlar.store.BackPressureTimeoutException;
import io.ashlar.store.BlobId;
import io.ashlar.store.Epoch;
import io.ashlar.store.StallCause;
import io.ashlar.store.StallStats;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.disk.DiskEvent;
import io.ashlar.store.disk.InjectedFailure.Kind;
import io.ashlar.store.disk.SimulatedDisk;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Every commit of more than a millisecond is counted under what it waited for. The test owns the
 * clock, so each delay is exact.
 */
@Timeout(120)
class StallsTest {

  private static final long MS = 1_000_000;
  private static final long SUPERBLOCK_BYTES = 2 * 4096;
  private static final StoreConfig CONFIG = StoreLife.CONFIG.withGroupBytesMax(1 << 20);

  private final SimulatedDisk disk = new SimulatedDisk();
  private final AtomicLong clockNs = new AtomicLong();
  private final Deque<Runnable> steps = new ArrayDeque<>();
  private final Arena arena = Arena.ofConfined();
  private long tickNs; // by which the clock goes on whenever it is read
  private long growthNs; // how long a growth takes; refused if negative
  private @Nullable DataFileStore opened;

  @AfterEach
  void close() {
    arena.close();
    if (opened != null) {
      growthNs = 0;
      steps.forEach(Runnable::run);
      opened.close();
    }
  }

  private DataFileStore open(StoreConfig config) {
    SplittableRandom ids = new SplittableRandom(1);
    DataFileStore store =
        StoreOpening.open(
            "simulated",
            disk,
            config,
            new StoreEnvironment(
                ids::nextLong,
                () -> 1_000_000L,
                () -> clockNs.addAndGet(tickNs),
                this::grow,
                steps::add,
                false));
    opened = store;
    return store;
  }

  private void grow(Runnable task) {
    if (growthNs < 0) {
      throw new RejectedExecutionException("refused by a test");
    }
    clockNs.addAndGet(growthNs);
    task.run();
  }

  private void pass(long ns) {
    clockNs.addAndGet(ns);
  }

  private Epoch epoch(DataFileStore store, int id, int bytes) {
    Epoch epoch = store.beginEpoch();
    epoch.put(new BlobId(7, id), arena.allocate(bytes, 4096));
    return epoch;
  }

  private void commit(DataFileStore store, int id, int bytes) {
    try (Epoch epoch = epoch(store, id, bytes)) {
      long _ = epoch.commit();
    }
  }

  private CompletableFuture<?> queue(DataFileStore store, int id) {
    return epoch(store, id, 4096).commitAsync();
  }

  /** Checks that there was one stall, all of which had one cause. */
  private static void assertOneStall(DataFileStore store, StallCause cause, long ns) {
    List<StallStats> stalls = store.stats().stalls();
    assertThat(stalls).extracting(StallStats::cause).containsExactly(StallCause.values());
    assertThat(stalls)
        .filteredOn(stall -> stall.count() > 0 || stall.totalNs() > 0)
        .containsExactly(new StallStats(cause, 1, ns, ns));
  }

  @Test
  void shouldCountNoStallOfCommitsThatAreFast() {
    DataFileStore store = open(CONFIG);
    disk.during(Kind.WRITE, () -> pass(MS));
    commit(store, 1, 4096);
    assertThat(store.stats().stalls())
        .allSatisfy(stall -> {
          assertThat(stall.count()).isZero();
          assertThat(stall.totalNs()).isZero();
        });
  }

  @Test
  void shouldNameASlowWrite() {
    DataFileStore store = open(CONFIG);
    disk.during(Kind.WRITE, () -> pass(5 * MS));
    commit(store, 1, 4096);
    assertOneStall(store, StallCause.WRITE, 5 * MS);
  }

  @Test
  void shouldNameASlowSync() {
    DataFileStore store = open(CONFIG);
    try (Epoch epoch = epoch(store, 1, 3 << 20)) { // streams: it is written ahead of its record
      disk.during(Kind.SYNC, () -> pass(5 * MS));
      long _ = epoch.commit();
    }
    assertOneStall(store, StallCause.SYNC, 5 * MS);
  }

  @Test
  void shouldNameSlowGrowth() {
    growthNs = -1;
    DataFileStore store = open(CONFIG);
    try (Epoch epoch = epoch(store, 1, 300 << 10)) { // more than the file has
      growthNs = 5 * MS;
      long _ = epoch.commit();
    }
    assertThat(store.stats().stalls(StallCause.GROWTH).count()).isOne();
    assertThat(store.stats().stalls(StallCause.GROWTH).totalNs()).isGreaterThanOrEqualTo(5 * MS);
  }

  /** The agent is driven after the checkpoint here, as if it were scheduled late. */
  @Test
  void shouldNotHoldTheRoleWhileACheckpointWritesASuperblock() {
    DataFileStore store = open(CONFIG);
    for (int id = 0; steps.isEmpty(); id++) {
      commit(store, id % 4, 4096);
    }
    disk.during(
        Kind.WRITE,
        () -> {
          if (disk.events().getLast() instanceof DiskEvent.Write write
              && write.offset() < SUPERBLOCK_BYTES) {
            pass(5 * MS);
          }
        });
    CompletableFuture<?> waiting = queue(store, 1);
    while (!steps.isEmpty()) {
      steps.remove().run();
    }
    assertThat(store.doWork()).isOne();
    assertThat(waiting).isCompleted();
    assertOneStall(store, StallCause.SCHEDULING, 5 * MS);
  }

  @Test
  void shouldNameAThreadThatDidNotRun() {
    DataFileStore store = open(CONFIG);
    CompletableFuture<?> waiting = queue(store, 1);
    pass(5 * MS); // the I/O thread sleeps on
    assertThat(store.doWork()).isOne();
    assertThat(waiting).isCompleted();
    assertOneStall(store, StallCause.SCHEDULING, 5 * MS);
  }

  @Test
  void shouldNotBlameTheSchedulerForTheCoalescingWindow() {
    DataFileStore store = open(CONFIG.withCoalesceWindowNs(5 * MS));
    CompletableFuture<?> waiting = queue(store, 1);
    assertThat(store.doWork()).isZero();
    pass(5 * MS);
    assertThat(store.doWork()).isOne();
    assertThat(waiting).isCompleted();
    assertOneStall(store, StallCause.ROLE, 5 * MS);
  }

  @Test
  void shouldNameAListenerThatDelaysTheOthersOfItsGroup() {
    DataFileStore store = open(CONFIG);
    epoch(store, 1, 4096).commit(new Slow());
    CompletableFuture<?> waiting = queue(store, 2);
    assertThat(store.doWork()).isEqualTo(2);
    assertThat(waiting).isCompleted();
    assertOneStall(store, StallCause.SCHEDULING, 5 * MS);
  }

  private final class Slow implements AckListener {

    @Override
    public void onDurable(
        long epoch, int putsTotal, int putsFlushed, int deletesTotal, int deletesApplied) {
      pass(5 * MS);
    }

    @Override
    public void onFailed(StoreException failure) {
      throw new AssertionError(failure);
    }
  }

  @Test
  void shouldNameTheGroupsBefore() {
    DataFileStore store = open(CONFIG.withGroupEpochsMax(1));
    disk.during(Kind.WRITE, () -> pass(700_000));
    List<CompletableFuture<?>> waiting = List.of(queue(store, 1), queue(store, 2), queue(store, 3));
    assertThat(store.doWork()).isEqualTo(3);
    assertThat(waiting).allSatisfy(future -> assertThat(future).isCompleted());
    assertThat(store.stats().stalls(StallCause.ROLE))
        .isEqualTo(new StallStats(StallCause.ROLE, 1, 2_100_000, 1_400_000));
    assertThat(store.stats().stalls(StallCause.WRITE))
        .isEqualTo(new StallStats(StallCause.WRITE, 1, 1_400_000, 700_000));
  }

  @Test
  void shouldNameASlowWriteOfTheGroupBefore() {
    DataFileStore store = open(CONFIG.withGroupEpochsMax(1));
    long[] nextNs = {5 * MS};
    disk.during(
        Kind.WRITE,
        () -> {
          pass(nextNs[0]);
          nextNs[0] = 0;
        });
    List<CompletableFuture<?>> waiting = List.of(queue(store, 1), queue(store, 2));
    assertThat(store.doWork()).isEqualTo(2);
    assertThat(waiting).allSatisfy(future -> assertThat(future).isCompleted());
    assertThat(store.stats().stalls(StallCause.WRITE))
        .isEqualTo(new StallStats(StallCause.WRITE, 2, 10 * MS, 5 * MS));
  }

  @Test
  void shouldNameAPoolThatIsFull() {
    DataFileStore store = open(CONFIG.withBackPressureTimeoutMs(1));
    try (Epoch holder = store.beginEpoch();
        Epoch epoch = store.beginEpoch()) {
      int id = 0;
      for (int bytes = 1 << 20; bytes >= 4096; bytes /= 2) {
        MemorySegment value = arena.allocate(bytes, 4096);
        while (holder.tryPut(new BlobId(7, id), value) == Admission.ACCEPTED) {
          id++;
        }
      }
      tickNs = 2 * MS;
      assertThatThrownBy(() -> epoch.put(new BlobId(8, 0), arena.allocate(4096, 4096)))
          .isInstanceOf(BackPressureTimeoutException.class);
      tickNs = 0;
    }
    assertOneStall(store, StallCause.BUFFERS, 2 * MS);
  }
}
