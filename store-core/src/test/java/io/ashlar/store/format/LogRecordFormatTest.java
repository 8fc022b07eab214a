package io.ashlar.store.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.FormatVersionException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LogRecordFormatTest {

  private static final int CRC_OFFSET = 124;
  private static final long STORE = 0x1112131415161718L;

  /** Two epochs with one operation of each kind: 128 + 2 × 8 + 40 + 24 + 64 + 48 + 56 bytes. */
  private static byte[] twoEpochs() {
    byte[] block = new byte[Blocks.BYTES];
    MemorySegment record = MemorySegment.ofArray(block);
    LogRecordFormat.epoch(record, 0, 2, 1);
    LogRecordFormat.epoch(record, 1, 3, 0);
    long offset = LogRecordFormat.recordBytes(2, 0);
    OperationFormat.put(
        record, offset, 0xa1a2a3a4a5a6a7a8L, 0xb1b2b3b4b5b6b7b8L, 0xc1c2c3c4, 0x0d1d2d3, 0x12345);
    offset += OperationFormat.PUT_BYTES;
    OperationFormat.delete(record, offset, 0xd1d2d3d4d5d6d7d8L, 0xe1e2e3e4e5e6e7e8L);
    offset += OperationFormat.DELETE_BYTES;
    OperationFormat.evict(record, offset, 1, 2, 3, 4, 5, 6, 7);
    offset += OperationFormat.EVICT_BYTES;
    OperationFormat.relocate(record, offset, 8, 9, 10, 11, 12);
    offset += OperationFormat.bytes(OperationFormat.RELOCATE);
    OperationFormat.coldMove(record, offset, 13, 14, 15, 16, 17, 18);
    offset += OperationFormat.bytes(OperationFormat.COLD_MOVE);
    int chain =
        LogRecordFormat.seal(
            new ChecksumView(record),
            STORE,
            0x2122232425262728L,
            0x3132333435363738L,
            0x3132333435363737L,
            0x4142434445464748L,
            0x5152535455565758L,
            2,
            5,
            offset,
            0x61626364,
            0x71727374,
            0x0182838485868788L,
            0x0192939495969798L,
            0x01a2a3a4a5a6a7a8L);
    assertThat(LogRecordFields.chain(record)).isEqualTo(chain);
    return block;
  }

  /** A record of two blocks. */
  private static byte[] longRecord() {
    int operations = 300;
    long bytes = LogRecordFormat.recordBytes(1, (long) operations * OperationFormat.DELETE_BYTES);
    byte[] blocks = new byte[(int) Blocks.roundUp(bytes)];
    MemorySegment record = MemorySegment.ofArray(blocks);
    LogRecordFormat.epoch(record, 0, operations, 0);
    for (int i = 0; i < operations; i++) {
      OperationFormat.delete(
          record, LogRecordFormat.recordBytes(1, (long) i * OperationFormat.DELETE_BYTES), i, -i);
    }
    var _ =
        LogRecordFormat.seal(
            new ChecksumView(record), STORE, 1, 2, 1, 77, 1, 1, operations, bytes, 0, 3, 0, 0, 4);
    return blocks;
  }

  private static void seal(byte[] record) {
    MemorySegment bytes = MemorySegment.ofArray(record);
    LittleEndian.putInt(
        bytes,
        CRC_OFFSET,
        Checksum.crc32c(bytes.asSlice(0, CRC_OFFSET), bytes.asSlice(LogRecordFormat.HEADER_BYTES)));
  }

  private static boolean isValid(byte[] record) {
    return new LogRecord().read(new ChecksumView(MemorySegment.ofArray(record)), 0, record.length);
  }

  @Test
  void shouldWriteAndReadTheBytesOfVersionOne() throws IOException {
    byte[] golden = HexFixture.read("log-record-v1.hex");
    assertThat(HexFixture.format(twoEpochs())).isEqualTo(HexFixture.format(golden));
    MemorySegment record = MemorySegment.ofArray(golden);
    assertThat(LogRecordFormat.hasMagic(record)).isTrue();
    assertThat(LogRecordFields.claimedBlocks(record)).isEqualTo(1);
    assertThat(isValid(golden)).isTrue();
    assertThat(LogRecordFields.storeId(record)).isEqualTo(STORE);
    assertThat(LogRecordFields.incarnation(record)).isEqualTo(0x2122232425262728L);
    assertThat(LogRecordFormat.sequence(record)).isEqualTo(0x3132333435363738L);
    assertThat(LogRecordFields.mark(record)).isEqualTo(0x3132333435363737L);
    assertThat(LogRecordFields.block(record)).isEqualTo(0x4142434445464748L);
    assertThat(LogRecordFields.firstEpoch(record)).isEqualTo(0x5152535455565758L);
    assertThat(LogRecordFields.epochs(record)).isEqualTo(2);
    assertThat(LogRecordFields.operations(record)).isEqualTo(5);
    assertThat(LogRecordFields.bytes(record)).isEqualTo(376);
    assertThat(LogRecordFields.behindBlocks(record)).isEqualTo(0x61626364);
    assertThat(LogRecordFields.previousChain(record)).isEqualTo(0x71727374);
    assertThat(LogRecordFormat.nextStart(record)).isEqualTo(0x0182838485868788L);
    assertThat(LogRecordFormat.nextBlocks(record)).isEqualTo(0x0192939495969798L);
    assertThat(LogRecordFields.epochOperations(record, 0)).isEqualTo(2);
    assertThat(LogRecordFields.epochOperations(record, 1)).isEqualTo(3);
    assertThat(LogRecordFields.operationsOffset(record)).isEqualTo(144);
  }

  @Test
  void shouldReadTheSameInAnArrayWhereverTheRecordLies() throws IOException {
    byte[] golden = HexFixture.read("log-record-v1.hex");
    MemorySegment format = MemorySegment.ofArray(golden);
    byte[] memory = new byte[3 * Blocks.BYTES];
    System.arraycopy(golden, 0, memory, Blocks.BYTES, golden.length);
    ChecksumView view = new ChecksumView(MemorySegment.ofArray(memory));
    LogRecord record = new LogRecord();
    assertThat(record.claimedBlocks(view.memory(), 0)).isZero();
    assertThat(record.claimedBlocks(view.memory(), Blocks.BYTES)).isEqualTo(1);
    assertThat(record.read(view, Blocks.BYTES, Blocks.BYTES)).isTrue();
    assertThat(record.storeId()).isEqualTo(LogRecordFields.storeId(format));
    assertThat(record.incarnation()).isEqualTo(LogRecordFields.incarnation(format));
    assertThat(record.sequence()).isEqualTo(LogRecordFormat.sequence(format));
    assertThat(record.mark()).isEqualTo(LogRecordFields.mark(format));
    assertThat(record.block()).isEqualTo(LogRecordFields.block(format));
    assertThat(record.firstEpoch()).isEqualTo(LogRecordFields.firstEpoch(format));
    assertThat(record.epochs()).isEqualTo(LogRecordFields.epochs(format));
    assertThat(record.blocks()).isEqualTo(LogRecordFields.claimedBlocks(format));
    assertThat(record.behindBlocks()).isEqualTo(LogRecordFields.behindBlocks(format));
    assertThat(record.previousChain()).isEqualTo(LogRecordFields.previousChain(format));
    assertThat(record.nextStart()).isEqualTo(LogRecordFormat.nextStart(format));
    assertThat(record.nextBlocks()).isEqualTo(LogRecordFormat.nextBlocks(format));
    assertThat(record.chain()).isEqualTo(LogRecordFields.chain(format));
    assertThat(record.epochOperations(0)).isEqualTo(LogRecordFields.epochOperations(format, 0));
    assertThat(record.epochOperations(1)).isEqualTo(LogRecordFields.epochOperations(format, 1));
    for (int pass = 0; pass < 2; pass++) {
      LogOperations operations = record.operations();
      long offset = LogRecordFields.operationsOffset(format);
      for (int i = 0; i < LogRecordFields.operations(format); i++) {
        assertThat(operations.next()).isTrue();
        assertThat(operations.kind()).isEqualTo(OperationFormat.kind(format, offset));
        assertThat(operations.idHigh()).isEqualTo(OperationFormat.idHigh(format, offset));
        assertThat(operations.idLow()).isEqualTo(OperationFormat.idLow(format, offset));
        if (operations.kind() == OperationFormat.PUT) {
          assertThat(operations.crc32c()).isEqualTo(OperationFormat.crc32c(format, offset));
          assertThat(operations.startBlock()).isEqualTo(OperationFormat.startBlock(format, offset));
          assertThat(operations.length()).isEqualTo(OperationFormat.length(format, offset));
          assertThat(operations.hasTable()).isEqualTo(OperationFormat.hasTable(format, offset));
        }
        offset += OperationFormat.bytes(operations.kind());
      }
      assertThat(operations.next()).isFalse();
    }
  }

  @Test
  void shouldReadEveryKindOfOperation() throws IOException {
    MemorySegment record = MemorySegment.ofArray(HexFixture.read("log-record-v1.hex"));
    long put = 144;
    assertThat(OperationFormat.kind(record, put)).isEqualTo(OperationFormat.PUT);
    assertThat(OperationFormat.idHigh(record, put)).isEqualTo(0xa1a2a3a4a5a6a7a8L);
    assertThat(OperationFormat.idLow(record, put)).isEqualTo(0xb1b2b3b4b5b6b7b8L);
    assertThat(OperationFormat.crc32c(record, put)).isEqualTo(0xc1c2c3c4);
    assertThat(OperationFormat.startBlock(record, put)).isEqualTo(0x0d1d2d3);
    assertThat(OperationFormat.length(record, put)).isEqualTo(0x12345);
    long delete = put + OperationFormat.PUT_BYTES;
    assertThat(OperationFormat.kind(record, delete)).isEqualTo(OperationFormat.DELETE);
    assertThat(OperationFormat.idHigh(record, delete)).isEqualTo(0xd1d2d3d4d5d6d7d8L);
    long evict = delete + OperationFormat.DELETE_BYTES;
    assertThat(OperationFormat.kind(record, evict)).isEqualTo(OperationFormat.EVICT);
    assertThat(OperationFormat.version(record, evict)).isEqualTo(3);
    assertThat(OperationFormat.expectedBlock(record, evict)).isEqualTo(4);
    assertThat(OperationFormat.cold(record, evict, 0)).isEqualTo(5);
    assertThat(OperationFormat.cold(record, evict, 2)).isEqualTo(7);
    long relocate = evict + OperationFormat.EVICT_BYTES;
    assertThat(OperationFormat.kind(record, relocate)).isEqualTo(OperationFormat.RELOCATE);
    assertThat(OperationFormat.version(record, relocate)).isEqualTo(10);
    assertThat(OperationFormat.expectedBlock(record, relocate)).isEqualTo(11);
    assertThat(OperationFormat.newBlock(record, relocate)).isEqualTo(12);
    long coldMove = relocate + OperationFormat.bytes(OperationFormat.RELOCATE);
    assertThat(OperationFormat.kind(record, coldMove)).isEqualTo(OperationFormat.COLD_MOVE);
    assertThat(OperationFormat.version(record, coldMove)).isEqualTo(15);
    assertThat(OperationFormat.cold(record, coldMove, 0)).isEqualTo(16);
    assertThat(OperationFormat.cold(record, coldMove, 2)).isEqualTo(18);
  }

  @Test
  void shouldRejectARecordWithAnyBitFlipped() {
    for (byte[] record : new byte[][] {twoEpochs(), longRecord()}) {
      assertThat(isValid(record)).isTrue();
      for (int bit = 0; bit < record.length * 8; bit++) {
        record[bit / 8] ^= (byte) (1 << bit % 8);
        assertThat(isValid(record)).as("bit %d", bit).isFalse();
        record[bit / 8] ^= (byte) (1 << bit % 8);
      }
      assertThat(isValid(record)).isTrue();
    }
  }

  @Test
  void shouldRejectARecordCutOffAnywhereInIt() {
    for (byte[] record : new byte[][] {twoEpochs(), longRecord()}) {
      int used = LogRecordFields.bytes(MemorySegment.ofArray(record));
      while (record[used - 1] == 0) {
        used--; // what is zero anyway cannot be missed
      }
      for (int length = 0; length < record.length; length++) {
        byte[] cut = Arrays.copyOf(Arrays.copyOf(record, length), record.length);
        assertThat(isValid(cut)).as("length %d", length).isEqualTo(length >= used);
      }
    }
  }

  @Test
  void shouldRejectARecordOfAnotherLengthThanItClaims() {
    byte[] record = longRecord();
    assertThat(isValid(Arrays.copyOf(record, Blocks.BYTES))).isFalse();
    assertThat(isValid(Arrays.copyOf(record, record.length + Blocks.BYTES))).isFalse();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, 127, LogRecordFormat.RECORD_BYTES_MAX + 1, Integer.MAX_VALUE})
  void shouldClaimNoBlocksForAnImpossibleLength(int bytes) {
    byte[] record = twoEpochs();
    MemorySegment segment = MemorySegment.ofArray(record);
    LittleEndian.putInt(segment, 64, bytes);
    LittleEndian.putInt(segment, 68, (int) Blocks.count(bytes));
    assertThat(LogRecordFields.claimedBlocks(segment)).isZero();
  }

  @Test
  void shouldRejectWholeRecordsWhoseCountsDoNotAddUp() {
    // offset of a 32-bit field, and values that a checksum alone would let pass
    int[][] hostile = {
      {56, -1},
      {56, 0},
      {56, 1},
      {56, 65},
      {56, Integer.MAX_VALUE}, // epochs
      {60, -1},
      {60, 0},
      {60, 4},
      {60, 6},
      {60, Integer.MAX_VALUE}, // operations
      {64, 128},
      {64, 375},
      {64, 377},
      {64, 4096}, // bytes
      {72, -1},
      {72, Integer.MIN_VALUE}, // blocks behind
      {104, 1},
      {120, 1 << 31}, // reserved
      {128, 1},
      {128, -1},
      {136, Integer.MAX_VALUE}, // operations of an epoch
      {144, 0},
      {144, 6},
      {144, 0x201},
      {184, 0x102}, // a delete has no table
      {144, 0x10001}, // kind, flags, zeroes
      {172, Integer.MIN_VALUE},
      {172, -1},
      {172, 0x10000}, // first block
      {176, -1},
      {180, -1},
      {180, 1},
      {176, 0x4000_0001}, // length
      {316, -1},
      {316, 0x10000}, // where a relocate moves to
      {376, 1},
      {4092, 1}, // padding
    };
    for (int[] change : hostile) {
      byte[] record = twoEpochs();
      LittleEndian.putInt(MemorySegment.ofArray(record), change[0], change[1]);
      seal(record);
      assertThat(isValid(record)).as("offset %d, value %d", change[0], change[1]).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 2, -1, Integer.MAX_VALUE})
  void shouldNameTheVersionOfAWholeRecordThatItCannotRead(int version) {
    byte[] record = twoEpochs();
    LittleEndian.putInt(MemorySegment.ofArray(record), 4, version);
    seal(record);
    assertThatThrownBy(() -> isValid(record))
        .isInstanceOf(FormatVersionException.class)
        .hasMessageContaining("version=" + version);
  }
}
