package io.ashlar.jmh.commit;

import io.ashlar.jmh.contest.Cell;
import io.ashlar.jmh.peer.BlobBatch;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobStore;
import io.ashlar.store.Epoch;
import io.ashlar.store.VacuumListener;
import io.ashlar.store.VacuumOptions;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Deletes some of the blobs that were put for it, and vacuums. The blobs left at the end of the
 * file move to where others were, and the file is cut.
 *
 * <p>Each slice begins with a quarter as many of these blobs as there are ids. Each step deletes
 * every second one of an eighth of them. Without any left, a step only vacuums, ten times a second.
 *
 * <p>Thread: one at a time.
 */
final class VacuumStep implements BesideWork.Step {

  private static final long ID_HIGH = 0x7661_6375;
  private static final int EPOCH_BLOBS = 64;
  private static final int PARTS = 8;
  private static final long PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(100);

  private final BlobStore store;
  private final BlobBatch batch;
  private final int count;
  private int part;

  VacuumStep(BlobStore store, Cell cell) {
    this.store = store;
    batch = new BlobBatch(EPOCH_BLOBS, cell.valueBytes(), 1);
    int perPart = Math.max(EPOCH_BLOBS, cell.idCount() / 4 / PARTS);
    count = perPart / EPOCH_BLOBS * EPOCH_BLOBS * PARTS;
  }

  @Override
  public void prepare() {
    part = 0;
    for (int first = 0; first < count; first += EPOCH_BLOBS) {
      try (Epoch epoch = store.beginEpoch()) {
        for (int i = 0; i < EPOCH_BLOBS; i++) {
          epoch.put(new BlobId(ID_HIGH, first + i), batch.segment(i));
        }
        long _ = epoch.commit();
      }
    }
  }

  @Override
  public void run() {
    if (part < PARTS) {
      delete(part * (count / PARTS), (part + 1) * (count / PARTS));
      part++;
    } else {
      LockSupport.parkNanos(PAUSE_NS);
    }
    var _ = store.vacuum(VacuumOptions.DEFAULTS, VacuumListener.NONE);
  }

  private void delete(int from, int to) {
    for (int first = from; first < to; first += EPOCH_BLOBS) {
      try (Epoch epoch = store.beginEpoch()) {
        for (int i = first; i < first + EPOCH_BLOBS; i += 2) {
          epoch.delete(new BlobId(ID_HIGH, i));
        }
        long _ = epoch.commit();
      }
    }
  }

  @Override
  public void close() {
    batch.close();
  }
}
