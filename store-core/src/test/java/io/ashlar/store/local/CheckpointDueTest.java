package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BlobId;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.Superblock;
import io.ashlar.store.format.SuperblockFormat;
import io.ashlar.store.recover.RecoveryReport;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An open takes time for each operation in the log, however short the log is. */
class CheckpointDueTest {

  private static final int OPERATIONS = 1 << 10;
  private static final int EPOCHS = 64;
  private static final StoreConfig LONG_LOG =
      StoreConfig.DEFAULTS.withCheckpointLogBytesMin(1L << 30);

  @TempDir Path folder;

  private static void commit(LocalBlobStore store, int number) {
    try (Epoch epoch = store.beginEpoch()) {
      for (int i = 0; i < OPERATIONS; i++) {
        epoch.put(new BlobId(number, i), MemorySegment.NULL);
      }
      long _ = epoch.commit();
    }
  }

  private boolean hasCheckpoint() throws IOException {
    try (FileChannel file = FileChannel.open(folder.resolve("ashlar.data"))) {
      for (int copy = 0; copy < 2; copy++) {
        byte[] block = new byte[Blocks.BYTES];
        assertThat(file.read(ByteBuffer.wrap(block), Blocks.offset(copy))).isEqualTo(block.length);
        Superblock superblock = SuperblockFormat.decode(MemorySegment.ofArray(block), copy);
        if (superblock != null && superblock.checkpointStart() != 0) {
          return true;
        }
      }
      return false;
    }
  }

  @Test
  void shouldWriteACheckpointAfterManyOperations() throws IOException, InterruptedException {
    try (LocalBlobStore store = LocalBlobStore.builder(folder).config(LONG_LOG).open()) {
      for (int number = 0; number < EPOCHS - 1; number++) {
        commit(store, number);
      }
    }
    assertThat(hasCheckpoint()).isFalse();
    // What the log had before the open counts, too.
    try (LocalBlobStore store = LocalBlobStore.builder(folder).config(LONG_LOG).open()) {
      assertThat(store.recoveryReport().replayedRecords()).isGreaterThanOrEqualTo(EPOCHS - 1);
      commit(store, EPOCHS - 1);
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
      while (!hasCheckpoint() && System.nanoTime() - deadline < 0) {
        Thread.sleep(20);
      }
      assertThat(hasCheckpoint()).isTrue();
    }
    try (LocalBlobStore store = LocalBlobStore.builder(folder).config(LONG_LOG).open()) {
      RecoveryReport report = store.recoveryReport();
      assertThat(report.checkpointEntries()).isEqualTo((long) EPOCHS * OPERATIONS);
      assertThat(report.replayedRecords()).isLessThan(EPOCHS);
      assertThat(store.stats().blobs()).isEqualTo((long) EPOCHS * OPERATIONS);
    }
  }
}
