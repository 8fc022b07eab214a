package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BlobId;
import io.ashlar.store.Epoch;
import io.ashlar.store.RecoveryReport;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.disk.SimulatedDisk;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** An open takes time for each operation in the log, however short the log is. */
class CheckpointDueTest {

  static final int OPERATIONS = 1 << 10; // of an epoch
  static final int EPOCHS = 64; // whose operations make a checkpoint due
  private static final int OPENED_RECORDS = 256;
  private static final StoreConfig LONG_LOG =
      StoreConfig.DEFAULTS.withCheckpointLogBytesMin(1L << 30);

  private SimulatedDisk disk = new SimulatedDisk();

  private StoreLife.Opened open(long seed) {
    disk = SimulatedDisk.of(disk.image());
    return StoreLife.openOn(disk, LONG_LOG, seed);
  }

  static void commit(LocalBlobStore store, int number) {
    try (Epoch epoch = store.beginEpoch()) {
      for (int i = 0; i < OPERATIONS; i++) {
        epoch.put(new BlobId(number, i), MemorySegment.NULL);
      }
      long _ = epoch.commit();
    }
  }

  @Test
  void shouldWriteACheckpointAfterManyOperations() {
    try (StoreLife.Opened opened = open(1)) {
      for (int number = 0; number < EPOCHS - 1; number++) {
        commit(opened.store(), number);
      }
      assertThat(opened.steps()).isEmpty();
    }
    try (StoreLife.Opened opened = open(2)) {
      assertThat(opened.store().recoveryReport().replayedRecords()).isGreaterThan(EPOCHS - 2);
      assertThat(opened.steps()).as("the next open should not replay that again").isNotEmpty();
      opened.runSteps();
      for (int number = 0; number < EPOCHS - 1; number++) {
        commit(opened.store(), number);
      }
      assertThat(opened.steps()).isEmpty();
      commit(opened.store(), EPOCHS - 1);
      assertThat(opened.steps()).as("another").isNotEmpty();
      opened.runSteps();
    }
    try (StoreLife.Opened opened = open(3)) {
      RecoveryReport report = opened.store().recoveryReport();
      assertThat(report.checkpointEntries()).isEqualTo((long) EPOCHS * OPERATIONS);
      assertThat(opened.store().stats().blobs()).isEqualTo((long) EPOCHS * OPERATIONS);
      assertThat(opened.steps()).as("nothing to speak of was replayed").isEmpty();
    }
  }

  private static void commitSmall(LocalBlobStore store, int epochs) {
    for (int i = 0; i < epochs; i++) {
      try (Epoch epoch = store.beginEpoch()) {
        epoch.delete(new BlobId(0, i));
        long _ = epoch.commit();
      }
    }
  }

  @Test
  void shouldCountWhatWasInTheLogAtOpen() {
    try (StoreLife.Opened opened = open(1)) {
      for (int number = 0; number < EPOCHS / 8; number++) {
        commit(opened.store(), number);
      }
    }
    try (StoreLife.Opened opened = open(2)) {
      for (int number = EPOCHS / 8; number < EPOCHS - 1; number++) {
        commit(opened.store(), number);
      }
      assertThat(opened.steps()).isEmpty();
      commit(opened.store(), EPOCHS - 1);
      assertThat(opened.steps()).as("index checkpoint").isNotEmpty();
    }
  }

  @Test
  void shouldWriteACheckpointAfterAnOpenThatReplayedManyRecords() {
    try (StoreLife.Opened opened = open(1)) {
      commitSmall(opened.store(), OPENED_RECORDS);
      assertThat(opened.steps()).isEmpty();
    }
    try (StoreLife.Opened opened = open(2)) {
      assertThat(opened.store().recoveryReport().replayedRecords())
          .isGreaterThanOrEqualTo(OPENED_RECORDS);
      assertThat(opened.steps()).as("index checkpoint").isNotEmpty();
      opened.runSteps();
      commitSmall(opened.store(), OPENED_RECORDS / 2);
    }
    try (StoreLife.Opened opened = open(3)) {
      assertThat(opened.store().recoveryReport().replayedRecords()).isLessThan(OPENED_RECORDS);
      assertThat(opened.steps()).isEmpty();
    }
  }
}
