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

class SuperblockFormatTest {

  private static final int CRC_OFFSET = Blocks.BYTES - 4;

  /** Every field another value, so that no two can be mixed up. */
  private static final Superblock FULL =
      new Superblock(
          0x1112131415161718L,
          0x2122232425262728L,
          0x3132333435363738L,
          0x4142434445464748L,
          true,
          0x5152535455565758L,
          new LogPosition(
              0x6162636465666768L,
              0x7172737475767778L,
              0x0182838485868788L,
              0x91929394,
              0x0002a1a2a3a4a5a6L,
              0x0003b1b2b3b4b5b6L,
              0x0004c1c2c3c4c5c6L,
              0x0005d1d2d3d4d5d6L,
              0x0006e1e2e3e4e5e6L),
          0x000a313233343536L,
          0x0007f1f2f3f4f5f6L,
          0x0008010203040506L,
          0x0009111213141516L,
          0x21222324);

  private static byte[] encode(Superblock superblock, int copy) {
    byte[] block = new byte[Blocks.BYTES];
    SuperblockFormat.encode(superblock, copy, MemorySegment.ofArray(block));
    return block;
  }

  private static void seal(byte[] block) {
    MemorySegment bytes = MemorySegment.ofArray(block);
    LittleEndian.putInt(bytes, CRC_OFFSET, Checksum.crc32c(bytes.asSlice(0, CRC_OFFSET)));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void shouldWriteAndReadTheBytesOfVersionOne(int copy) throws IOException {
    byte[] golden = HexFixture.read("superblock-v1-copy" + copy + ".hex");
    assertThat(HexFixture.format(encode(FULL, copy))).isEqualTo(HexFixture.format(golden));
    assertThat(SuperblockFormat.decode(MemorySegment.ofArray(golden), copy)).isEqualTo(FULL);
    assertThat(SuperblockFormat.decode(MemorySegment.ofArray(golden), 1 - copy)).isNull();
  }

  @Test
  void shouldRejectACopyWithAnyBitFlipped() {
    byte[] block = encode(FULL, 0);
    MemorySegment bytes = MemorySegment.ofArray(block);
    for (int bit = 0; bit < Blocks.BYTES * 8; bit++) {
      block[bit / 8] ^= (byte) (1 << bit % 8);
      assertThat(SuperblockFormat.decode(bytes, 0)).as("bit %d", bit).isNull();
      block[bit / 8] ^= (byte) (1 << bit % 8);
    }
    assertThat(SuperblockFormat.decode(bytes, 0)).isEqualTo(FULL);
  }

  @Test
  void shouldRejectACopyCutOffAnywhere() {
    byte[] block = encode(FULL, 0);
    for (int length = 0; length < Blocks.BYTES; length++) {
      // The rest as on a disk that was zeroed ahead.
      byte[] cut = Arrays.copyOf(Arrays.copyOf(block, length), Blocks.BYTES);
      assertThat(SuperblockFormat.decode(MemorySegment.ofArray(cut), 0))
          .as("length %d", length)
          .isNull();
    }
  }

  @Test
  void shouldRejectWholeBytesThatAreReservedAndNotZero() {
    for (int offset = 164; offset < CRC_OFFSET; offset = offset == 167 ? 176 : offset + 1) {
      byte[] block = encode(FULL, 0);
      block[offset] = 1;
      seal(block);
      assertThat(SuperblockFormat.decode(MemorySegment.ofArray(block), 0))
          .as("offset %d", offset)
          .isNull();
    }
    for (int flag = 1; flag < 32; flag++) {
      byte[] block = encode(FULL, 0);
      LittleEndian.putInt(MemorySegment.ofArray(block), 52, 1 << flag);
      seal(block);
      assertThat(SuperblockFormat.decode(MemorySegment.ofArray(block), 0))
          .as("flag %d", flag)
          .isNull();
    }
  }

  @Test
  void shouldRejectAWholeCopyOfAnotherBlockSize() {
    byte[] block = encode(FULL, 0);
    LittleEndian.putInt(MemorySegment.ofArray(block), 48, 8192);
    seal(block);
    assertThat(SuperblockFormat.decode(MemorySegment.ofArray(block), 0)).isNull();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 2, -1, Integer.MAX_VALUE})
  void shouldNameTheVersionOfAWholeCopyThatItCannotRead(int version) {
    byte[] block = encode(FULL, 0);
    LittleEndian.putInt(MemorySegment.ofArray(block), 8, version);
    seal(block);
    assertThatThrownBy(() -> SuperblockFormat.decode(MemorySegment.ofArray(block), 0))
        .isInstanceOf(FormatVersionException.class)
        .hasMessageContaining("version=" + version);
    byte[] checkpoint = encode(FULL, 0);
    int old = 1; // and 0 says that there is no checkpoint
    LittleEndian.putInt(
        MemorySegment.ofArray(checkpoint), 132, version == 0 || version == 2 ? old : version);
    seal(checkpoint);
    assertThatThrownBy(() -> SuperblockFormat.decode(MemorySegment.ofArray(checkpoint), 0))
        .isInstanceOf(FormatVersionException.class)
        .hasMessageContaining("index checkpoint version");
  }
}
