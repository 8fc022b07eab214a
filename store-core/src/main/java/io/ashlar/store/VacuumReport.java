package io.ashlar.store;

/**
 * What {@link BlobStore#vacuum} did.
 *
 * @param blobsMoved blobs that lie lower in the file now.
 * @param bytesMoved their bytes.
 * @param blobsDamaged blobs that were left where they are, because their bytes are not those that
 *     were put.
 * @param fileBytesBefore the data file's size when it began.
 * @param fileBytesAfter the data file's size when it ended.
 * @param bytesPunched bytes within the file that were given back to the file system.
 * @param end why it ended.
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
    /** The file is about as long as its content needs, or a quarter longer because of gaps. */
    DONE,
    /**
     * What lies at the file's end could not be moved: a damaged blob, what a snapshot pins, an
     * epoch that is being filled, space that stays unused after a failed write, or blobs for which
     * no run further down is long enough; or other commits took what was gained. Try again later.
     */
    STUCK,
    /** The store is being closed. */
    CLOSED,
    /** A copy, a cut or a hole failed; the store goes on. */
    FAILED
  }
}
