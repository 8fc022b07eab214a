package io.ashlar.store.format;

import static io.ashlar.store.format.LittleEndian.getInt;
import static io.ashlar.store.format.LittleEndian.getLong;
import static io.ashlar.store.format.LittleEndian.putInt;
import static io.ashlar.store.format.LittleEndian.putLong;

import io.ashlar.store.FormatVersionException;
import java.lang.foreign.MemorySegment;

/**
 * A log record: what one group of epochs did; little-endian, padded with zeroes to whole blocks.
 *
 * <pre>
 *    0  4  magic "ALOG"
 *    4  4  version, 1
 *    8  8  store id
 *   16  8  incarnation
 *   24  8  sequence
 *   32  8  mark: the highest sequence known durable, in order, when this record was submitted
 *   40  8  block: where this record lies
 *   48  8  number of its first epoch
 *   56  4  epochs; 0 in an empty record (rule L31)
 *   60  4  operations
 *   64  4  bytes up to the end of the last operation
 *   68  4  blocks of this record
 *   72  4  blocks of blobs directly behind it
 *   76  4  chain value of the previous record
 *   80  8  first block of the reserved next log extent, or 0
 *   88  8  blocks of the reserved next log extent, or 0
 *   96  8  time of the commit, ms since 1970
 *  104 20  zero, checked
 *  124  4  chain value: CRC-32C of bytes 0 to 123 and of all bytes from 128 to the last block's end
 *  128  8  for each epoch: u32 operations, u32 puts
 *       …  the operations of all epochs, in order ({@link OperationFormat})
 * </pre>
 *
 * <p><b>Valid</b> here means whole and well-formed: magic, lengths and checksum are right and what
 * must be zero is. Whether it belongs to the log is rule L6, and recovery's to decide. The chain
 * value covers the previous one, so a record fits behind one history only. <b>Written</b> together
 * with the blobs behind it in one gathered write, or after scattered blobs (rule L17). <b>Found</b>
 * directly behind its predecessor's blobs or at the start of the next log extent that its
 * predecessor names (rule L10). <b>Versions</b>: the first 8 bytes and the place of the checksum
 * and lengths never change; a whole record of an unknown version is refused.
 */
public final class LogRecordFormat {

  /** The version written here. */
  public static final int VERSION = 1;

  /** The bytes of the header. */
  public static final int HEADER_BYTES = 128;

  /** The bytes that each epoch takes in the table behind the header. */
  public static final int EPOCH_BYTES = 8;

  /** The longest record: what fits {@value #EPOCHS_MAX} epochs and 4 MiB. */
  public static final int RECORD_BYTES_MAX = 4 << 20;

  /** The most epochs that a record covers. */
  public static final int EPOCHS_MAX = 64;

  private static final int MAGIC = 0x474f_4c41; // "ALOG"
  private static final int CRC_OFFSET = 124;

  private LogRecordFormat() {}

  /** Returns the bytes of a record with this many epochs and bytes of operations. */
  public static long recordBytes(int epochs, long operationBytes) {
    return HEADER_BYTES + (long) EPOCH_BYTES * epochs + operationBytes;
  }

  /**
   * Writes the header of a record whose epoch table and operations are in place already, zeroes the
   * padding, and seals it with its checksum.
   *
   * @param view the record: at least as many blocks of memory as {@code bytes} take.
   * @return the record's chain value.
   */
  public static int seal(
      ChecksumView view,
      long storeId,
      long incarnation,
      long sequence,
      long mark,
      long block,
      long firstEpoch,
      int epochs,
      int operations,
      long bytes,
      long behindBlocks,
      int previousChain,
      long nextStart,
      long nextBlocks,
      long timeMs) {
    MemorySegment record = view.memory();
    long blocks = Blocks.count(bytes);
    Blocks.zero(record, bytes, Blocks.offset(blocks));
    Blocks.zero(record, 0, HEADER_BYTES);
    putInt(record, 0, MAGIC);
    putInt(record, 4, VERSION);
    putLong(record, 8, storeId);
    putLong(record, 16, incarnation);
    putLong(record, 24, sequence);
    putLong(record, 32, mark);
    putLong(record, 40, block);
    putLong(record, 48, firstEpoch);
    putInt(record, 56, epochs);
    putInt(record, 60, operations);
    putInt(record, 64, (int) bytes);
    putInt(record, 68, (int) blocks);
    putInt(record, 72, Math.toIntExact(behindBlocks));
    putInt(record, 76, previousChain);
    putLong(record, 80, nextStart);
    putLong(record, 88, nextBlocks);
    putLong(record, 96, timeMs);
    int chain = view.crc32c(CRC_OFFSET, HEADER_BYTES, (int) Blocks.offset(blocks));
    putInt(record, CRC_OFFSET, chain);
    return chain;
  }

