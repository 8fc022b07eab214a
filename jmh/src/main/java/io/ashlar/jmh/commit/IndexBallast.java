package io.ashlar.jmh.commit;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobStore;
import io.ashlar.store.Epoch;
import java.lang.foreign.MemorySegment;

/** Blobs without bytes, which only lengthen the index and its checkpoints. */
final class IndexBallast {

  private static final long ID_HIGH = 0x6261_6c6c;
  private static final int EPOCH_BLOBS = 10_000;

  private IndexBallast() {}

  /** Puts as many as this. */
  static void put(BlobStore store, int count) {
    for (int first = 0; first < count; first += EPOCH_BLOBS) {
      try (Epoch epoch = store.beginEpoch()) {
        for (int i = first; i < Math.min(count, first + EPOCH_BLOBS); i++) {
          epoch.put(new BlobId(ID_HIGH, i), MemorySegment.NULL);
        }
        long _ = epoch.commit();
      }
    }
  }
}
