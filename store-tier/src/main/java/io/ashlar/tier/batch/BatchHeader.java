package io.ashlar.tier.batch;

/**
 * The fields at the start of a batch, each checked against the others and against the input.
 *
 * @param version 1, 2 or 3.
 * @param entries number of entries.
 * @param bodyBytes bytes of the uncompressed body: the sum of key, data and 8 over all entries.
 * @param objectBytes bytes of the whole object, this header included; of version 3 read by ranges,
 *     those that were read.
 * @param crc32c the CRC-32C of the compressed part (in version 3: of all frames), unsigned. −1 if
 *     it was not read, and in version 1, which has none.
 */
public record BatchHeader(
    int version, long entries, long bodyBytes, long objectBytes, long crc32c) {}
