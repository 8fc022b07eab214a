package io.ashlar.tier.object;

import org.jspecify.annotations.Nullable;

/**
 * What a store says about one object.
 *
 * @param key the key, below the root of the store.
 * @param length bytes in the whole object.
 * @param etag the version of the content, an opaque text without quotes; equal text means equal
 *     content. Only {@link ObjectStore#putIfMatch} gives it a meaning.
 * @param modifiedMs when it was last written, in milliseconds since 1970 by the store's clock; for
 *     people only, no protocol may rely on it.
 * @param putId the {@link ObjectBody#putId} it was written with, as far as the store keeps it and
 *     the answer has it (a listing has not); else null.
 * @param crc32c the CRC-32C of the whole object, as far as the store keeps it and the answer has it
 *     (only a head may); else null.
 */
public record ObjectInfo(
    String key,
    long length,
    String etag,
    long modifiedMs,
    @Nullable String putId,
    @Nullable Integer crc32c) {
  /**
   * An object whose put id and checksum are not known.
   *
   * @param key the key.
   * @param length bytes in the whole object.
   * @param etag the version.
   * @param modifiedMs when it was last written.
   */
  public ObjectInfo(String key, long length, String etag, long modifiedMs) {
    this(key, length, etag, modifiedMs, null, null);
  }
}
