package io.ashlar.store.recover;

import io.ashlar.store.checkpoint.RecordLedger;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.SideTask;
import io.ashlar.store.format.Superblock;
import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.index.OperationApplier;
import io.ashlar.store.index.OperationBatch;
import io.ashlar.store.spi.BackgroundWork;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/**
 * Replays the log after an index checkpoint on a thread of its own, which starts before the
 * checkpoint is read. It reads and checks records while another thread loads the checkpoint. Once
 * the checkpoint is loaded, it applies their operations.
 *
 * <pre>
 *   reading ──indexIsLoaded──▶ applying, and reading on ──▶ done
 *      └── close, the checkpoint being damaged ──▶ given up: the index was never touched
 * </pre>
 *
 * <p>Thread: the one that opens the store. The index belongs to it until {@link #indexIsLoaded} and
 * again after {@link #await}.
 */
final class EarlyReplay implements AutoCloseable {

  private final RecordLedger records = new RecordLedger();
  private final Object lock = new Object();
  private @Nullable Boolean loaded; // null while it is being loaded; guarded by lock
  private final SideTask<LogReplay> replay;

  /** Begins to replay; {@code toWrite} as {@link LogReplay}'s. */
  EarlyReplay(
      Disk disk,
      long fileBlocks,
      Superblock superblock,
      BlobIndex index,
      OperationApplier applier,
      boolean toWrite) {
    OperationBatch batch = new OperationBatch(index, applier, this::awaitIndex);
    replay =
        new SideTask<>(
            "ashlar-replay", () -> run(disk, fileBlocks, superblock, batch, records, toWrite));
  }

  private static LogReplay run(
      Disk disk,
      long fileBlocks,
      Superblock superblock,
      OperationBatch batch,
      RecordLedger records,
      boolean toWrite) {
    try (LogReader reader = new LogReader(disk, fileBlocks);
        BlobCheck blobs = new BlobCheck(disk, BackgroundWork.UNPACED)) {
      LogReplay replay =
          new LogReplay(reader, blobs, superblock, batch, records, fileBlocks, toWrite);
      replay.run();
      return replay;
    }
  }

  private void awaitIndex() {
    synchronized (lock) {
      while (loaded == null) {
        try {
          lock.wait();
        } catch (InterruptedException e) {
          throw new IllegalStateException("this thread is never interrupted", e);
        }
      }
      if (!loaded) {
        throw new CancellationException("the index checkpoint could not be loaded");
      }
    }
  }

  private void setLoaded(boolean isLoaded) {
    synchronized (lock) {
      if (loaded == null) {
        loaded = isLoaded;
        lock.notifyAll();
      }
    }
  }

  /** Hands the index over once the checkpoint has been loaded. */
  void indexIsLoaded() {
    setLoaded(true);
  }

  /**
   * Waits for the end of the log, and takes the index back.
   *
   * @param ledger receives the records that were applied.
   * @return the finished replay; do not call its methods that replay.
   */
  LogReplay await(RecordLedger ledger) {
    LogReplay done = replay.await();
    records.forEach(ledger::add);
    return done;
  }

  /** Waits until its thread no longer reads from the disk or changes the index. */
  @Override
  public void close() {
    setLoaded(false);
    replay.close();
  }
}
