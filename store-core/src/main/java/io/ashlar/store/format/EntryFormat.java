package io.ashlar.store.format;

import io.ashlar.store.BlobStore;

/**
 * An entry of the index: five words of 8 bytes, the same in memory and in an {@linkplain
 * IndexCheckpointFormat index checkpoint}, so that whole buckets of them are copied.
 *
 * <pre>
 *   word
 *      0  id, upper half
 *      1  id, lower half
 *      2  place:    bits 0-47  stored: first block; evicted: number of the cold reference; else 0
 *                   bits 48-59 change count
 *                   bits 60-63 kind: 1 stored, 2 evicted, 3 tombstone
 *      3  version
 *      4  content:  bits 0-30  length in bytes
 *                   bit 31     of a stored one: it has a checksum table ({@link ChecksumTable})
 *                   bits 32-63 CRC-32C of the blob
 *                   of a tombstone: 0; in memory, its neighbours in a list
 * </pre>
 *
 * <p>Thread: any; no state.
 */
public final class EntryFormat {

  /** How many words an entry has. */
  public static final int WORDS = 5;

  /** How many bytes. */
  public static final int BYTES = WORDS * Long.BYTES;

  /** The word with the upper half of the id. */
  public static final int ID_HIGH = 0;

  /** The word with the lower half of the id. */
  public static final int ID_LOW = 1;

  /** The word that says where the blob is, and the kind. */
  public static final int PLACE = 2;

  /** The word with the version. */
  public static final int VERSION = 3;

  /** The word with length and checksum. */
  public static final int CONTENT = 4;

  /** A blob whose bytes are in the data file. */
  public static final int STORED = 1;

  /** A blob whose bytes are in the tier only. */
  public static final int EVICTED = 2;

  /** A delete that the tier has yet to learn of. */
  public static final int TOMBSTONE = 3;

  /** How far the kind is shifted in the place. */
  public static final int KIND_SHIFT = 60;

  /** The bits of the place for a first block, or the number of a cold reference. */
  public static final long BLOCK_MASK = (1L << 48) - 1;

  /** One more than the highest change count; then comes 0. */
  public static final int CHANGE_COUNTS = 1 << 12;

  private static final int CHANGE_SHIFT = 48;

  /** The amount that one change adds to the bits of the place that hold the change count. */
  public static final long CHANGE = 1L << CHANGE_SHIFT;

  /** These bits. */
  public static final long CHANGE_MASK = (CHANGE_COUNTS - 1L) << CHANGE_SHIFT;

  /** The bits of the content for the length. */
  public static final long LENGTH_MASK = Integer.MAX_VALUE;

  /** The bit of the content for a checksum table. */
  public static final long TABLE = 1L << 31;

  private EntryFormat() {}

  /** Makes up a place. */
  public static long place(int kind, long block, int changeCount) {
    return block | ((long) changeCount << CHANGE_SHIFT) | ((long) kind << KIND_SHIFT);
  }

  /** Returns the kind in a place; only one of the three above is one. */
  public static int kind(long place) {
    return (int) (place >>> KIND_SHIFT);
  }

  /** Returns the first block, or the number of the cold reference, in a place. */
  public static long block(long place) {
    return place & BLOCK_MASK;
  }

  /** Returns the change count in a place. */
  public static int changeCount(long place) {
    return (int) (place >>> CHANGE_SHIFT) & (CHANGE_COUNTS - 1);
  }

  /** Makes up the content of a blob's entry. */
  public static long content(int lengthBytes, int crc32c, boolean table) {
    return ((long) crc32c << Integer.SIZE) | lengthBytes | (table ? TABLE : 0);
  }

  /** Returns the length in a content. */
  public static int lengthBytes(long content) {
    return (int) (content & LENGTH_MASK);
  }

  /** Returns the checksum in a content. */
  public static int crc32c(long content) {
    return (int) (content >>> Integer.SIZE);
  }

  /** Returns whether a stored blob with this content has a checksum table. */
  public static boolean hasTable(long content) {
    return (content & TABLE) != 0;
  }

  /**
   * Returns whether an entry on disk is one that a store writes; of an evicted one, the number of
   * the cold reference is for the caller to check.
   */
  public static boolean isWellFormed(long place, long content) {
    boolean rightLength = lengthBytes(content) <= BlobStore.BLOB_BYTES_MAX;
    return switch (kind(place)) {
      case STORED -> rightLength && (!hasTable(content) || lengthBytes(content) > 0);
      case EVICTED -> rightLength && !hasTable(content);
      case TOMBSTONE -> block(place) == 0 && content == 0;
      default -> false;
    };
  }
}
