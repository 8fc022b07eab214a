package io.ashlar.store.format;

import static io.ashlar.store.format.LittleEndian.getInt;
import static io.ashlar.store.format.LittleEndian.getLong;
import static io.ashlar.store.format.LittleEndian.putInt;
import static io.ashlar.store.format.LittleEndian.putLong;
import static io.ashlar.store.format.LittleEndian.putShort;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * One operation of an epoch, as it lies in an epoch's buffer and in a log record; little-endian.
 *
 * <pre>
 *   0  1  kind
 *   1  1  flags: bit 0, of a put: a checksum table lies behind the blob ({@link ChecksumTable})
 *   2  2  zero, checked
 *   4  4  put: CRC-32C of the blob; else zero
 *   8  8  id, upper half
 *  16  8  id, lower half
 *
 *  1 put       24  8  first block, 0 for an empty blob    32  8  length in bytes
 *  2 delete    (nothing more)
 *  3 evict     24  8  version   32  8  first block        40 24  cold reference
 *  4 relocate  24  8  version   32  8  first block        40  8  new first block
 *  5 cold-move 24  8  version   32 24  new cold reference
 * </pre>
 *
 * <p>Evict, relocate and cold-move are conditional (rule L16): they apply only to an entry of that
 * version that lies in that extent. A put's extent has as many blocks as its length and its table
 * need. <b>Well formed</b> is an operation ({@link LogOperations}) whose bytes that must be zero
 * are, with a length that a blob can have and, in a put and a relocate, a block number.
 */
public final class OperationFormat {

  /** A blob was put. */
  public static final int PUT = 1;

  /** An id was deleted. */
  public static final int DELETE = 2;

  /** A blob's local bytes were dropped. */
  public static final int EVICT = 3;

  /** A blob was moved within the data file. */
  public static final int RELOCATE = 4;

  /** An evicted blob was moved within the tier. */
  public static final int COLD_MOVE = 5;

  /** The bytes of a put. */
  public static final int PUT_BYTES = 40;

  /** The bytes of a delete. */
  public static final int DELETE_BYTES = 24;

  /** The bytes of an evict. */
  public static final int EVICT_BYTES = 64;

  /** The bytes of a relocate. */
  public static final int RELOCATE_BYTES = 48;

  /** The highest block that an extent can start at: 48 bits. */
  public static final long BLOCK_MAX = (1L << 48) - 1;

  /** The bytes of a cold-move. */
  public static final int COLD_MOVE_BYTES = 56;

  static final byte TABLE = 1;

  private OperationFormat() {}

  /** Returns the bytes of an operation of {@code kind}, or −1 when there is no such kind. */
  public static int bytes(int kind) {
    return switch (kind) {
      case PUT -> PUT_BYTES;
      case DELETE -> DELETE_BYTES;
      case EVICT -> EVICT_BYTES;
      case RELOCATE -> RELOCATE_BYTES;
      case COLD_MOVE -> COLD_MOVE_BYTES;
      default -> -1;
    };
  }

  private static void putCommon(
      MemorySegment bytes, long offset, int kind, int crc32c, long idHigh, long idLow) {
    bytes.set(ValueLayout.JAVA_BYTE, offset, (byte) kind);
    bytes.set(ValueLayout.JAVA_BYTE, offset + 1, (byte) 0);
    putShort(bytes, offset + 2, 0);
    putInt(bytes, offset + 4, crc32c);
    putLong(bytes, offset + 8, idHigh);
    putLong(bytes, offset + 16, idLow);
  }

  /** Writes a put. */
  public static void put(
      MemorySegment bytes,
      long offset,
      long idHigh,
      long idLow,
      int crc32c,
      long startBlock,
      long length) {
    putCommon(bytes, offset, PUT, crc32c, idHigh, idLow);
    putLong(bytes, offset + 24, startBlock);
    putLong(bytes, offset + 32, length);
  }

  /** Writes a delete. */
  public static void delete(MemorySegment bytes, long offset, long idHigh, long idLow) {
    putCommon(bytes, offset, DELETE, 0, idHigh, idLow);
  }

