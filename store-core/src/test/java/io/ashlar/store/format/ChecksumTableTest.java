package io.ashlar.store.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChecksumTableTest {

  private static final int CHUNK = ChecksumTable.CHUNK_BYTES;

  private static MemorySegment blob(Arena arena, int length) {
    MemorySegment bytes = arena.allocate(Math.max(8, length));
    SplittableRandom random = new SplittableRandom(length);
    for (long at = 0; at + 8 <= length; at += 8) {
      bytes.set(ValueLayout.JAVA_LONG_UNALIGNED, at, random.nextLong());
    }
    return bytes.asSlice(0, length);
  }

  private static MemorySegment table(Arena arena, MemorySegment blob) {
    long length = blob.byteSize();
    MemorySegment table = arena.allocate(Blocks.offset(Math.max(1, ChecksumTable.blocks(length))));
    for (int i = 0; i < ChecksumTable.chunks(length); i++) {
      long from = (long) i * CHUNK;
      ChecksumTable.crc32c(
          table, i, Checksum.crc32c(blob.asSlice(from, Math.min(CHUNK, length - from))));
    }
    return table;
  }

  @ParameterizedTest
  @ValueSource(
      ints = {0, 1, 9, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 4097, 40 * CHUNK - 3})
  void shouldFoldToTheChecksumOfTheWhole(int length) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment blob = blob(arena, length);
      assertThat(ChecksumTable.folded(table(arena, blob), length)).isEqualTo(Checksum.crc32c(blob));
    }
  }

  @Test
  void shouldFoldToSomethingElseWithAnyBitFlipped() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment blob = blob(arena, 20 * CHUNK + 5);
      MemorySegment table = table(arena, blob);
      int right = Checksum.crc32c(blob);
      for (long bit = 0; bit < 21 * 32; bit++) {
        long at = bit / 8;
        byte before = table.get(ValueLayout.JAVA_BYTE, at);
        table.set(ValueLayout.JAVA_BYTE, at, (byte) (before ^ 1 << bit % 8));
        assertThat(ChecksumTable.folded(table, blob.byteSize())).isNotEqualTo(right);
        table.set(ValueLayout.JAVA_BYTE, at, before);
      }
      assertThat(ChecksumTable.folded(table, blob.byteSize())).isEqualTo(right);
    }
  }

  @Test
  void shouldTakeFourBytesForEach64KiBInBlocksOfItsOwn() {
    assertThat(ChecksumTable.blocks(1)).isEqualTo(1);
    assertThat(ChecksumTable.blocks(1024L * CHUNK)).isEqualTo(1);
    assertThat(ChecksumTable.blocks(1024L * CHUNK + 1)).isEqualTo(2);
    assertThat(ChecksumTable.blocks(1L << 30)).isEqualTo(16);
    assertThat(ChecksumTable.extentBlocks(4097, true)).isEqualTo(3);
    assertThat(ChecksumTable.extentBlocks(4097, false)).isEqualTo(2);
  }
}
