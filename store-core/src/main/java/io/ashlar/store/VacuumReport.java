package io.ashlar.store;

/**
 * The result of {@link BlobStore#vacuum}.
 *
 * @param blobsMoved blobs moved to a lower place in the file.
 * @param bytesMoved their bytes.
 * @param blobsDamaged blobs that were not moved because their bytes differ from those put.
 * @param fileBytesBefore the data file's size when the vacuum began.
 * @param fileBytesAfter the data file's size when the vacuum ended.
 * @param bytesPunched bytes within the file that were returned to the file system.
 * @param end why the vacuum ended.
 */
public record VacuumReport(
    long blobsMoved,
    long bytesMoved,
    long blobsDamaged,
    long fileBytesBefore,
    long fileBytesAfter,
    long bytesPunched,
    End end) {

  /** Why a vacuum ended. */
  public enum End {
    /**
     * The file is about as long as its content needs, or up to a quarter longer because of gaps.
     */
    DONE,
    /**
     * The content at the file's end could not be moved. It is a damaged blob, an extent that a
     * snapshot pins, or an epoch that is being filled. It may also be space left unused after a
     * failed write, or blobs for which no lower run is long enough. Or other commits took the space
     * that was gained. Try again later.
     */
    STUCK,
    /** The store is being closed. */
    CLOSED,
    /** A copy, a cut or a hole failed; the store stays open and usable. */
    FAILED
  }
}
