package io.ashlar.tier.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.tier.batch.BatchFormatException.Check;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BatchCodecTest {
  private final BatchCodec codec = new BatchCodec();

  /** An entry on the heap. */
  @SuppressWarnings("ArrayRecordComponent")
  record Entry(byte[] key, byte[] data) {}

  static byte[] encode(List<Entry> entries) {
    try (BatchEncoder encoder = new BatchCodec().newEncoder()) {
      for (Entry entry : entries) {
        encoder.add(MemorySegment.ofArray(entry.key), MemorySegment.ofArray(entry.data));
      }
      return encoder.encode().toArray(ValueLayout.JAVA_BYTE);
    }
  }

  static List<Entry> decode(byte[] object) {
    try (Arena arena = Arena.ofConfined()) {
      List<Entry> entries = new ArrayList<>();
      for (BatchEntry entry : new BatchCodec().decode(MemorySegment.ofArray(object), arena)) {
        entries.add(
            new Entry(
                entry.key().toArray(ValueLayout.JAVA_BYTE),
                entry.data().toArray(ValueLayout.JAVA_BYTE)));
      }
      return entries;
    }
  }

  static void assertSame(List<Entry> actual, List<Entry> expected) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < expected.size(); i++) {
      assertThat(actual.get(i).key).isEqualTo(expected.get(i).key);
      assertThat(actual.get(i).data).isEqualTo(expected.get(i).data);
    }
  }

  static Entry entry(String key, String data) {
    return new Entry(key.getBytes(StandardCharsets.UTF_8), data.getBytes(StandardCharsets.UTF_8));
  }

  /** A whole object around a given compressed part, with a right checksum. */
  static byte[] object(int version, int count, int size, int prefix, byte[] block) {
    int header = version == 1 ? BatchCodec.HEADER_BYTES_V1 : BatchCodec.HEADER_BYTES;
    ByteBuffer bytes =
        ByteBuffer.allocate(header + BatchCodec.PREFIX_BYTES + block.length)
            .order(ByteOrder.LITTLE_ENDIAN);
    bytes.putInt(BatchCodec.MAGIC_WORD).putInt(version).putInt(count).putInt(size);
    bytes.putInt(header, prefix).put(header + BatchCodec.PREFIX_BYTES, block);
    if (version == 2) {
      fixChecksum(bytes.array());
    }
    return bytes.array();
  }

  static void fixChecksum(byte[] object) {
    CRC32C crc = new CRC32C();
    crc.update(object, BatchCodec.HEADER_BYTES, object.length - BatchCodec.HEADER_BYTES);
    ByteBuffer.wrap(object)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(BatchCodec.CRC_OFFSET, (int) crc.getValue());
  }

  private void assertRefused(byte[] object, Check check) {
    try (Arena arena = Arena.ofConfined()) {
      assertThatThrownBy(() -> codec.decode(MemorySegment.ofArray(object), arena))
          .isInstanceOfSatisfying(
              BatchFormatException.class, e -> assertThat(e.check()).isEqualTo(check));
    }
  }

  @Test
  void shouldUseTheCastagnoliPolynomial() {
    byte[] check = "123456789".getBytes(StandardCharsets.UTF_8);
    assertThat(BatchCodec.crc32c(MemorySegment.ofArray(check))).isEqualTo(0xE3069283);
  }

  @Test
  void shouldWriteExactlyTheseBytes() {
    byte[] object = encode(List.of(entry("k", "v")));
    assertThat(HexFormat.of().formatHex(object))
        .isEqualTo(
            "4c434231" // magic
                + "02000000" // version
                + "01000000" // entries
                + "0a000000" // uncompressed size
                + "3e181889" // CRC-32C
                + "0a000000" // size prefix
                + "a0" // token: ten literals
                + "01000000"
                + "6b" // key
                + "01000000"
                + "76"); // data
  }

  @Test
  void shouldKeepOrderDuplicatesAndEmptyKeysAndData() {
    List<Entry> entries =
        List.of(
            entry("b", "1"),
            entry("a", "2"),
            entry("b", "3"),
            entry("", ""),
            entry("", "x"),
            entry("y", ""));
    assertSame(decode(encode(entries)), entries);
    assertSame(decode(encode(List.of())), List.of());
  }

  @Test
  void shouldRoundTripRandomBatches() {
    long seed = Long.getLong("test.seed", 42);
    Random random = new Random(seed);
    for (int round = 0; round < 300; round++) {
      List<Entry> entries = new ArrayList<>();
      int count = random.nextInt(20);
      for (int i = 0; i < count; i++) {
        byte[] key = new byte[random.nextInt(30)];
        random.nextBytes(key);
        byte[] data = new byte[random.nextInt(round < 290 ? 2_000 : 200_000)];
        if (random.nextBoolean()) {
          random.nextBytes(data);
        }
        entries.add(new Entry(key, data));
      }
      byte[] object = encode(entries);
      assertSame(decode(object), entries);

      // The same compressed part is a version 1 object under a shorter header.
      BatchHeader header = codec.header(MemorySegment.ofArray(object));
      byte[] block = new byte[object.length - 24];
      System.arraycopy(object, 24, block, 0, block.length);
      int size = (int) header.bodyBytes();
      assertSame(decode(object(1, count, size, size, block)), entries);
    }
  }

  @Test
  void shouldRefuseEveryFlippedBit() {
    byte[] object =
        encode(List.of(entry("first", "some data"), entry("second", "more ".repeat(20))));
    for (int bit = 0; bit < object.length * 8; bit++) {
      byte[] flipped = object.clone();
      flipped[bit / 8] ^= (byte) (1 << (bit % 8));
      assertThatThrownBy(() -> decode(flipped))
          .as("bit %d", bit)
          .isInstanceOf(BatchFormatException.class);
    }
  }

  @Test
  void shouldRefuseEveryTruncationOfBothVersions() throws IOException {
    for (String file : List.of("ok_v1_three.lcb1", "ok_v2_three_fast.lcb1", "ok_v2_one_lit.lcb1")) {
      byte[] object = BatchFixturesTest.fixture(file);
      for (int length = 0; length < object.length; length++) {
        byte[] cut = Arrays.copyOf(object, length);
        assertThatThrownBy(() -> decode(cut))
            .as("%s cut to %d", file, length)
            .isInstanceOf(BatchFormatException.class);
      }
    }
  }

  /** Defect 4: the checksum does not cover the header, so a lowered count lost entries. */
  @Test
  void defect4ShouldRefuseALoweredEntryCount() {
    byte[] object = encode(List.of(entry("a", "1"), entry("b", "2")));
    object[BatchCodec.COUNT_OFFSET] = 1;
    assertRefused(object, Check.BODY_NOT_CONSUMED);
    object[BatchCodec.COUNT_OFFSET] = 0;
    assertRefused(object, Check.BODY_NOT_CONSUMED);
  }

  @Test
  void defect4ShouldRefuseAHeaderSizeThatDiffersFromThePrefix() {
    byte[] object = encode(List.of(entry("a", "1")));
    object[BatchCodec.SIZE_OFFSET]++;
    assertRefused(object, Check.SIZE_MISMATCH);
  }

  /** Defect 5: a count of 2^32 - 1 aborted the process. */
  @Test
  void defect5ShouldBoundTheEntryCountBeforeAllocating() {
    byte[] block = {0x00};
    assertRefused(object(2, -1, 0, 0, block), Check.COUNT_BOUND);
  }

  /** Defect 5: the size prefix sized an allocation of up to 4 GiB. */
  @Test
  void defect5ShouldBoundTheSizeByTheInputAndByTheCapBeforeAllocating() {
    byte[] block = {0x00};
    assertRefused(object(2, 0, -1, -1, block), Check.SIZE_BOUND);
    assertRefused(object(2, 0, Integer.MIN_VALUE, Integer.MIN_VALUE, block), Check.SIZE_BOUND);
    assertRefused(object(2, 0, 256, 256, block), Check.SIZE_BOUND);

    byte[] object = encode(List.of(new Entry(new byte[0], new byte[1000])));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = MemorySegment.ofArray(object);
      assertThat(new BatchCodec(1008).decode(bytes, arena).count()).isEqualTo(1);
      BoundedAllocator none = new BoundedAllocator(arena, 0);
      assertThatThrownBy(() -> new BatchCodec(1007).decode(bytes, none))
          .isInstanceOfSatisfying(
              BatchFormatException.class, e -> assertThat(e.check()).isEqualTo(Check.SIZE_BOUND));
    }
  }

  @Test
  void defect5ShouldWalkTheBlockBeforeAllocating() {
    // Claims 255 bytes, gives 3: nothing may be allocated for the claim.
    byte[] block = {0x30, 1, 2, 3};
    try (Arena arena = Arena.ofConfined()) {
      BoundedAllocator none = new BoundedAllocator(arena, 0);
      MemorySegment bytes = MemorySegment.ofArray(object(2, 0, 255, 255, block));
      assertThatThrownBy(() -> codec.decode(bytes, none))
          .isInstanceOfSatisfying(
              BatchFormatException.class, e -> assertThat(e.check()).isEqualTo(Check.COMPRESSION));
    }
  }

  /** Defect 6: lengths were cast to 32 bits. */
  @Test
  void defect6ShouldRefuseLengthsAbove32Bits(@TempDir Path folder) throws IOException {
    long length = (1L << 32) + 5;
    Path file = folder.resolve("sparse");
    try (Arena arena = Arena.ofConfined();
        FileChannel channel =
            FileChannel.open(
                file,
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                StandardOpenOption.SPARSE);
        BatchEncoder encoder = codec.newEncoder()) {
      channel.write(ByteBuffer.allocate(1), length - 1);
      MemorySegment huge = channel.map(FileChannel.MapMode.READ_ONLY, 0, length, arena);
      MemorySegment small = MemorySegment.ofArray(new byte[1]);
      for (Runnable add :
          List.<Runnable>of(() -> encoder.add(huge, small), () -> encoder.add(small, huge))) {
        assertThatThrownBy(add::run)
            .isInstanceOfSatisfying(
                BatchFormatException.class, e -> assertThat(e.check()).isEqualTo(Check.TOO_LARGE))
            .hasMessageContaining(Long.toString(length));
      }
      assertThat(encoder.entries()).isZero();
      assertThat(encoder.bodyBytes()).isZero();
    }
  }

  /** Defect 6: keys that are not UTF-8 collapsed into equal ones. */
  @Test
  void defect6ShouldKeepKeysThatAreNotTextApart() {
    byte[] one = {(byte) 0xff};
    byte[] two = {(byte) 0xfe};
    byte[] object = encode(List.of(new Entry(one, one), new Entry(two, two)));
    assertSame(decode(object), List.of(new Entry(one, one), new Entry(two, two)));
    try (Arena arena = Arena.ofConfined()) {
      BatchEntry entry = codec.decode(MemorySegment.ofArray(object), arena).iterator().next();
      assertThatThrownBy(entry::keyText)
          .isInstanceOfSatisfying(
              BatchFormatException.class, e -> assertThat(e.check()).isEqualTo(Check.KEY_TEXT));
      BatchEntry text =
          codec
              .decode(MemorySegment.ofArray(encode(List.of(entry("é", "")))), arena)
              .iterator()
              .next();
      assertThat(text.keyText()).isEqualTo("é");
    }
  }

  @Test
  void shouldAnswerForVersion3ByNumber() {
    byte[] object = encode(List.of(entry("a", "1")));
    object[BatchCodec.VERSION_OFFSET] = 3;
    assertThatThrownBy(() -> decode(object))
        .isInstanceOf(BatchFormatException.class)
        .hasMessageStartingWith("unsupported batch version 3");
  }

  @Test
  void shouldEncodeTheSameAgainAndReuseItsMemory() {
    try (BatchEncoder encoder = codec.newEncoder()) {
      MemorySegment key = MemorySegment.ofArray(new byte[] {1});
      MemorySegment data = MemorySegment.ofArray(new byte[100_000]);
      encoder.add(key, data);
      byte[] first = encoder.encode().toArray(ValueLayout.JAVA_BYTE);
      assertThat(encoder.encode().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(first);
      long address = encoder.encode().address();

      encoder.clear();
      assertThat(encoder.entries()).isZero();
      encoder.add(key, data);
      MemorySegment again = encoder.encode();
      assertThat(again.address()).isEqualTo(address);
      assertThat(again.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(first);
    }
  }

  @Test
  void shouldOpenAFileAndFreeItsMemory(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("batch.lz4");
    Files.write(file, encode(List.of(entry("key", "value"))));
    BatchEntry entry;
    try (Batch batch = new BatchDecoder(BatchCodec.BODY_BYTES_MAX_DEFAULT).open(file)) {
      assertThat(batch.count()).isEqualTo(1);
      assertThat(batch.header().objectBytes()).isEqualTo(Files.size(file));
      entry = batch.iterator().next();
      assertThat(entry.keyText()).isEqualTo("key");
      assertThat(entry.data().isReadOnly()).isTrue();
    }
    assertThatThrownBy(entry::keyText).isInstanceOf(IllegalStateException.class);

    Files.write(file, new byte[0]);
    assertThatThrownBy(() -> new BatchDecoder(BatchCodec.BODY_BYTES_MAX_DEFAULT).open(file))
        .isInstanceOf(BatchFormatException.class);
  }

  @Test
  void shouldNameTheValueOfACapOutOfRange() {
    assertThatThrownBy(() -> new BatchCodec(-1)).hasMessageContaining("value=-1");
    assertThatThrownBy(() -> new BatchCodec(1L << 31)).hasMessageContaining("bodyBytesMax");
  }
}
