package io.ashlar.store;

import org.jspecify.annotations.Nullable;

/**
 * Stored bytes differ from those written, or could not be read. Other blobs stay readable. Restore
 * the damaged one from the tier or a backup.
 */
public final class CorruptionException extends StoreException {

  private final transient @Nullable BlobId id;
  private final long block;
  private final long expected;
  private final long actual;

  /**
   * Creates one for a blob, or for the store's own structures when {@code id} is null.
   *
   * @param message the message.
   * @param id the damaged blob, or null for the store's own structures.
   * @param block the 4 KiB block of the data file where the damage begins, or −1 when unknown.
   * @param expected the checksum or value that should be there.
   * @param actual the checksum or value that is there.
   * @param cause the cause, or null.
   */
  public CorruptionException(
      String message,
      @Nullable BlobId id,
      long block,
      long expected,
      long actual,
      @Nullable Throwable cause) {
    super(message, cause);
    this.id = id;
    this.block = block;
    this.expected = expected;
    this.actual = actual;
  }

  /** {@return the damaged blob, or null when the damage is in the store's own structures} */
  public @Nullable BlobId id() {
    return id;
  }

  /** {@return the 4 KiB block of the data file where the damage begins, or −1 when unknown} */
  public long block() {
    return block;
  }

  /** {@return the checksum or value that should be there} */
  public long expected() {
    return expected;
  }

  /** {@return the checksum or value that is there} */
  public long actual() {
    return actual;
  }
}
