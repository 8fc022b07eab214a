package io.ashlar.store.format;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BlobStore;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class IndexCheckpointFormatTest {

  private static final int CRC_OFFSET = 68;
  private static final long STORE = 0x1112131415161718L;
  private static final long SEQUENCE = 0x2122232425262728L;
  private static final long START = 0x0002_3132_3334_3536L;
  private static final int STORED = IndexCheckpointFormat.HEADER_BYTES;
  private static final int EVICTED = STORED + 48;
  private static final int TOMBSTONE = EVICTED + 64;
  private static final int END = TOMBSTONE + 32;

  /** One entry of each kind, every field another value. */
  private static byte[] oneOfEach() {
    byte[] block = new byte[Blocks.BYTES];
    MemorySegment chunk = MemorySegment.ofArray(block);
    IndexCheckpointFormat.entry(
        chunk, STORED, IndexCheckpointFormat.STORED, 0x41424344, 0x51525354L, 0x61626364L, 0x71L);
    IndexCheckpointFormat.stored(chunk, STORED, 0x01a2a3a4L, 0x0000b1b2b3b4b5b6L, false);
    IndexCheckpointFormat.entry(
        chunk, EVICTED, IndexCheckpointFormat.EVICTED, 0x81828384, 0x91929394L, 0xa1a2L, 0xb1L);
    IndexCheckpointFormat.evicted(chunk, EVICTED, 0x02c2c3c4L, 0xd1d2L, 0xe1e2L, 0xf1f2L);
    IndexCheckpointFormat.entry(
        chunk, TOMBSTONE, IndexCheckpointFormat.TOMBSTONE, 0, -0x1213L, -0x2223L, 0x3132L);
    int crc =
        IndexCheckpointFormat.seal(
            chunk, 7, STORE, SEQUENCE, START, 0x0004c1c2c3c4c5c6L, 0x55, 0x66676869, 3, END);
    assertThat(LittleEndian.getInt(chunk, CRC_OFFSET)).isEqualTo(crc);
    return block;
  }

  private static int crc(byte[] chunk) {
    return LittleEndian.getInt(MemorySegment.ofArray(chunk), CRC_OFFSET);
  }

  private static int reseal(byte[] chunk) {
    MemorySegment bytes = MemorySegment.ofArray(chunk);
    int crc =
        Checksum.crc32c(
            bytes.asSlice(0, CRC_OFFSET), bytes.asSlice(IndexCheckpointFormat.HEADER_BYTES));
    LittleEndian.putInt(bytes, CRC_OFFSET, crc);
    return crc;
  }

  private static boolean isValid(byte[] chunk, int crc) {
    return isValid(MemorySegment.ofArray(chunk), STORE, SEQUENCE, START, crc);
  }

  private static boolean isValid(
      MemorySegment chunk, long storeId, long sequence, long startBlock, int crc) {
    IndexCheckpointEntries entries = new IndexCheckpointEntries();
    if (!IndexCheckpointFormat.isValid(chunk, storeId, sequence, startBlock, crc, entries)) {
      return false;
    }
    while (entries.next()) {}
    return !entries.isDamaged();
  }

  @Test
  void shouldWriteAndReadTheBytesOfVersionOne() throws IOException {
    byte[] golden = HexFixture.read("index-checkpoint-v1.hex");
    assertThat(HexFixture.format(oneOfEach())).isEqualTo(HexFixture.format(golden));
    MemorySegment chunk = MemorySegment.ofArray(golden);
    assertThat(isValid(golden, crc(golden))).isTrue();
    assertThat(IndexCheckpointFormat.number(chunk)).isEqualTo(7);
    assertThat(IndexCheckpointFormat.previousStart(chunk)).isEqualTo(0x0004c1c2c3c4c5c6L);
    assertThat(IndexCheckpointFormat.previousBlocks(chunk)).isEqualTo(0x55);
    assertThat(IndexCheckpointFormat.previousCrc32c(chunk)).isEqualTo(0x66676869);
    assertThat(IndexCheckpointFormat.entries(chunk)).isEqualTo(3);
    IndexCheckpointEntries entries = new IndexCheckpointEntries();
    entries.read(chunk);
    assertThat(entries.next()).isTrue();
    assertThat(entries.kind()).isEqualTo(IndexCheckpointFormat.STORED);
    assertThat(entries.crc32c()).isEqualTo(0x41424344);
    assertThat(entries.idHigh()).isEqualTo(0x51525354L);
    assertThat(entries.idLow()).isEqualTo(0x61626364L);
    assertThat(entries.version()).isEqualTo(0x71L);
    assertThat(entries.length()).isEqualTo(0x01a2a3a4);
    assertThat(entries.startBlock()).isEqualTo(0x0000b1b2b3b4b5b6L);
    assertThat(entries.next()).isTrue();
    assertThat(entries.kind()).isEqualTo(IndexCheckpointFormat.EVICTED);
    assertThat(entries.length()).isEqualTo(0x02c2c3c4);
    assertThat(entries.cold(0)).isEqualTo(0xd1d2L);
    assertThat(entries.cold(1)).isEqualTo(0xe1e2L);
    assertThat(entries.cold(2)).isEqualTo(0xf1f2L);
    assertThat(entries.next()).isTrue();
    assertThat(entries.kind()).isEqualTo(IndexCheckpointFormat.TOMBSTONE);
    assertThat(entries.idHigh()).isEqualTo(-0x1213L);
    assertThat(entries.version()).isEqualTo(0x3132L);
    assertThat(entries.next()).isFalse();
    assertThat(entries.isDamaged()).isFalse();
  }

  @Test
  void shouldRejectAChunkWithAnyBitFlipped() {
    byte[] chunk = oneOfEach();
    int crc = crc(chunk);
    for (int bit = 0; bit < Blocks.BYTES * 8; bit++) {
      chunk[bit / 8] ^= (byte) (1 << bit % 8);
      assertThat(isValid(chunk, crc)).as("bit %d", bit).isFalse();
      chunk[bit / 8] ^= (byte) (1 << bit % 8);
    }
    assertThat(isValid(chunk, crc)).isTrue();
  }

  @Test
  void shouldRejectAChunkCutOffAnywhere() {
    byte[] chunk = oneOfEach();
    int crc = crc(chunk);
    // From the end of the last entry on there is nothing but zeroes to cut off.
    for (int length = 0; length < END; length++) {
      byte[] cut = Arrays.copyOf(Arrays.copyOf(chunk, length), Blocks.BYTES);
      assertThat(isValid(cut, crc) && !Arrays.equals(cut, chunk)).as("length %d", length).isFalse();
    }
    for (int blocks = 0; blocks < 3; blocks++) {
      byte[] other = Arrays.copyOf(chunk, blocks * Blocks.BYTES);
      assertThat(blocks != 1 && blocks > 0 && isValid(other, crc))
          .as("blocks %d", blocks)
          .isFalse();
    }
  }

  @Test
  void shouldRejectAWholeChunkOfAnotherStoreCheckpointOrPlace() {
    byte[] bytes = oneOfEach();
    MemorySegment chunk = MemorySegment.ofArray(bytes);
    int crc = crc(bytes);
    assertThat(isValid(chunk, STORE, SEQUENCE, START, crc)).isTrue();
    assertThat(isValid(chunk, STORE + 1, SEQUENCE, START, crc)).isFalse();
    assertThat(isValid(chunk, STORE, SEQUENCE - 1, START, crc)).isFalse();
    assertThat(isValid(chunk, STORE, SEQUENCE, START + 1, crc)).isFalse();
    assertThat(isValid(chunk, STORE, SEQUENCE, START, crc + 1)).isFalse();
  }

  @Test
  void shouldRejectWholeEntriesThatNoStoreWrites() {
    long[][] wrong = { // offset, bytes, value
      {8, 4, 2}, // version
      {56, 4, -1}, // entries
      {56, 4, 2},
      {56, 4, 4},
      {60, 4, END - 1}, // end
      {60, 4, END + 1},
      {60, 4, Blocks.BYTES + 1},
      {60, 4, IndexCheckpointFormat.HEADER_BYTES - 1},
      {64, 4, 2}, // blocks
      {STORED, 1, 0}, // kind
      {STORED, 1, 4},
      {STORED, 1, -1},
      {STORED + 1, 1, 2}, // flags
      {EVICTED + 1, 1, 1},
      {TOMBSTONE + 1, 1, 1},
      {STORED + 2, 1, 1}, // zero
      {STORED + 3, 1, 1},
      {STORED + 32, 8, -1}, // length
      {STORED + 32, 8, BlobStore.BLOB_BYTES_MAX + 1},
      {EVICTED + 32, 8, -1},
      {EVICTED + 32, 8, BlobStore.BLOB_BYTES_MAX + 1},
      {STORED + 40, 8, -1}, // first block
      {STORED + 40, 8, OperationFormat.BLOCK_MAX + 1},
      {EVICTED, 1, IndexCheckpointFormat.STORED},
      {TOMBSTONE, 1, IndexCheckpointFormat.EVICTED},
    };
    for (long[] field : wrong) {
      byte[] chunk = oneOfEach();
      MemorySegment bytes = MemorySegment.ofArray(chunk);
      switch ((int) field[1]) {
        case 1 -> bytes.set(ValueLayout.JAVA_BYTE, field[0], (byte) field[2]);
        case 4 -> LittleEndian.putInt(bytes, field[0], (int) field[2]);
        default -> LittleEndian.putLong(bytes, field[0], field[2]);
      }
      assertThat(isValid(chunk, reseal(chunk))).as("%s", Arrays.toString(field)).isFalse();
    }
  }
}
