package io.ashlar.store.spi;

import io.ashlar.store.BlobId;

/**
 * The last change of one id: a blob that was put, or a delete.
 *
 * @param id the id.
 * @param sequence the log record that made the change: the blob's version.
 * @param kind the state after the change.
 * @param length the blob's length in bytes; 0 after a delete.
 * @param crc32c the CRC-32C of its bytes; 0 after a delete.
 * @param startBlock its first block in the data file, or 0 if it has none there.
 */
public record BlobChange(
    BlobId id, long sequence, Kind kind, long length, int crc32c, long startBlock) {

  /** The state after a change. */
  public enum Kind {
    /** A blob whose bytes are in the data file. */
    STORED,
    /** A blob whose bytes are in the tier only. */
    EVICTED,
    /** A delete. */
    DELETED
  }
}
