package io.ashlar.tier.readback;

import io.ashlar.tier.batch.BatchCodec;
import io.ashlar.tier.batch.FrameTable;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.TierKeys;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a batch of a chain holds: ids, lengths, checksums and where they lie, but not the blobs. Of
 * a batch of version 3 only the index is read; an older one is read whole, since it has none.
 *
 * <p>Thread: any, until it is closed. Memory: its own, off the heap; the table of frames on it.
 */
public final class BatchContents implements AutoCloseable {
  private final BatchReference reference;
  private final @Nullable BatchIndex index;
  private final @Nullable DecodedBatch whole;

  private BatchContents(
      BatchReference reference, @Nullable BatchIndex index, @Nullable DecodedBatch whole) {
    this.reference = reference;
    this.index = index;
    this.whole = whole;
  }

  /**
   * Reads them.
   *
   * @throws io.ashlar.store.CorruptionException naming the batch, if it is gone or damaged.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   */
  public static BatchContents read(BatchReader reader, BatchReference reference) {
    return isFramed(reference)
        ? new BatchContents(reference, reader.readIndex(reference), null)
        : new BatchContents(reference, null, reader.read(reference));
  }

  /** Whether a batch is of version 3, as its name tells: only that version's writer derives ids. */
  public static boolean isFramed(BatchReference reference) {
    return Objects.requireNonNull(TierKeys.batchName(reference.name())).isDerived();
  }

  /** Native memory that reading a batch's contents takes, about. */
  public static long bytesEstimate(BatchReference reference) {
    return isFramed(reference) ? reference.entries() * 64 : reference.uncompressedBytes();
  }

  /** The batch. */
  public BatchReference reference() {
    return reference;
  }

  /** Where the frames lie; null if parts cannot be read. */
  public @Nullable FrameTable frames() {
    return index == null ? null : index.frames();
  }

  /** Receives the last entry of each id. */
  @FunctionalInterface
  public interface Visitor {
    /**
     * One blob, or one delete.
     *
     * @param bodyOffset where its entry begins in the body.
     * @param dataBytes the blob's length.
     * @param crc32c the CRC-32C of its bytes; 0 for a delete.
     */
    void onEntry(long high, long low, long bodyOffset, long dataBytes, int crc32c);
  }

  /** Visits the last entry of each id. */
  public void forEach(Visitor visitor) {
    boolean puts = reference.kind() == BatchReference.Kind.PUTS;
    if (index != null) {
      index.forEach((high, low, entry) ->
          visitor.onEntry(
              high, low, entry.bodyOffset(), entry.dataBytes(), puts ? entry.crc32c() : 0));
    } else if (whole != null) {
      whole.forEach((high, low, data, bodyOffset) ->
          visitor.onEntry(
              high, low, bodyOffset, data.byteSize(), puts ? BatchCodec.crc32c(data) : 0));
    }
  }

  /** Frees the memory; idempotent. */
  @Override
  public void close() {
    if (index != null) {
      index.close();
    }
    if (whole != null) {
      whole.close();
    }
  }
}
