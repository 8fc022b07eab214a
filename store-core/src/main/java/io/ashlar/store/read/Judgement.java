package io.ashlar.store.read;

import io.ashlar.store.BlobId;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.index.BlobDamage;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.store.index.BlobLookup;
import io.ashlar.uring.NativeException;
import org.jspecify.annotations.Nullable;

/**
 * The second half of every read of a whole blob (rule L21): look the entry up again, and only if it
 * is unchanged judge what was read. Allocates nothing unless there is damage. Thread: any.
 */
final class Judgement {

  private Judgement() {}

  /**
   * Returns whether what was read is the blob that was found.
   *
   * @param location the entry that was found.
   * @param now may be overwritten with what the entry has become.
   * @param failure why it could not be read, or null.
   * @param actual the CRC-32C of what was read, whatever after a failure.
   * @return false if the entry has changed since: what was read says nothing, so read again.
   * @throws CorruptionException if the entry is unchanged, and the blob is damaged or unreadable.
   */
  static boolean passes(
      BlobLookup lookup,
      BlobId id,
      BlobLocation location,
      BlobLocation now,
      @Nullable NativeException failure,
      int actual) {
    if (!lookup.isUnchanged(id.high(), id.low(), location, now)) { // L21
      return false;
    }
    if (failure != null) {
      throw BlobDamage.of(id, location, -1, failure);
    }
    if (actual != location.crc32c()) {
      throw BlobDamage.of(id, location, actual & 0xffff_ffffL, null);
    }
    return true;
  }
}