  /** Writes an entry of the epoch table. */
  public static void epoch(MemorySegment record, int index, int operations, int puts) {
    long offset = HEADER_BYTES + (long) EPOCH_BYTES * index;
    putInt(record, offset, operations);
    putInt(record, offset + 4, puts);
  }

  private static int checksum(MemorySegment record, long blocks) {
    return Checksum.crc32c(
        record.asSlice(0, CRC_OFFSET),
        record.asSlice(HEADER_BYTES, Blocks.offset(blocks) - HEADER_BYTES));
  }

  /** Returns whether a block begins with the magic of a record: the cheap first look. */
  public static boolean hasMagic(MemorySegment block) {
    return getInt(block, 0) == MAGIC;
  }

  /**
   * Returns the blocks of the record whose first block is {@code block}, or 0 when its header
   * claims an impossible length.
   */
  public static int claimedBlocks(MemorySegment block) {
    int bytes = getInt(block, 64);
    int blocks = getInt(block, 68);
    return bytes >= HEADER_BYTES && bytes <= RECORD_BYTES_MAX && blocks == Blocks.count(bytes)
        ? blocks
        : 0;
  }

  /**
   * Returns whether {@code record}, exactly as long as its {@link #claimedBlocks}, is whole and
   * well-formed.
   *
   * @param into receives its operations if it is.
   * @throws FormatVersionException if it is whole but of another version.
   */
  public static boolean isValid(MemorySegment record, LogOperations into) {
    long blocks = record.byteSize() / Blocks.BYTES;
    if (!hasMagic(record)
        || claimedBlocks(record) != blocks
        || getInt(record, CRC_OFFSET) != checksum(record, blocks)) {
      return false;
    }
    if (getInt(record, 4) != VERSION) {
      throw new FormatVersionException(
          "unsupported log record version: version="
              + getInt(record, 4)
              + ", supported="
              + VERSION
              + ", block="
              + block(record),
          null);
    }
    return LittleEndian.isZero(record, 104, CRC_OFFSET)
        && behindBlocks(record) >= 0
        && into.read(record);
  }

  /** Returns the store id. */
  public static long storeId(MemorySegment record) {
    return getLong(record, 8);
  }

  /** Returns the incarnation that wrote the record. */
  public static long incarnation(MemorySegment record) {
    return getLong(record, 16);
  }

  /** Returns the record's number. */
  public static long sequence(MemorySegment record) {
    return getLong(record, 24);
  }

  /** Returns the highest sequence that was durable, in order, when the record was submitted. */
  public static long mark(MemorySegment record) {
    return getLong(record, 32);
  }

  /** Returns where the record says that it lies. */
  public static long block(MemorySegment record) {
    return getLong(record, 40);
  }

  /** Returns the number of the first epoch. */
  public static long firstEpoch(MemorySegment record) {
    return getLong(record, 48);
  }

  /** Returns how many epochs the record covers. */
  public static int epochs(MemorySegment record) {
    return getInt(record, 56);
  }

  /** Returns how many operations the record holds. */
  public static int operations(MemorySegment record) {
    return getInt(record, 60);
  }

  /** Returns the bytes up to the end of the last operation. */
  public static int bytes(MemorySegment record) {
    return getInt(record, 64);
  }

  /** Returns the blocks of blobs that lie directly behind the record. */
  public static int behindBlocks(MemorySegment record) {
    return getInt(record, 72);
  }

  /** Returns the chain value of the record before. */
  public static int previousChain(MemorySegment record) {
    return getInt(record, 76);
  }

  /** Returns the first block of the reserved next log extent, or 0. */
  public static long nextStart(MemorySegment record) {
    return getLong(record, 80);
  }

  /** Returns the blocks of the reserved next log extent, or 0. */
  public static long nextBlocks(MemorySegment record) {
    return getLong(record, 88);
  }

  /** Returns the record's own chain value. */
  public static int chain(MemorySegment record) {
    return getInt(record, CRC_OFFSET);
  }

  /** Returns the operations of one epoch. */
  public static int epochOperations(MemorySegment record, int index) {
    return getInt(record, HEADER_BYTES + (long) EPOCH_BYTES * index);
  }

  /** Returns where the first operation lies. */
  public static long operationsOffset(MemorySegment record) {
    return HEADER_BYTES + (long) EPOCH_BYTES * epochs(record);
  }
}
