package io.ashlar.store.format;

import io.ashlar.store.FormatVersionException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * One log record ({@link LogRecordFormat}) in an array. An open reads many records before the JVM
 * has compiled anything well, and plain array reads are fast from the start. So it is copied once,
 * checked there, and read from there as often as needed.
 *
 * <pre>
 *   claimedBlocks(memory) ──▶ only a header, not checked ── read(view) ──▶ a record, or false
 * </pre>
 *
 * <p>Thread: one at a time. Memory: as much heap as the longest record read, used again and again.
 */
public final class LogRecord {

  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int HEADER_WORDS = LogRecordFormat.HEADER_BYTES / Long.BYTES;
  private static final int BLOCK_WORDS = Blocks.BYTES / Long.BYTES;
  private static final int WORDS_MAX = LogRecordFormat.RECORD_BYTES_MAX / Long.BYTES;

  private final LogOperations operations = new LogOperations();
  private long[] words = new long[BLOCK_WORDS];
  private int blocks;

  /** Creates one that is no record yet. */
  public LogRecord() {}

  /**
   * Takes the header of what may be a record, and nothing else.
   *
   * @param offset where its first block begins, whole in {@code memory}.
   * @return the blocks that it claims to have, or 0 when it cannot be a record's.
   */
  public int claimedBlocks(MemorySegment memory, long offset) {
    MemorySegment.copy(memory, LONG, offset, words, 0, HEADER_WORDS);
    return intAt(LogRecordFormat.MAGIC_OFFSET) == LogRecordFormat.MAGIC
        ? LogRecordFormat.claimedBlocks(
            intAt(LogRecordFormat.BYTES_OFFSET), intAt(LogRecordFormat.BLOCKS_OFFSET))
        : 0;
  }

  /**
   * Takes a record and checks it.
   *
   * @param offset where it begins.
   * @param length its bytes: as many blocks as it claims, or it is none.
   * @return whether it is whole and well-formed; if not, there is nothing to be had.
   * @throws FormatVersionException if it is whole but of another version.
   */
  public boolean read(ChecksumView view, int offset, int length) {
    if (claimedBlocks(view.memory(), offset) * Blocks.BYTES != length
        || chain()
            != view.crc32c(
                offset, LogRecordFormat.CRC_OFFSET, LogRecordFormat.HEADER_BYTES, length)) {
      return false;
    }
    int count = length / Long.BYTES;
    if (words.length < count) {
      words = new long[Math.clamp(2L * words.length, count, WORDS_MAX)];
    }
    MemorySegment.copy(view.memory(), LONG, offset, words, 0, count);
    blocks = length / Blocks.BYTES;
    if (intAt(LogRecordFormat.VERSION_OFFSET) != LogRecordFormat.VERSION) {
      throw new FormatVersionException(
          "unsupported log record version: version="
              + intAt(LogRecordFormat.VERSION_OFFSET)
              + ", supported="
              + LogRecordFormat.VERSION
              + ", block="
              + block(),
          null);
    }
    return reservedIsZero() && behindBlocks() >= 0 && readOperations(count);
  }

  private boolean reservedIsZero() {
    long all = intAt(LogRecordFormat.RESERVED_LAST_OFFSET);
    for (int offset = LogRecordFormat.RESERVED_OFFSET;
        offset < LogRecordFormat.RESERVED_LAST_OFFSET;
        offset += Long.BYTES) {
      all |= words[offset / Long.BYTES];
    }
    return all == 0;
  }

  private boolean readOperations(int padded) {
    int epochs = epochs();
    int claimed = operationCount();
    if (epochs < 0 || epochs > LogRecordFormat.EPOCHS_MAX || claimed < 0) {
      return false;
    }
    int first = HEADER_WORDS + epochs;
    int bytes = intAt(LogRecordFormat.BYTES_OFFSET);
    if (bytes % Long.BYTES != 0 || bytes < first * Long.BYTES) {
      return false;
    }
    long counted = 0;
    for (int i = 0; i < epochs; i++) {
      counted += Integer.toUnsignedLong(epochOperations(i));
    }
    return counted == claimed && operations.read(words, first, bytes / Long.BYTES, padded, claimed);
  }

  private int intAt(int offset) {
    return (int) (words[offset / Long.BYTES] >>> (offset % Long.BYTES * Byte.SIZE));
  }

  private long longAt(int offset) {
    return words[offset / Long.BYTES];
  }

  /** Returns the operations of all epochs, before the first; one object for all records read. */
  public LogOperations operations() {
    operations.rewind();
    return operations;
  }

  /** Returns how many operations all epochs have. */
  public int operationCount() {
    return intAt(LogRecordFormat.OPERATIONS_OFFSET);
  }

  /** Returns how many operations an epoch has. */
  public int epochOperations(int index) {
    return (int) words[HEADER_WORDS + index];
  }

  /** Returns the store id. */
  public long storeId() {
    return longAt(LogRecordFormat.STORE_ID_OFFSET);
  }

  /** Returns the incarnation that wrote the record. */
  public long incarnation() {
    return longAt(LogRecordFormat.INCARNATION_OFFSET);
  }

  /** Returns the record's number. */
  public long sequence() {
    return longAt(LogRecordFormat.SEQUENCE_OFFSET);
  }

  /** Returns the highest sequence that was durable, in order, when the record was submitted. */
  public long mark() {
    return longAt(LogRecordFormat.MARK_OFFSET);
  }

  /** Returns where the record says that it lies. */
  public long block() {
    return longAt(LogRecordFormat.BLOCK_OFFSET);
  }

  /** Returns the number of the first epoch. */
  public long firstEpoch() {
    return longAt(LogRecordFormat.FIRST_EPOCH_OFFSET);
  }

  /** Returns how many epochs the record covers. */
  public int epochs() {
    return intAt(LogRecordFormat.EPOCHS_OFFSET);
  }

  /** Returns the record's own blocks. */
  public int blocks() {
    return blocks;
  }

  /** Returns the blocks of the blobs that directly follow the record. */
  public int behindBlocks() {
    return intAt(LogRecordFormat.BEHIND_OFFSET);
  }

  /** Returns the chain value of the record before. */
  public int previousChain() {
    return intAt(LogRecordFormat.PREVIOUS_CHAIN_OFFSET);
  }

  /** Returns the first block of the reserved next log extent, or 0. */
  public long nextStart() {
    return longAt(LogRecordFormat.NEXT_START_OFFSET);
  }

  /** Returns the blocks of the reserved next log extent, or 0. */
  public long nextBlocks() {
    return longAt(LogRecordFormat.NEXT_BLOCKS_OFFSET);
  }

  /** Returns the record's own chain value. */
  public int chain() {
    return intAt(LogRecordFormat.CRC_OFFSET);
  }
}
