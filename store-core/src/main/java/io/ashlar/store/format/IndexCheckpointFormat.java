package io.ashlar.store.format;

import static io.ashlar.store.format.LittleEndian.getInt;
import static io.ashlar.store.format.LittleEndian.getLong;
import static io.ashlar.store.format.LittleEndian.putInt;
import static io.ashlar.store.format.LittleEndian.putLong;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The index checkpoint: the whole index, in chunks. Each chunk is an extent of its own and names
 * the one before it. A superblock copy names the last. All fields are little-endian. Chunks are
 * padded with zeroes to whole blocks.
 *
 * <pre>
 * chunk
 *    0  8  magic "ACHKPT01"
 *    8  4  version, 2
 *   12  4  number of this chunk, from 0
 *   16  8  store id
 *   24  8  sequence that the checkpoint covers
 *   32  8  first block of this chunk
 *   40  8  first block of the chunk before, or 0
 *   48  4  blocks of the chunk before, or 0
 *   52  4  checksum of the chunk before, or 0
 *   56  4  entries
 *   60  4  bytes up to the end of the last bucket
 *   64  4  blocks of this chunk
 *   68  4  buckets
 *   72  4  zero, checked
 *   76  4  CRC-32C of bytes 0 to 75 and of all bytes from 80 to the last block's end
 *   80     the buckets
 *
 * bucket: the entries whose ids' hashes ({@link IdHash}, seed: the store id) begin with some bits
 *    0  4  these bits, from the top; the others are zero
 *    4  4  how many of them there are
 *    8  4  entries
 *   12  4  cold references: as many as entries of evicted blobs
 *   16     the entries, 40 bytes each ({@link EntryFormat}); those of evicted blobs number their
 *          cold references from 0 in each bucket
 *          the cold references, 24 bytes each
 * </pre>
 *
 * <p><b>Order.</b> The buckets are in the order of their bits. The first begins with zeroes, and
 * the last ends with ones. A chunk continues where the one before it ended. So each bucket is
 * loaded unchanged, and the buckets give the index's directory. Every chunk but the last ends where
 * the longest bucket would not fit. Within a bucket the order has no meaning: entries are written
 * in slot order, because that loads fastest.
 *
 * <p><b>A chunk is valid</b> if its checksum, magic, store id, sequence and place are right, and
 * its buckets are well formed ({@link IndexCheckpointBuckets}). <b>A checkpoint is valid</b> if
 * every chunk is, its buckets cover every hash once, and no id comes twice.
 *
 * <p><b>Write order:</b> the chunks, first to last; one sync; the superblock copy (rule L12).
 * <b>Read order:</b> the last chunk first.
 *
 * <p><b>Versions.</b> The superblock names the version. An unknown one is refused with {@link
 * io.ashlar.store.FormatVersionException}.
 */
public final class IndexCheckpointFormat {

  /** The version that a superblock names beside a checkpoint. */
  public static final int VERSION = 2;

  /** The bytes of a chunk's header. */
  public static final int HEADER_BYTES = 80;

  /** The bytes of a bucket before its entries. */
  public static final int BUCKET_HEADER_BYTES = 16;

  /** The bytes of a cold reference. */
  public static final int COLD_BYTES = 24;

  /** How many words of 8 bytes that is. */
  public static final int COLD_WORDS = COLD_BYTES / Long.BYTES;

  /** The most entries that a bucket has. */
  public static final int BUCKET_ENTRIES_MAX = 1792;

  /** The longest bucket: every blob in it is evicted. */
  public static final int BUCKET_BYTES_MAX =
      BUCKET_HEADER_BYTES + BUCKET_ENTRIES_MAX * (EntryFormat.BYTES + COLD_BYTES);

  /** The longest chunk, in blocks. */
  public static final int CHUNK_BLOCKS_MAX = 256;

  private static final long MAGIC = 0x3130_5450_4b48_4341L; // "ACHKPT01"
  private static final int CRC_OFFSET = 76;
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private IndexCheckpointFormat() {}

  /**
   * Writes a bucket.
   *
   * @param words the words of its entries; there may be more.
   * @param cold those of its cold references.
   * @return the bytes that it takes.
   */
  public static long bucket(
      MemorySegment chunk,
      long offset,
      int prefix,
      int depth,
      long[] words,
      int entries,
      long[] cold,
      int colds) {
    putInt(chunk, offset, prefix);
    putInt(chunk, offset + 4, depth);
    putInt(chunk, offset + 8, entries);
    putInt(chunk, offset + 12, colds);
    long first = offset + BUCKET_HEADER_BYTES;
    int entryWords = bucketWords(entries, 0);
    int coldWords = bucketWords(0, colds);
    MemorySegment.copy(words, 0, chunk, LONG, first, entryWords);
    MemorySegment.copy(cold, 0, chunk, LONG, first + (long) entryWords * Long.BYTES, coldWords);
    return bucketBytes(entries, colds);
  }

  /** Returns how many words of 8 bytes a bucket has after its header. */
  static int bucketWords(int entries, int colds) {
    return entries * EntryFormat.WORDS + colds * COLD_WORDS;
  }

