package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BlobId;
import io.ashlar.store.CommitReport;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.disk.SimulatedDisk;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a commit meets at its edges: a store that closes, a reader that looks, a record's bound. */
@Timeout(60)
class CommitEdgesTest {

  private static final StoreConfig CONFIG =
      StoreConfig.DEFAULTS.withPoolBytes(4 << 20).withInitialFileBytes(1 << 20);
  private static final MemorySegment EMPTY = MemorySegment.NULL;

  private static DataFileStore open(StoreConfig config) {
    return StoreOpening.open("test", new SimulatedDisk(), config, StoreEnvironment.system());
  }

  private static CompletableFuture<CommitReport> commit(
      DataFileStore store, int high, int operations) {
    try (Epoch epoch = store.beginEpoch()) {
      for (int i = 0; i < operations; i++) {
        epoch.put(new BlobId(high, i), EMPTY);
      }
      return epoch.commitAsync();
    }
  }

  /** G10: what the I/O thread has not seen yet when it is asked to end. */
  @Test
  void shouldCommitWhatIsQueuedBeforeCloseReturns() {
    List<CompletableFuture<CommitReport>> commits = new ArrayList<>();
    try (DataFileStore store = StoreLife.openOn(new SimulatedDisk(), CONFIG, 1).store()) {
      for (int i = 0; i < 3; i++) {
        commits.add(commit(store, i, 1));
      }
      assertThat(commits).noneMatch(CompletableFuture::isDone);
    }
    assertThat(commits).allMatch(one -> one.isDone() && !one.isCompletedExceptionally());
  }

  /** G3: a thread that sees an epoch as durable also sees what it put. */
  @Test
  @Tag("campaign")
  void shouldShowAnEpochBeforeItCountsAsDurable() throws InterruptedException {
    int puts = 200;
    try (DataFileStore store = open(CONFIG)) {
      AtomicBoolean stop = new AtomicBoolean();
      AtomicLong looked = new AtomicLong();
      AtomicLong missing = new AtomicLong();
      Thread reader =
          Thread.ofPlatform()
              .start(() -> {
                long seen = 0;
                while (!stop.get()) {
                  long epoch = store.durableEpoch();
                  if (epoch > seen) {
                    seen = epoch;
                    looked.incrementAndGet();
                    missing.addAndGet(store.contains(new BlobId(epoch, puts - 1)) ? 0 : 1);
                  }
                }
              });
      // Until the reader has come between often enough, whatever else runs here.
      for (int epoch = 1; epoch <= 5_000 && looked.get() < 400 && missing.get() == 0; epoch++) {
        assertThat(commit(store, epoch, puts).join().epoch()).isEqualTo(epoch);
      }
      stop.set(true);
      reader.join();
      assertThat(looked).hasPositiveValue();
      assertThat(missing).hasValue(0);
    }
  }

  /** The window is waited for, by the clock, and then ends for all that have come. */
  @Test
  void shouldWaitForCompanyUntilTheWindowEnds() {
    StoreConfig config = CONFIG.withCoalesceWindowNs(1_000).withGroupEpochsMax(3);
    try (StoreLife.Opened opened = StoreLife.openOn(new SimulatedDisk(), config, 1)) {
      DataFileStore store = opened.store();
      long before = store.stats().groups();
      List<CompletableFuture<CommitReport>> commits = new ArrayList<>();
      commits.add(commit(store, 0, 1));
      assertThat(store.doWork()).isZero();
      opened.clockNs().addAndGet(999);
      commits.add(commit(store, 1, 1));
      assertThat(store.doWork()).isZero();
      assertThat(commits).noneMatch(CompletableFuture::isDone);
      assertThat(store.verify(VerifyListener.NONE).clean()).isTrue(); // needs the commit role
      opened.clockNs().addAndGet(1);
      assertThat(store.doWork()).isEqualTo(2);
      assertThat(commits).allMatch(CompletableFuture::isDone);
      assertThat(store.stats().groups() - before).isEqualTo(1);

      for (int i = 2; i < 6; i++) {
        commits.add(commit(store, i, 1));
      }
      assertThat(store.doWork()).as("a full group waits for nothing").isEqualTo(3);
      assertThat(store.doWork()).as("the next one waits again").isZero();
    }
  }

