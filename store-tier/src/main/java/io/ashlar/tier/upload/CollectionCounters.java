package io.ashlar.tier.upload;

import io.ashlar.tier.CollectionReport;
import io.ashlar.tier.CollectionStats;

/** Counts collections. Thread: written by the tiering agent, read by any. */
final class CollectionCounters {
  private volatile CollectionStats sum = new CollectionStats(0, 0, 0, 0, 0, 0, 0, 0);

  void count(CollectionReport report, long uploadsAborted) {
    CollectionStats before = sum;
    sum =
        new CollectionStats(
            before.collections() + 1,
            before.collectionsFailed(),
            before.manifestsDeleted() + report.manifestsDeleted(),
            before.batchesDeleted() + report.batchesDeleted(),
            before.bytesDeleted() + report.bytesDeleted(),
            before.batchesCompacted() + report.batchesCompacted(),
            before.bytesCompacted() + report.bytesCompacted(),
            before.uploadsAborted() + uploadsAborted);
    CollectionEvent.emit(report, uploadsAborted);
  }

  void failed() {
    CollectionStats before = sum;
    sum =
        new CollectionStats(
            before.collections(),
            before.collectionsFailed() + 1,
            before.manifestsDeleted(),
            before.batchesDeleted(),
            before.bytesDeleted(),
            before.batchesCompacted(),
            before.bytesCompacted(),
            before.uploadsAborted());
  }

  CollectionStats stats() {
    return sum;
  }
}
