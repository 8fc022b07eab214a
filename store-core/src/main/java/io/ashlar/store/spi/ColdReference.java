package io.ashlar.store.spi;

/**
 * Where the tier keeps an evicted blob: 24 bytes that only the tier understands.
 *
 * @param first bytes 0 to 7.
 * @param second bytes 8 to 15.
 * @param third bytes 16 to 23.
 */
public record ColdReference(long first, long second, long third) {}