  /** The clock goes on only when it is asked: a commit that does not wait asks some few times. */
  @Test
  void shouldWaitForCompanyInABlockingCommit() {
    long windowNs = 1_000_000;
    AtomicLong clockNs = new AtomicLong();
    StoreEnvironment system = StoreEnvironment.system();
    StoreEnvironment asked =
        new StoreEnvironment(
            system.ids(),
            system.clockMs(),
            () -> clockNs.addAndGet(windowNs / 20),
            system.growth(),
            system.background(),
            true);
    StoreConfig config = CONFIG.withCoalesceWindowNs(windowNs);
    try (DataFileStore store = StoreOpening.open("test", new SimulatedDisk(), config, asked);
        Epoch epoch = store.beginEpoch()) {
      epoch.put(new BlobId(1, 1), EMPTY);
      long before = clockNs.get();
      assertThat(epoch.commit()).isEqualTo(1);
      assertThat(clockNs.get() - before).isGreaterThanOrEqualTo(windowNs);
    }
  }

  /** A task behind an epoch ends the window: the clock stands still, so nothing else does. */
  @Test
  void shouldNotLetATaskWaitForTheWindowOfTheEpochBeforeIt() throws Exception {
    AtomicLong clockNs = new AtomicLong();
    StoreEnvironment system = StoreEnvironment.system();
    StoreEnvironment still =
        new StoreEnvironment(
            system.ids(),
            system.clockMs(),
            clockNs::get,
            system.growth(),
            system.background(),
            true);
    StoreConfig config = CONFIG.withCoalesceWindowNs(1_000_000);
    try (DataFileStore store = StoreOpening.open("test", new SimulatedDisk(), config, still);
        ExecutorService threads = Executors.newCachedThreadPool()) {
      CountDownLatch holding = new CountDownLatch(1);
      CountDownLatch goOn = new CountDownLatch(1);
      Future<?> holder =
          threads.submit(() ->
              withRole(
                  store,
                  () -> {
                    holding.countDown();
                    awaitQuietly(goOn);
                  }));
      holding.await();
      CompletableFuture<CommitReport> before = commit(store, 1, 1);
      AtomicReference<Thread> asking = new AtomicReference<>();
      Future<?> task =
          threads.submit(() -> {
            asking.set(Thread.currentThread());
            withRole(store, () -> {});
          });
      while (!isWaiting(asking.get())) {
        Thread.onSpinWait(); // until it is queued
      }
      goOn.countDown();
      holder.get();
      try {
        assertThat(task).as("the task, unless it hangs").succeedsWithin(60, TimeUnit.SECONDS);
        assertThat(before).isCompleted();
      } finally {
        clockNs.addAndGet(1_000_000_000L);
      }
    }
  }

  private static boolean isWaiting(@Nullable Thread thread) {
    return thread != null && thread.getState() == Thread.State.WAITING;
  }

  /** Does something with the commit role, and changes nothing. */
  private static void withRole(DataFileStore store, Runnable work) {
    store.performWithRole(work);
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Three epochs of the most operations do not fit into one record, and need not. */
  @Test
  void shouldCommitEpochsThatTogetherExceedARecord() {
    StoreConfig config = CONFIG.withPoolBytes(32 << 20);
    try (StoreLife.Opened opened = StoreLife.openOn(new SimulatedDisk(), config, 1)) {
      DataFileStore store = opened.store();
      List<CompletableFuture<CommitReport>> commits = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        commits.add(commit(store, i, Epoch.OPERATIONS_MAX));
      }
      long before = store.stats().groups();
      while (store.doWork() > 0) {
        // until nothing waits
      }
      assertThat(commits).allMatch(one -> one.isDone() && !one.isCompletedExceptionally());
      assertThat(store.stats().groups() - before).isGreaterThan(1);
      assertThat(store.stats().blobs()).isEqualTo(3L * Epoch.OPERATIONS_MAX);
    }
  }
}
