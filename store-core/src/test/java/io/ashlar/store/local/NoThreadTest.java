package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobId;
import io.ashlar.store.Epoch;
import io.ashlar.store.StorageFullException;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.disk.SimulatedDisk;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.SplittableRandom;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** G7, G10: where the process may start no more threads, what needs one fails or waits, no more. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class NoThreadTest {

  private static final int EPOCHS = CheckpointDueTest.EPOCHS;
  private static final StoreConfig CONFIG =
      StoreConfig.DEFAULTS
          .withPoolBytes(4 << 20)
          .withInitialFileBytes(1 << 20)
          .withGrowthBytesMin(1 << 20)
          .withCheckpointLogBytesMin(1L << 30);

  private SimulatedDisk disk = new SimulatedDisk();
  private final Deque<Runnable> steps = new ArrayDeque<>();
  private boolean grows = true;
  private boolean hasThreads = true;

  private StoreLife.Opened open(long seed) {
    SplittableRandom ids = new SplittableRandom(seed);
    disk = SimulatedDisk.of(disk.image());
    Executor growth =
        task -> {
          requireThread(grows);
          task.run();
        };
    Executor background =
        task -> {
          requireThread(hasThreads);
          steps.add(task);
        };
    DataFileStore store =
        StoreOpening.open(
            "test",
            disk,
            CONFIG,
            new StoreEnvironment(ids::nextLong, () -> 1L, () -> 0L, growth, background, false));
    return new StoreLife.Opened(store, new AtomicLong(), steps);
  }

  private static void requireThread(boolean there) {
    if (!there) {
      throw new RejectedExecutionException("no thread could be started: thread=test");
    }
  }

  private static void put(DataFileStore store, int number) {
    try (Epoch epoch = store.beginEpoch()) {
      epoch.put(new BlobId(1, number), MemorySegment.ofArray(new byte[256 << 10]));
      long _ = epoch.commit();
    }
  }

  private static void fill(DataFileStore store) {
    for (int number = 0; number < EPOCHS; number++) {
      CheckpointDueTest.commit(store, number);
    }
  }

  @Test
  void shouldFailWhatNeedsTheFileToGrowAndGoOn() {
    try (StoreLife.Opened opened = open(1)) {
      DataFileStore store = opened.store();
      put(store, 0);
      grows = false;
      assertThatThrownBy(
              () -> {
                for (int number = 1; number < 64; number++) {
                  put(store, number);
                }
              })
          .isInstanceOf(StorageFullException.class)
          .hasMessageContaining("growth=")
          .hasMessageContaining("no thread could be started");
      assertThat(store.contains(new BlobId(1, 0))).isTrue();
      try (Epoch epoch = store.beginEpoch()) {
        epoch.delete(new BlobId(1, 0));
        long _ = epoch.commit();
      }
      grows = true;
      for (int number = 64; number < 80; number++) {
        put(store, number);
      }
      assertThat(store.contains(new BlobId(1, 79))).isTrue();
      grows = false;
    }
  }

  @Test
  void shouldPutACheckpointOffThatNoThreadCanWrite() {
    try (StoreLife.Opened opened = open(1)) {
      DataFileStore store = opened.store();
      hasThreads = false;
      fill(store);
      assertThat(steps).isEmpty();
    }
    hasThreads = true;
    try (StoreLife.Opened opened = open(2)) {
      DataFileStore store = opened.store();
      assertThat(store.recoveryReport().replayedRecords()).isGreaterThanOrEqualTo(EPOCHS);
      assertThat(store.recoveryReport().checkpointEntries()).isZero();
    }
  }

  @Test
  void shouldGoOnWithACheckpointOnTheThreadThatThereIs() {
    try (StoreLife.Opened opened = open(1)) {
      DataFileStore store = opened.store();
      fill(store);
      assertThat(steps).hasSize(1);
      hasThreads = false;
      steps.remove().run();
      assertThat(steps).isEmpty();
    }
    hasThreads = true;
    try (StoreLife.Opened opened = open(2)) {
      DataFileStore store = opened.store();
      assertThat(store.recoveryReport().checkpointEntries())
          .isEqualTo((long) EPOCHS * CheckpointDueTest.OPERATIONS);
    }
  }
}
