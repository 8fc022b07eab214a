package io.ashlar.store.index;

import io.ashlar.store.BlobId;
import io.ashlar.store.CorruptionException;
import io.ashlar.uring.NativeException;
import org.jspecify.annotations.Nullable;

/** Describes the damage of a blob: its bytes have changed, or the device cannot read them. */
public final class BlobDamage {

  private BlobDamage() {}

  /**
   * Returns the exception for a blob whose entry is known to be unchanged (rule L21).
   *
   * @param actual the checksum of what was read, or −1.
   * @param cause why it could not be read, or null if it was.
   */
  public static CorruptionException of(
      BlobId id, BlobLocation location, long actual, @Nullable NativeException cause) {
    return of(id, location, location.startBlock(), location.crc32c(), actual, cause);
  }

  /**
   * Returns the exception for a part of a blob.
   *
   * @param block where the damaged part begins, or the checksum that it fails.
   * @param expected its checksum as it should be.
   */
  public static CorruptionException of(
      BlobId id,
      BlobLocation location,
      long block,
      int expected,
      long actual,
      @Nullable NativeException cause) {
    long wanted = expected & 0xffff_ffffL;
    return new CorruptionException(
        (cause == null || cause.errno() == 0
                ? "blob is damaged: restore it from the tier or a backup: id="
                : "blob cannot be read: check the device; if the error persists, restore the blob"
                    + " from the tier or a backup: id=")
            + id
            + ", block="
            + block
            + ", length="
            + location.lengthBytes()
            + (cause == null
                ? ", checksum expected=%08x, actual=%08x".formatted(wanted, actual)
                : ", " + cause.getMessage()),
        id,
        block,
        wanted,
        actual,
        cause);
  }
}
