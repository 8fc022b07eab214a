package io.ashlar.store.spi;

import io.ashlar.store.BlobId;

/**
 * The last change of one id: a blob that was put, or a delete.
 *
 * @param id the id.
 * @param sequence the log record that made the change: the blob's version.
 * @param kind what the change left.
 * @param length the blob's length in bytes; 0 after a delete.
 * @param crc32c the CRC-32C of its bytes; 0 after a delete.
 * @param startBlock where it lies in the data file, or 0 when it lies nowhere there.
 */
public record BlobChange(
    BlobId id, long sequence, Kind kind, long length, int crc32c, long startBlock) {

  /** What a change left behind. */
  public enum Kind {
    /** A blob whose bytes are in the data file. */
    STORED,
    /** A blob whose bytes are in the tier only. */
    EVICTED,
    /** A delete. */
    DELETED
  }
}
