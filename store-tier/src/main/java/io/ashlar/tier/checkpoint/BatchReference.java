package io.ashlar.tier.checkpoint;

/**
 * One batch object that a manifest adds.
 *
 * @param name its key below the tier's root, as {@link TierKeys#batch} writes it.
 * @param kind what its entries are.
 * @param entries number of entries, 1 or more.
 * @param bytes length of the object.
 * @param uncompressedBytes length of its body.
 * @param crc32c CRC-32C of the whole object, unsigned.
 */
public record BatchReference(
    String name, Kind kind, long entries, long bytes, long uncompressedBytes, long crc32c) {

  /** What the entries of a batch are. */
  public enum Kind {
    /** Blobs: key is the 16-byte id, data the blob. */
    PUTS,
    /** Deletes: key is the 16-byte id, data is empty. */
    DELETES
  }

  /** Checks every field. */
  public BatchReference {
    if (TierKeys.batchName(name) == null) {
      throw new IllegalArgumentException("batch name is not batches/…: length=" + name.length());
    }
    check("entries", entries, 1, 0xFFFF_FFFFL);
    check("bytes", bytes, 1, Long.MAX_VALUE);
    check("uncompressedBytes", uncompressedBytes, 0, 0xFFFF_FFFFL);
    check("crc32c", crc32c, 0, 0xFFFF_FFFFL);
  }

  static void check(String field, long value, long min, long max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(
          field + " out of range: value=" + value + ", min=" + min + ", max=" + max);
    }
  }
}