  /** Writes an evict. */
  public static void evict(
      MemorySegment bytes,
      long offset,
      long idHigh,
      long idLow,
      long version,
      long startBlock,
      long coldFirst,
      long coldSecond,
      long coldThird) {
    putCommon(bytes, offset, EVICT, 0, idHigh, idLow);
    putLong(bytes, offset + 24, version);
    putLong(bytes, offset + 32, startBlock);
    putLong(bytes, offset + 40, coldFirst);
    putLong(bytes, offset + 48, coldSecond);
    putLong(bytes, offset + 56, coldThird);
  }

  /** Writes a relocate. */
  public static void relocate(
      MemorySegment bytes,
      long offset,
      long idHigh,
      long idLow,
      long version,
      long startBlock,
      long newBlock) {
    putCommon(bytes, offset, RELOCATE, 0, idHigh, idLow);
    putLong(bytes, offset + 24, version);
    putLong(bytes, offset + 32, startBlock);
    putLong(bytes, offset + 40, newBlock);
  }

  /** Writes a cold-move. */
  public static void coldMove(
      MemorySegment bytes,
      long offset,
      long idHigh,
      long idLow,
      long version,
      long coldFirst,
      long coldSecond,
      long coldThird) {
    putCommon(bytes, offset, COLD_MOVE, 0, idHigh, idLow);
    putLong(bytes, offset + 24, version);
    putLong(bytes, offset + 32, coldFirst);
    putLong(bytes, offset + 40, coldSecond);
    putLong(bytes, offset + 48, coldThird);
  }

  /** Returns the kind of the operation at {@code offset}. */
  public static int kind(MemorySegment bytes, long offset) {
    return bytes.get(ValueLayout.JAVA_BYTE, offset);
  }

  /** Returns whether a stored blob can begin here. */
  static boolean isBlock(long block) {
    return block >= 0 && block <= BLOCK_MAX;
  }

  /** Returns a put's checksum. */
  public static int crc32c(MemorySegment bytes, long offset) {
    return getInt(bytes, offset + 4);
  }

  /** Sets a put's checksum. */
  public static void crc32c(MemorySegment bytes, long offset, int crc32c) {
    putInt(bytes, offset + 4, crc32c);
  }

  /** Returns the upper half of the id. */
  public static long idHigh(MemorySegment bytes, long offset) {
    return getLong(bytes, offset + 8);
  }

  /** Returns the lower half of the id. */
  public static long idLow(MemorySegment bytes, long offset) {
    return getLong(bytes, offset + 16);
  }

  /** Returns a put's first block. */
  public static long startBlock(MemorySegment bytes, long offset) {
    return getLong(bytes, offset + 24);
  }

  /** Sets a put's first block. */
  public static void startBlock(MemorySegment bytes, long offset, long startBlock) {
    putLong(bytes, offset + 24, startBlock);
  }

  /** Returns a put's length in bytes. */
  public static long length(MemorySegment bytes, long offset) {
    return getLong(bytes, offset + 32);
  }

  /** Returns whether a put's blob has a checksum table. */
  public static boolean hasTable(MemorySegment bytes, long offset) {
    return bytes.get(ValueLayout.JAVA_BYTE, offset + 1) == TABLE;
  }

  /** Notes that a put's blob, of 1 byte or more, has a checksum table. */
  public static void setTable(MemorySegment bytes, long offset) {
    bytes.set(ValueLayout.JAVA_BYTE, offset + 1, TABLE);
  }

  /** Returns the blocks of a put's extent. */
  public static long blocks(MemorySegment bytes, long offset) {
    return ChecksumTable.extentBlocks(length(bytes, offset), hasTable(bytes, offset));
  }

  /** Returns the version that a conditional operation expects. */
  public static long version(MemorySegment bytes, long offset) {
    return getLong(bytes, offset + 24);
  }

  /** Returns the first block that an evict or a relocate expects. */
  public static long expectedBlock(MemorySegment bytes, long offset) {
    return getLong(bytes, offset + 32);
  }

  /** Returns a relocate's new first block. */
  public static long newBlock(MemorySegment bytes, long offset) {
    return getLong(bytes, offset + 40);
  }

  /** Returns one of the three longs of the cold reference of an evict or a cold-move. */
  public static long cold(MemorySegment bytes, long offset, int index) {
    int first = kind(bytes, offset) == EVICT ? 40 : 32;
    return getLong(bytes, offset + first + 8L * index);
  }
}
