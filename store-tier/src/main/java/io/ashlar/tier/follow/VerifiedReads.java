package io.ashlar.tier.follow;

import io.ashlar.store.BlobId;
import io.ashlar.store.CorruptionException;
import io.ashlar.tier.ReadBackStats;
import io.ashlar.tier.batch.BatchCodec;
import io.ashlar.tier.readback.BatchReadBack;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.LongAdder;

/**
 * Reads blobs of a checkpoint from its batches, and verifies each against the checksum in its
 * index. Bytes that do not match are fetched once more before they count as damage.
 *
 * <p>Thread: any. Memory: what read-back keeps, freed by close.
 */
final class VerifiedReads implements AutoCloseable {
  private final BatchReadBack blobs;
  private final LongAdder reads = new LongAdder();
  private final LongAdder bytesRead = new LongAdder();

  /**
   * @param blobs closed with this.
   */
  VerifiedReads(BatchReadBack blobs) {
    this.blobs = blobs;
  }

  /**
   * Reads one blob.
   *
   * @param held the index of its checkpoint, which the caller has taken.
   * @param target as long as the blob.
   * @throws CorruptionException if the blob or its batch is damaged or gone.
   * @throws io.ashlar.store.CheckpointDroppedException if retention dropped its batch.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   */
  void read(CheckpointIndex held, BlobId id, MemorySegment target) {
    if (target.byteSize() > 0) {
      int crc;
      try {
        blobs.readBack(id, held.reference(id), target);
        crc = BatchCodec.crc32c(target);
        if (crc != held.crc32c(id)) {
          blobs.readBackAgain(id, held.reference(id), target);
          crc = BatchCodec.crc32c(target);
        }
      } catch (CorruptionException e) {
        throw held.checkpoint().explained(e);
      }
      if (crc != held.crc32c(id)) {
        throw new CorruptionException(
            "blob checksum mismatch: id=" + id + ", checkpoint=" + held.manifest().sequence(),
            id,
            -1,
            Integer.toUnsignedLong(held.crc32c(id)),
            Integer.toUnsignedLong(crc),
            null);
      }
    }
    reads.increment();
    bytesRead.add(target.byteSize());
  }

  /** How blobs were read back since this was made. */
  ReadBackStats readBackStats() {
    return blobs.stats();
  }

  /** Blobs read since this was made. */
  long reads() {
    return reads.sum();
  }

  /** Their bytes. */
  long bytesRead() {
    return bytesRead.sum();
  }

  @Override
  public void close() {
    blobs.close();
  }
}