  /** Returns how many bytes a bucket has, header included. */
  static long bucketBytes(int entries, int colds) {
    return BUCKET_HEADER_BYTES + (long) bucketWords(entries, colds) * Long.BYTES;
  }

  /** Copies the words of a bucket's header. */
  static void readHeader(MemorySegment chunk, long offset, long[] into) {
    MemorySegment.copy(chunk, LONG, offset, into, 0, into.length);
  }

  /** Copies the words of a bucket after its header. */
  static void readWords(MemorySegment chunk, long offset, int count, long[] into) {
    MemorySegment.copy(chunk, LONG, offset + BUCKET_HEADER_BYTES, into, 0, count);
  }

  /**
   * Writes the header of a chunk whose buckets are in place, zeroes the padding, and seals it.
   *
   * @return the chunk's checksum.
   */
  public static int seal(
      MemorySegment chunk,
      int number,
      long storeId,
      long sequence,
      long startBlock,
      long previousStart,
      long previousBlocks,
      int previousCrc32c,
      int buckets,
      int entries,
      int bytes) {
    int blocks = (int) Blocks.count(bytes);
    chunk.asSlice(bytes, Blocks.offset(blocks) - bytes).fill((byte) 0);
    putLong(chunk, 0, MAGIC);
    putInt(chunk, 8, VERSION);
    putInt(chunk, 12, number);
    putLong(chunk, 16, storeId);
    putLong(chunk, 24, sequence);
    putLong(chunk, 32, startBlock);
    putLong(chunk, 40, previousStart);
    putInt(chunk, 48, (int) previousBlocks);
    putInt(chunk, 52, previousCrc32c);
    putInt(chunk, 56, entries);
    putInt(chunk, 60, bytes);
    putInt(chunk, 64, blocks);
    putInt(chunk, 68, buckets);
    putInt(chunk, 72, 0);
    int crc = checksum(chunk, blocks);
    putInt(chunk, CRC_OFFSET, crc);
    return crc;
  }

  private static int checksum(MemorySegment chunk, long blocks) {
    return Checksum.crc32c(
        chunk.asSlice(0, CRC_OFFSET),
        chunk.asSlice(HEADER_BYTES, Blocks.offset(blocks) - HEADER_BYTES));
  }

  /**
   * Returns whether a chunk's first block has the header of the one that is looked for; whether it
   * is whole is {@link #isValid}.
   */
  public static boolean hasHeader(
      MemorySegment firstBlock,
      long storeId,
      long sequence,
      long startBlock,
      long blocks,
      int crc32c) {
    return getLong(firstBlock, 0) == MAGIC
        && getInt(firstBlock, 8) == VERSION
        && getLong(firstBlock, 16) == storeId
        && getLong(firstBlock, 24) == sequence
        && getLong(firstBlock, 32) == startBlock
        && getInt(firstBlock, 64) == blocks
        && getInt(firstBlock, CRC_OFFSET) == crc32c;
  }

  /**
   * Returns whether a chunk, exactly as long as its blocks, is the one that is looked for and its
   * checksum is right; whether its buckets are well formed shows when they are read ({@link
   * IndexCheckpointBuckets}).
   */
  public static boolean isValid(
      MemorySegment chunk, long storeId, long sequence, long startBlock, int crc32c) {
    long blocks = chunk.byteSize() / Blocks.BYTES;
    return hasHeader(chunk, storeId, sequence, startBlock, blocks, crc32c)
        && checksum(chunk, blocks) == crc32c;
  }

  /** Returns where the last bucket of a chunk ends. */
  static int bucketsEnd(MemorySegment chunk) {
    return getInt(chunk, 60);
  }

  /** Returns the number of a chunk. */
  public static int number(MemorySegment chunk) {
    return getInt(chunk, 12);
  }

  /** Returns the first block of a chunk. */
  public static long startBlock(MemorySegment chunk) {
    return getLong(chunk, 32);
  }

  /** Returns the first block of the chunk before, or 0. */
  public static long previousStart(MemorySegment chunk) {
    return getLong(chunk, 40);
  }

  /** Returns the blocks of the chunk before, or 0. */
  public static int previousBlocks(MemorySegment chunk) {
    return getInt(chunk, 48);
  }

  /** Returns the checksum of the chunk before, or 0. */
  public static int previousCrc32c(MemorySegment chunk) {
    return getInt(chunk, 52);
  }

  /**
   * Returns whether a chunk other than the last of a checkpoint may have this many bytes in use.
   */
  public static boolean isFull(long bytes) {
    return bytes > Blocks.offset(CHUNK_BLOCKS_MAX) - BUCKET_BYTES_MAX;
  }

  /** Returns how many buckets a chunk has. */
  static int buckets(MemorySegment chunk) {
    return getInt(chunk, 68);
  }

  /** Returns whether what is zero in a chunk's header is. */
  static boolean reservedIsZero(MemorySegment chunk) {
    return getInt(chunk, 72) == 0;
  }

  /** Returns how many entries a chunk has. */
  public static int entries(MemorySegment chunk) {
    return getInt(chunk, 56);
  }
}
