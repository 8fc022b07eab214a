package io.ashlar.store.read;

import io.ashlar.store.BlobId;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.uring.NativeException;
import org.jspecify.annotations.Nullable;

/** Says what is wrong with a blob. */
final class BlobDamage {

  private BlobDamage() {}

  /**
   * Returns the exception for a blob whose entry is known to be unchanged (rule L21).
   *
   * @param actual the checksum of what was read, or −1.
   * @param cause why it could not be read, or null if it was.
   */
  static CorruptionException of(
      BlobId id, BlobLocation location, long actual, @Nullable NativeException cause) {
    return of(id, location, location.startBlock(), location.crc32c(), actual, cause);
  }

  /**
   * Returns the exception for a part of a blob.
   *
   * @param block where the part, or what says what it must be, begins.
   * @param expected its checksum as it should be.
   */
  static CorruptionException of(
      BlobId id,
      BlobLocation location,
      long block,
      int expected,
      long actual,
      @Nullable NativeException cause) {
    long wanted = expected & 0xffff_ffffL;
    return new CorruptionException(
        "blob is damaged: restore it from the tier or a backup: id="
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
