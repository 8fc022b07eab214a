package io.ashlar.store.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.FormatVersionException;
import io.ashlar.store.spi.ManifestNotes;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SuperblockFormatTest {

  private static final int CRC_OFFSET = Blocks.BYTES - 4;

  /** Every field another value, so that no two can be mixed up. */
  private static final Superblock FULL =
      new Superblock(
          0x1112131415161718L,
          0x4142434445464748L,
          0x3132333435363738L,
          true,
          new Superblock.Fence(0x2122232425262728L, 0x5152535455565758L),
          new Superblock.Checkpoint(
              new LogPosition(
                  0x6162636465666768L,
                  0x7172737475767778L,
                  0x0182838485868788L,
                  0x91929394,
                  new LogExtent(0x0002a1a2a3a4a5a6L, 0x0003b1b2b3b4b5b6L),
                  0x0004c1c2c3c4c5c6L,
                  new LogExtent(0x0005d1d2d3d4d5d6L, 0x0006e1e2e3e4e5e6L)),
              0x000a313233343536L,
              0x0007f1f2f3f4f5f6L,
              0x0008010203040506L,
              0x0009111213141516L,
              0x21222324),
          new ManifestNotes(
              0x2162636465666768L,
              false,
              note(0x0172737475767778L),
              List.of(note(0x0182838485868788L), note(0x0192939495969798L))));

  private static ManifestNotes.Note note(long sequence) {
    return new ManifestNotes.Note(sequence, new UUID(~sequence, ~sequence << 4));
  }

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
  void shouldWriteAndReadTheBytesOfVersionTwo(int copy) throws IOException {
    byte[] golden = HexFixture.read("superblock-v2-copy" + copy + ".hex");
    assertThat(HexFixture.format(encode(FULL, copy))).isEqualTo(HexFixture.format(golden));
    assertThat(SuperblockFormat.decode(MemorySegment.ofArray(golden), copy)).isEqualTo(FULL);
    assertThat(SuperblockFormat.decode(MemorySegment.ofArray(golden), 1 - copy)).isNull();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void shouldReadTheBytesOfVersionOneAsTieredBeforeThereWereNotes(int copy) throws IOException {
    byte[] golden = HexFixture.read("superblock-v1-copy" + copy + ".hex");
    assertThat(SuperblockFormat.decode(MemorySegment.ofArray(golden), copy))
        .isEqualTo(FULL.withNotes(ManifestNotes.BEFORE_NOTES));
    assertThat(SuperblockFormat.decode(MemorySegment.ofArray(golden), 1 - copy)).isNull();
    LittleEndian.putInt(MemorySegment.ofArray(golden), 52, 0); // never tiered
    seal(golden);
    assertThat(SuperblockFormat.decode(MemorySegment.ofArray(golden), copy))
        .extracting(Superblock::notes)
        .isEqualTo(ManifestNotes.NONE);
  }

  @Test
  void shouldRejectABitOfVersionTwoInACopyOfVersionOne() throws IOException {
    byte[] golden = HexFixture.read("superblock-v1-copy0.hex");
    for (int offset = 176; offset < CRC_OFFSET; offset++) {
      byte[] block = golden.clone();
      block[offset] = 1;
      seal(block);
      assertThat(SuperblockFormat.decode(MemorySegment.ofArray(block), 0))
          .as("offset %d", offset)
          .isNull();
    }
    byte[] block = golden.clone();
    LittleEndian.putInt(MemorySegment.ofArray(block), 52, 3);
    seal(block);
    assertThat(SuperblockFormat.decode(MemorySegment.ofArray(block), 0)).isNull();
  }

  @Test
  void shouldKeepAsManyNotesAsThereMayBe() {
    ManifestNotes notes = ManifestNotes.NONE;
    for (int i = 1; i <= ManifestNotes.SENT_MAX + 3; i++) {
      notes = notes.sending(null, note(i));
      Superblock superblock = FULL.withNotes(notes);
      MemorySegment block = MemorySegment.ofArray(encode(superblock, 1));
      assertThat(SuperblockFormat.decode(block, 1)).isEqualTo(superblock);
    }
    assertThat(notes.sent()).hasSize(ManifestNotes.SENT_MAX).startsWith(note(4));
  }

  @Test
  void shouldRejectWholeBytesWhoseNotesAreOutOfBounds() {
    long[][] wrong = {
      {176, -1},
      {176, Long.MAX_VALUE},
      {184, 0}, // with a put id
      {184, -1},
      {208, -1},
      {208, 33},
      {208, 3}, // the third has no sequence
      {208, 1}, // the second is not zero
      {216, 0},
      {216, -1}
    };
    for (long[] field : wrong) {
      byte[] block = encode(FULL, 0);
      if (field[0] == 208) {
        LittleEndian.putInt(MemorySegment.ofArray(block), field[0], (int) field[1]);
      } else {
        LittleEndian.putLong(MemorySegment.ofArray(block), field[0], field[1]);
      }
      seal(block);
      assertThat(SuperblockFormat.decode(MemorySegment.ofArray(block), 0))
          .as("offset %d, value %d", field[0], field[1])
          .isNull();
    }
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
    List<Integer> offsets = new ArrayList<>(List.of(164, 165, 166, 167, 212, 213, 214, 215));
    for (int offset = 264; offset < CRC_OFFSET; offset++) { // behind two notes
      offsets.add(offset);
    }
    for (int offset : offsets) {
      byte[] block = encode(FULL, 0);
      block[offset] = 1;
      seal(block);
      assertThat(SuperblockFormat.decode(MemorySegment.ofArray(block), 0))
          .as("offset %d", offset)
          .isNull();
    }
    for (int flag = 2; flag < 32; flag++) {
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
  @ValueSource(ints = {0, 3, -1, Integer.MAX_VALUE})
  void shouldNameTheVersionOfAWholeCopyThatItCannotRead(int version) {
    byte[] block = encode(FULL, 0);
    LittleEndian.putInt(MemorySegment.ofArray(block), 8, version);
    seal(block);
    assertThatThrownBy(() -> SuperblockFormat.decode(MemorySegment.ofArray(block), 0))
        .isInstanceOf(FormatVersionException.class)
        .hasMessageContaining("version=" + version);
    byte[] checkpoint = encode(FULL, 0);
    int old = 1; // and 0 says that there is no checkpoint
    LittleEndian.putInt(MemorySegment.ofArray(checkpoint), 132, version == 0 ? old : version);
    seal(checkpoint);
    assertThatThrownBy(() -> SuperblockFormat.decode(MemorySegment.ofArray(checkpoint), 0))
        .isInstanceOf(FormatVersionException.class)
        .hasMessageContaining("index checkpoint version");
  }
}
