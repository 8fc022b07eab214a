package io.ashlar.tier.object;

/**
 * What a store says about one object.
 *
 * @param key the key, below the root of the store.
 * @param length bytes in the whole object.
 * @param etag the version of the content, an opaque text without quotes; equal text means equal
 *     content. Only {@link ObjectStore#putIfMatch} gives it a meaning.
 * @param modifiedMs when it was last written, in milliseconds since 1970 by the store's clock; for
 *     people only, no protocol may rely on it.
 */
public record ObjectInfo(String key, long length, String etag, long modifiedMs) {}
