package io.ashlar.tier.pack;

import io.ashlar.store.BlobId;
import io.ashlar.tier.batch.BatchCodec;
import io.ashlar.tier.batch.FramedBatchEncoder;
import org.jspecify.annotations.Nullable;

/**
 * Cuts the changes of a pass into groups that threads pack in parallel. Only the lengths of blobs
 * decide: a group begins where a single thread would begin a frame. So the batches are the same
 * with any number of threads.
 *
 * <p>Thread: the tiering agent's.
 */
public final class PackPlan {
  /** Body bytes from which a group ends with its frame. */
  static final long GROUP_BYTES = 512 << 10;

  /** Bytes of the longest blob that is read with others, in whole blocks. */
  static final long READ_BYTES_MAX = 1 << 20;

  static final int BLOCK_BYTES = 4096;
  private static final int OVERHEAD_BYTES = BlobId.BYTES + BatchCodec.ENTRY_FRAMING_BYTES;

  /**
   * Changes that are packed together, deletes among them left out.
   *
   * @param from the first.
   * @param to the one after the last.
   * @param direct whether it is one blob that is too long to be read with others.
   */
  public record Group(long from, long to, boolean direct) {}

  private final ChangeList changes;
  private final long batchBytesTarget;
  private long next;

  /** Body bytes of the batch and of the frame that end with the last group. */
  private long batchBytes;

  private long frameBytes;

  PackPlan(ChangeList changes, long batchBytesTarget) {
    this.changes = changes;
    this.batchBytesTarget = batchBytesTarget;
  }

  /** Bytes of a batch's body that a blob takes. */
  public static long entryBytes(long length) {
    return length + OVERHEAD_BYTES;
  }

  /** Bytes of the blocks that a blob takes in the data file. */
  static long storedBytes(long length) {
    return (length + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
  }

  /** The next group, or null at the end. */
  @Nullable Group next() {
    long from = next;
    long bytes = 0;
    long readBytes = 0;
    for (; next < changes.size(); next++) {
      if (!changes.isStored(next)) {
        continue;
      }
      long length = changes.length(next);
      long entry = entryBytes(length);
      boolean direct = storedBytes(length) > READ_BYTES_MAX;
      boolean newBatch = batchBytes > 0 && batchBytes + entry > batchBytesTarget;
      boolean newFrame =
          newBatch || frameBytes == 0 || FramedBatchEncoder.endsFrame(frameBytes, entry, length);
      boolean full = bytes + entry > GROUP_BYTES || readBytes >= READ_BYTES_MAX;
      if (bytes > 0 && (newBatch || direct || (newFrame && full))) {
        break;
      }
      bytes += entry;
      readBytes += storedBytes(length);
      batchBytes = (newBatch ? 0 : batchBytes) + entry;
      boolean alone = direct || FramedBatchEncoder.isLarge(length);
      frameBytes = alone ? 0 : (newFrame ? 0 : frameBytes) + entry;
      if (direct) {
        next++;
        return new Group(next - 1, next, true);
      }
    }
    // A group that ends before its frame is full would leave a short one in the middle.
    frameBytes = 0;
    return bytes == 0 ? null : new Group(from, next, false);
  }
}
