package io.ashlar.tier.batch;

/**
 * The fields at the start of a batch, each checked against the others and against the input.
 *
 * @param version 1 or 2.
 * @param entries number of entries.
 * @param bodyBytes bytes of the uncompressed body: the sum of key, data and 8 over all entries.
 * @param objectBytes bytes of the whole object, this header included.
 * @param crc32c the CRC-32C of the compressed part as an unsigned 32-bit number, or −1 in version
 *     1, which has none.
 */
public record BatchHeader(
    int version, long entries, long bodyBytes, long objectBytes, long crc32c) {}
