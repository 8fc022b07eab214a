package io.ashlar.store.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class IndexCheckpointFormatTest {

  private static final int CRC_OFFSET = 76;
  private static final long STORE = 0x1112131415161718L;
  private static final long SEQUENCE = 0x2122232425262728L;
  private static final long START = 0x0002_3132_3334_3536L;
  private static final int FIRST = IndexCheckpointFormat.HEADER_BYTES;
  private static final int SECOND = FIRST + 16 + 3 * 40 + 24;
  private static final int END = SECOND + 16;

  /** The words of one entry of each kind, every field another value. */
  private static long[] oneOfEach() {
    return new long[] {
      0x51525354L,
      0x61626364L,
      EntryFormat.place(EntryFormat.STORED, 0x0000b1b2b3b4b5b6L, 0x0708),
      0x71L,
      EntryFormat.content(0x01a2a3a4, 0x41424344, true),
      0x91929394L,
      0xa1a2L,
      EntryFormat.place(EntryFormat.EVICTED, 0, 0x0fff),
      0xb1L,
      EntryFormat.content(0x02c2c3c4, 0x81828384, false),
      -0x1213L,
      -0x2223L,
      EntryFormat.place(EntryFormat.TOMBSTONE, 0, 0),
      0x3132L,
      0
    };
  }

  /** A bucket with one entry of each kind, and one without entries. */
  private static byte[] chunk() {
    byte[] block = new byte[Blocks.BYTES];
    MemorySegment chunk = MemorySegment.ofArray(block);
    long[] cold = {0xd1d2L, 0xe1e2L, 0xf1f2L};
    long bytes = IndexCheckpointFormat.bucket(chunk, FIRST, 0x40000000, 2, oneOfEach(), 3, cold, 1);
    assertThat(bytes).isEqualTo(SECOND - FIRST);
    bytes =
        IndexCheckpointFormat.bucket(chunk, SECOND, 0x80000000, 1, new long[0], 0, new long[0], 0);
    assertThat(bytes).isEqualTo(END - SECOND);
    int crc =
        IndexCheckpointFormat.seal(
            chunk, 7, STORE, SEQUENCE, START, 0x0004c1c2c3c4c5c6L, 0x55, 0x66676869, 2, 3, END);
    assertThat(LittleEndian.getInt(chunk, CRC_OFFSET)).isEqualTo(crc);
    return block;
  }

  private static int crc(byte[] chunk) {
    return LittleEndian.getInt(MemorySegment.ofArray(chunk), CRC_OFFSET);
  }

  private static int reseal(byte[] chunk) {
    MemorySegment bytes = MemorySegment.ofArray(chunk);
    int crc = Checksum.crc32c(bytes.asSlice(0, CRC_OFFSET), bytes.asSlice(FIRST));
    LittleEndian.putInt(bytes, CRC_OFFSET, crc);
    return crc;
  }

  private static boolean isValid(byte[] chunk, int crc) {
    return isValid(MemorySegment.ofArray(chunk), STORE, SEQUENCE, START, crc);
  }

  private static boolean isValid(
      MemorySegment chunk, long storeId, long sequence, long startBlock, int crc) {
    if (!IndexCheckpointFormat.isValid(chunk, storeId, sequence, startBlock, crc)) {
      return false;
    }
    IndexCheckpointBuckets buckets = new IndexCheckpointBuckets();
    buckets.read(chunk);
    while (buckets.next()) {}
    return !buckets.isDamaged();
  }

  @Test
  void shouldWriteAndReadTheBytesOfVersionTwo() throws IOException {
    byte[] golden = HexFixture.read("index-checkpoint-v2.hex");
    assertThat(HexFixture.format(chunk())).isEqualTo(HexFixture.format(golden));
    MemorySegment chunk = MemorySegment.ofArray(golden);
    assertThat(isValid(golden, crc(golden))).isTrue();
    assertThat(IndexCheckpointFormat.number(chunk)).isEqualTo(7);
    assertThat(IndexCheckpointFormat.startBlock(chunk)).isEqualTo(START);
    assertThat(IndexCheckpointFormat.previousStart(chunk)).isEqualTo(0x0004c1c2c3c4c5c6L);
    assertThat(IndexCheckpointFormat.previousBlocks(chunk)).isEqualTo(0x55);
    assertThat(IndexCheckpointFormat.previousCrc32c(chunk)).isEqualTo(0x66676869);
    assertThat(IndexCheckpointFormat.entries(chunk)).isEqualTo(3);
    IndexCheckpointBuckets buckets = new IndexCheckpointBuckets();
    buckets.read(chunk);
    assertThat(buckets.bytes()).isEqualTo(END);
    assertThat(buckets.next()).isTrue();
    assertThat(buckets.prefix()).isEqualTo(0x40000000);
    assertThat(buckets.depth()).isEqualTo(2);
    assertThat(buckets.entries()).isEqualTo(3);
    assertThat(buckets.colds()).isEqualTo(1);
    assertThat(Arrays.copyOf(buckets.words(), 15)).isEqualTo(oneOfEach());
    assertThat(buckets.cold(0, 0)).isEqualTo(0xd1d2L);
    assertThat(buckets.cold(0, 1)).isEqualTo(0xe1e2L);
    assertThat(buckets.cold(0, 2)).isEqualTo(0xf1f2L);
    assertThat(buckets.next()).isTrue();
    assertThat(buckets.prefix()).isEqualTo(0x80000000);
    assertThat(buckets.depth()).isEqualTo(1);
    assertThat(buckets.entries()).isZero();
    assertThat(buckets.next()).isFalse();
    assertThat(buckets.isDamaged()).isFalse();
  }

  @Test
  void shouldKeepAnEntrysFieldsApart() {
    long place = EntryFormat.place(EntryFormat.TOMBSTONE, (1L << 48) - 1, 0xfff);
    assertThat(place).isEqualTo(0x3fffffffffffffffL);
    assertThat(EntryFormat.kind(place)).isEqualTo(EntryFormat.TOMBSTONE);
    assertThat(EntryFormat.block(place)).isEqualTo((1L << 48) - 1);
    assertThat(EntryFormat.changeCount(place)).isEqualTo(0xfff);
    long content = EntryFormat.content(1 << 30, -1, false);
    assertThat(EntryFormat.lengthBytes(content)).isEqualTo(1 << 30);
    assertThat(EntryFormat.crc32c(content)).isEqualTo(-1);
    assertThat(EntryFormat.hasTable(content)).isFalse();
    assertThat(EntryFormat.hasTable(content | EntryFormat.TABLE)).isTrue();
  }

  @Test
  void shouldTellEntriesThatNoStoreWrites() {
    long stored = EntryFormat.place(EntryFormat.STORED, 5, 1);
    long evicted = EntryFormat.place(EntryFormat.EVICTED, 0, 1);
    long tombstone = EntryFormat.place(EntryFormat.TOMBSTONE, 0, 1);
    long longest = EntryFormat.content(1 << 30, 7, false);
    assertThat(EntryFormat.isWellFormed(stored, longest)).isTrue();
    assertThat(EntryFormat.isWellFormed(stored, longest | EntryFormat.TABLE)).isTrue();
    assertThat(EntryFormat.isWellFormed(stored, 0)).isTrue();
    assertThat(EntryFormat.isWellFormed(evicted, longest)).isTrue();
    assertThat(EntryFormat.isWellFormed(tombstone, 0)).isTrue();
    assertThat(EntryFormat.isWellFormed(stored, longest + 1)).isFalse();
    assertThat(EntryFormat.isWellFormed(stored, EntryFormat.TABLE)).isFalse();
    assertThat(EntryFormat.isWellFormed(evicted, longest + 1)).isFalse();
    assertThat(EntryFormat.isWellFormed(evicted, longest | EntryFormat.TABLE)).isFalse();
    assertThat(EntryFormat.isWellFormed(tombstone, 1)).isFalse();
    assertThat(EntryFormat.isWellFormed(tombstone | 1, 0)).isFalse();
    for (int kind : new int[] {0, 4, 15}) {
      assertThat(EntryFormat.isWellFormed(EntryFormat.place(kind, 0, 0), 0)).isFalse();
    }
  }

  @Test
  void shouldRejectAChunkWithAnyBitFlipped() {
    byte[] chunk = chunk();
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
    byte[] chunk = chunk();
    int crc = crc(chunk);
    // From the end of the last bucket on there is nothing but zeroes to cut off.
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
    byte[] bytes = chunk();
    MemorySegment chunk = MemorySegment.ofArray(bytes);
    int crc = crc(bytes);
    assertThat(isValid(chunk, STORE, SEQUENCE, START, crc)).isTrue();
    assertThat(isValid(chunk, STORE + 1, SEQUENCE, START, crc)).isFalse();
    assertThat(isValid(chunk, STORE, SEQUENCE - 1, START, crc)).isFalse();
    assertThat(isValid(chunk, STORE, SEQUENCE, START + 1, crc)).isFalse();
    assertThat(isValid(chunk, STORE, SEQUENCE, START, crc + 1)).isFalse();
  }

  @Test
  void shouldRejectWholeBucketsThatNoStoreWrites() {
    int[][] wrong = { // offset, value
      {8, 1}, // version
      {8, 3},
      {56, -1}, // entries
      {56, 2},
      {56, 4},
      {60, 0}, // end
      {60, -1},
      {60, END - 1},
      {60, END + 1},
      {60, Blocks.BYTES + 1},
      {60, FIRST - 1},
      {64, 2}, // blocks
      {68, 1}, // buckets
      {68, 3},
      {68, -1},
      {72, 1}, // zero
      {FIRST + 8, 2}, // entries of a bucket
      {FIRST + 8, 4},
      {FIRST + 8, -1},
      {FIRST + 8, Integer.MAX_VALUE},
      {FIRST + 12, 0}, // cold references
      {FIRST + 12, 2},
      {FIRST + 12, 4},
      {FIRST + 12, -1},
      {SECOND + 8, 1},
      {SECOND + 12, 1},
    };
    for (int[] field : wrong) {
      byte[] chunk = chunk();
      LittleEndian.putInt(MemorySegment.ofArray(chunk), field[0], field[1]);
      assertThat(isValid(chunk, reseal(chunk))).as("%s", Arrays.toString(field)).isFalse();
    }
  }
}
