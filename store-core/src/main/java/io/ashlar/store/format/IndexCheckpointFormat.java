package io.ashlar.store.format;

import static io.ashlar.store.format.LittleEndian.getInt;
import static io.ashlar.store.format.LittleEndian.getLong;
import static io.ashlar.store.format.LittleEndian.putInt;
import static io.ashlar.store.format.LittleEndian.putLong;
import static io.ashlar.store.format.LittleEndian.putShort;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The index checkpoint: the whole index in chunks, each an extent of its own that names the one
 * before it; a superblock copy names the last. Little-endian, padded with zeroes to whole blocks.
 *
 * <pre>
 * chunk
 *    0  8  magic "ACHKPT01"
 *    8  4  version, 1
 *   12  4  number of this chunk, from 0
 *   16  8  store id
 *   24  8  sequence that the checkpoint covers
 *   32  8  first block of this chunk
 *   40  8  first block of the chunk before, or 0
 *   48  4  blocks of the chunk before, or 0
 *   52  4  checksum of the chunk before, or 0
 *   56  4  entries
 *   60  4  bytes up to the end of the last entry
 *   64  4  blocks of this chunk
 *   68  4  CRC-32C of bytes 0 to 67 and of all bytes from 72 to the last block's end
 *   72     the entries
 *
 * entry
 *    0  1  kind: 1 stored, 2 evicted, 3 tombstone
 *    1  1  flags: bit 0, of a stored one: it has a checksum table ({@link ChecksumTable})
 *    2  2  zero, checked
 *    4  4  CRC-32C of the blob; 0 for a tombstone
 *    8  8  id, upper half
 *   16  8  id, lower half
 *   24  8  version
 *   32  8  length in bytes                     (not of a tombstone)
 *   40  8  stored: first block                 evicted: 24 bytes of cold reference
 * </pre>
 *
 * <p><b>Valid</b> is a chunk whose checksum, magic, store id, sequence and place are right and
 * whose entries are well formed ({@link IndexCheckpointEntries}); a checkpoint whose every chunk
 * is. <b>Written</b> first chunk first; then one sync; then the superblock copy (rule L12).
 * <b>Read</b> last chunk first. <b>Versions</b>: the superblock names the version, and an unknown
 * one is refused with {@link io.ashlar.store.FormatVersionException}.
 */
public final class IndexCheckpointFormat {

  /** The version that a superblock names beside a checkpoint. */
  public static final int VERSION = 1;

  /** The bytes of a chunk's header. */
  public static final int HEADER_BYTES = 72;

  /** The entry of a stored blob. */
  public static final int ENTRY_BYTES_STORED = 48;

  /** The longest entry. */
  public static final int ENTRY_BYTES_MAX = 64;

  /** The longest chunk, in blocks. */
  public static final int CHUNK_BLOCKS_MAX = 256;

  /** A blob whose bytes are in the data file. */
  public static final int STORED = 1;

  /** A blob whose bytes are in the tier only. */
  public static final int EVICTED = 2;

  /** A delete that the tier has yet to learn of. */
  public static final int TOMBSTONE = 3;

  private static final long MAGIC = 0x3130_5450_4b48_4341L; // "ACHKPT01"
  private static final int CRC_OFFSET = 68;
  static final byte TABLE = 1;

  private IndexCheckpointFormat() {}

  /** Returns the bytes of an entry of {@code kind}, or −1 when there is no such kind. */
  public static int entryBytes(int kind) {
    return switch (kind) {
      case STORED -> 48;
      case EVICTED -> 64;
      case TOMBSTONE -> 32;
      default -> -1;
    };
  }

  /** Writes what all entries have. */
  public static void entry(
      MemorySegment chunk,
      long offset,
      int kind,
      int crc32c,
      long idHigh,
      long idLow,
      long version) {
    chunk.set(ValueLayout.JAVA_BYTE, offset, (byte) kind);
    chunk.set(ValueLayout.JAVA_BYTE, offset + 1, (byte) 0);
    putShort(chunk, offset + 2, 0);
    putInt(chunk, offset + 4, crc32c);
    putLong(chunk, offset + 8, idHigh);
    putLong(chunk, offset + 16, idLow);
    putLong(chunk, offset + 24, version);
  }

  /** Writes the rest of a stored blob's entry. */
  public static void stored(
      MemorySegment chunk, long offset, long length, long startBlock, boolean table) {
    chunk.set(ValueLayout.JAVA_BYTE, offset + 1, table ? TABLE : 0);
    putLong(chunk, offset + 32, length);
    putLong(chunk, offset + 40, startBlock);
  }

  /** Writes the rest of an evicted blob's entry. */
  public static void evicted(
      MemorySegment chunk, long offset, long length, long cold0, long cold1, long cold2) {
    putLong(chunk, offset + 32, length);
    putLong(chunk, offset + 40, cold0);
    putLong(chunk, offset + 48, cold1);
    putLong(chunk, offset + 56, cold2);
  }

  /**
   * Writes the header of a chunk whose entries are in place, zeroes the padding, and seals it.
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
   * checksum is right; whether its entries are well formed shows when they are read.
   *
   * @param into receives its entries if so.
   */
  public static boolean isValid(
      MemorySegment chunk,
      long storeId,
      long sequence,
      long startBlock,
      int crc32c,
      IndexCheckpointEntries into) {
    long blocks = chunk.byteSize() / Blocks.BYTES;
    boolean valid =
        hasHeader(chunk, storeId, sequence, startBlock, blocks, crc32c)
            && checksum(chunk, blocks) == crc32c;
    if (valid) {
      into.read(chunk);
    }
    return valid;
  }

  /** Returns where the last entry of a chunk ends. */
  static int entriesEnd(MemorySegment chunk) {
    return getInt(chunk, 60);
  }

  /** Returns the number of a chunk. */
  public static int number(MemorySegment chunk) {
    return getInt(chunk, 12);
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

  /** Returns how many entries a chunk has. */
  public static int entries(MemorySegment chunk) {
    return getInt(chunk, 56);
  }
}
