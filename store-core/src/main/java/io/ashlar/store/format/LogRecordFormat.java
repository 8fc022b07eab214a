package io.ashlar.store.format;

import static io.ashlar.store.format.LittleEndian.getInt;
import static io.ashlar.store.format.LittleEndian.getLong;
import static io.ashlar.store.format.LittleEndian.putInt;
import static io.ashlar.store.format.LittleEndian.putLong;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

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
 *   72  4  blocks of blobs directly after it
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
 * value covers the previous one, so a record fits only one history. <b>Written</b> together with
 * the blobs after it in one gathered write, or after scattered blobs (rule L17). <b>Found</b>
 * directly after its predecessor's blobs or at the start of the next log extent that its
 * predecessor names (rule L10). <b>Versions</b>: the first 8 bytes and the place of the checksum
 * and lengths never change; a whole record of an unknown version is refused. {@link LogRecord}
 * reads and checks one.
 */
public final class LogRecordFormat {

  /** The version written here. */
  public static final int VERSION = 1;

  /** The bytes of the header. */
  public static final int HEADER_BYTES = 128;

  /** The bytes that each epoch takes in the table after the header. */
  public static final int EPOCH_BYTES = 8;

  /** The longest record: what fits {@value #EPOCHS_MAX} epochs and 4 MiB. */
  public static final int RECORD_BYTES_MAX = 4 << 20;

  /** The most epochs that a record covers. */
  public static final int EPOCHS_MAX = 64;

  static final int MAGIC = 0x474f_4c41; // "ALOG"
  static final int MAGIC_OFFSET = 0;
  static final int VERSION_OFFSET = 4;
  static final int STORE_ID_OFFSET = 8;
  static final int INCARNATION_OFFSET = 16;
  static final int SEQUENCE_OFFSET = 24;
  static final int MARK_OFFSET = 32;
  static final int BLOCK_OFFSET = 40;
  static final int FIRST_EPOCH_OFFSET = 48;
  static final int EPOCHS_OFFSET = 56;
  static final int OPERATIONS_OFFSET = 60;
  static final int BYTES_OFFSET = 64;
  static final int BLOCKS_OFFSET = 68;
  static final int BEHIND_OFFSET = 72;
  static final int PREVIOUS_CHAIN_OFFSET = 76;
  static final int NEXT_START_OFFSET = 80;
  static final int NEXT_BLOCKS_OFFSET = 88;
  static final int TIME_OFFSET = 96;
  static final int RESERVED_OFFSET = 104;
  static final int RESERVED_LAST_OFFSET = 120;
  static final int CRC_OFFSET = 124;

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
    putInt(record, MAGIC_OFFSET, MAGIC);
    putInt(record, VERSION_OFFSET, VERSION);
    putLong(record, STORE_ID_OFFSET, storeId);
    putLong(record, INCARNATION_OFFSET, incarnation);
    putLong(record, SEQUENCE_OFFSET, sequence);
    putLong(record, MARK_OFFSET, mark);
    putLong(record, BLOCK_OFFSET, block);
    putLong(record, FIRST_EPOCH_OFFSET, firstEpoch);
    putInt(record, EPOCHS_OFFSET, epochs);
    putInt(record, OPERATIONS_OFFSET, operations);
    putInt(record, BYTES_OFFSET, (int) bytes);
    putInt(record, BLOCKS_OFFSET, (int) blocks);
    putInt(record, BEHIND_OFFSET, Math.toIntExact(behindBlocks));
    putInt(record, PREVIOUS_CHAIN_OFFSET, previousChain);
    putLong(record, NEXT_START_OFFSET, nextStart);
    putLong(record, NEXT_BLOCKS_OFFSET, nextBlocks);
    putLong(record, TIME_OFFSET, timeMs);
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

  /** Returns whether a block begins with the magic of a record: the cheap first look. */
  public static boolean hasMagic(MemorySegment block) {
    return getInt(block, MAGIC_OFFSET) == MAGIC;
  }

  /** Returns the same of a block that begins at {@code offset} of a little-endian buffer. */
  public static boolean hasMagic(ByteBuffer memory, int offset) {
    return memory.getInt(offset + MAGIC_OFFSET) == MAGIC;
  }

  /** Returns the blocks of a record that claims these, or 0 when its length is impossible. */
  static int claimedBlocks(int bytes, int blocks) {
    return bytes >= HEADER_BYTES && bytes <= RECORD_BYTES_MAX && blocks == Blocks.count(bytes)
        ? blocks
        : 0;
  }

  /** Returns the blocks that a record claims to have, or 0 when its length is impossible. */
  public static int claimedBlocks(MemorySegment record) {
    return claimedBlocks(getInt(record, BYTES_OFFSET), getInt(record, BLOCKS_OFFSET));
  }

  /** Returns the record's number. */
  public static long sequence(MemorySegment record) {
    return getLong(record, SEQUENCE_OFFSET);
  }

  /** Returns the first block of the reserved next log extent, or 0. */
  public static long nextStart(MemorySegment record) {
    return getLong(record, NEXT_START_OFFSET);
  }

  /** Returns the blocks of the reserved next log extent, or 0. */
  public static long nextBlocks(MemorySegment record) {
    return getLong(record, NEXT_BLOCKS_OFFSET);
  }
}
