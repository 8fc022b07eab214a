package io.ashlar.tier.batch;

import static io.ashlar.tier.batch.BatchCodec.U32;
import static io.ashlar.tier.batch.BatchFormatException.Check.CHECKSUM;
import static io.ashlar.tier.batch.BatchFormatException.Check.FRAME;
import static io.ashlar.tier.batch.FramedBatchFormat.FRAME_HEADER_BYTES;
import static io.ashlar.tier.batch.FramedBatchFormat.FRAME_RAW_BYTES_MAX;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * The header of one frame of a version 3 batch, and its codec. {@link FramedBatchFormat} specifies
 * how frames form a batch.
 *
 * <pre>
 * frame, repeated
 *      0      4  stored: bytes that follow this frame's header
 *      4      4  raw: bytes of the frame's body, 1 to 1 MiB
 *      8      1  codec: 0 stored = raw; 1 one LZ4 block, shorter than raw
 *      9      1  flags: 1 CONTINUES, 2 MORE, 4 SEALED
 *     10      2  entries that begin in this frame
 *     12      4  CRC of bytes 0–11 and of the stored bytes
 *     16      …  stored bytes
 * </pre>
 *
 * <p><b>Valid</b> is a frame that ends inside the object and whose fields are possible:
 *
 * <ul>
 *   <li>codec and flags are known; raw is in its range; stored is what the codec can give for it,
 *       and {@value FrameCipher#OVERHEAD_BYTES} bytes more where SEALED is set;
 *   <li>a frame with CONTINUES counts no entry; any other counts at least one, and no more than raw
 *       can hold;
 *   <li>a frame with MORE counts at most one entry and its raw is 1 MiB.
 * </ul>
 *
 * <p>{@link #read} checks these. {@link #checkCrc} is a second step, which needs the stored bytes.
 *
 * @param stored bytes that follow the header.
 * @param raw bytes of the body.
 * @param codec {@link #CODEC_RAW} or {@link #CODEC_LZ4}.
 * @param flags any of {@link #CONTINUES}, {@link #MORE} and {@link #SEALED}.
 * @param entries number of entries that begin in this frame.
 */
record Frame(int stored, int raw, int codec, int flags, int entries) {
  static final int CODEC_RAW = 0;
  static final int CODEC_LZ4 = 1;
  static final int CONTINUES = 1;
  static final int MORE = 2;
  static final int SEALED = 4;

  private static final int RAW_OFFSET = 4;
  private static final int CODEC_OFFSET = 8;
  private static final int FLAGS_OFFSET = 9;
  private static final int ENTRIES_OFFSET = 10;
  private static final int CRC_OFFSET = 12;

  private static final ValueLayout.OfShort U16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Bytes of header and stored bytes. */
  int bytes() {
    return FRAME_HEADER_BYTES + stored;
  }

  boolean continues() {
    return (flags & CONTINUES) != 0;
  }

  boolean hasMore() {
    return (flags & MORE) != 0;
  }

  boolean sealed() {
    return (flags & SEALED) != 0;
  }

  /** The same frame once it is sealed, which makes it longer. */
  Frame sealedBy(int sealBytes) {
    return new Frame(stored + sealBytes, raw, codec, flags | SEALED, entries);
  }

  /** Bytes that the codec made, before they were sealed. */
  int textBytes() {
    return sealed() ? stored - FrameCipher.OVERHEAD_BYTES : stored;
  }

  /** Writes this header at {@code offset}, before stored bytes that are in place already. */
  void write(MemorySegment object, long offset) {
    object.set(U32, offset, stored);
    object.set(U32, offset + RAW_OFFSET, raw);
    object.set(ValueLayout.JAVA_BYTE, offset + CODEC_OFFSET, (byte) codec);
    object.set(ValueLayout.JAVA_BYTE, offset + FLAGS_OFFSET, (byte) flags);
    object.set(U16, offset + ENTRIES_OFFSET, (short) entries);
    object.set(U32, offset + CRC_OFFSET, crcOf(object, offset, stored));
  }

  /**
   * Reads the frame header at {@code offset} of {@code bytes} and checks that the frame ends inside
   * and that its fields are possible. The CRC is not checked.
   *
   * @throws BatchFormatException if it does not, or they are not.
   */
  static Frame read(MemorySegment bytes, long offset) {
    long left = bytes.byteSize() - offset;
    if (left < FRAME_HEADER_BYTES) {
      throw new BatchFormatException(
          FRAME, "batch ends inside a frame header: offset=" + offset + ", left=" + left);
    }
    long stored = BatchCodec.u32(bytes, offset);
    long raw = BatchCodec.u32(bytes, offset + RAW_OFFSET);
    int codec = Byte.toUnsignedInt(bytes.get(ValueLayout.JAVA_BYTE, offset + CODEC_OFFSET));
    int flags = Byte.toUnsignedInt(bytes.get(ValueLayout.JAVA_BYTE, offset + FLAGS_OFFSET));
    int entries = Short.toUnsignedInt(bytes.get(U16, offset + ENTRIES_OFFSET));
    check("raw", raw, offset, raw >= 1 && raw <= FRAME_RAW_BYTES_MAX);
    check("stored", stored, offset, stored >= 1 && stored <= left - FRAME_HEADER_BYTES);
    check("codec", codec, offset, codec <= CODEC_LZ4);
    check("flags", flags, offset, flags <= (CONTINUES | MORE | SEALED));
    long text = (flags & SEALED) == 0 ? stored : stored - FrameCipher.OVERHEAD_BYTES;
    boolean fits =
        codec == CODEC_RAW ? text == raw : text < raw && raw <= Lz4Block.RATIO_MAX * text;
    check("stored", stored, offset, fits);
    Frame frame = new Frame((int) stored, (int) raw, codec, flags, entries);
    boolean counted =
        frame.continues()
            ? entries == 0
            : entries >= 1 && (long) entries * BatchCodec.ENTRY_FRAMING_BYTES <= raw;
    boolean alone = !frame.hasMore() || (entries <= 1 && raw == FRAME_RAW_BYTES_MAX);
    check("entries", entries, offset, counted && alone);
    return frame;
  }

  /** Checks the CRC of this frame, which {@link #read} found at {@code offset}. */
  void checkCrc(MemorySegment bytes, long offset) {
    int expected = bytes.get(U32, offset + CRC_OFFSET);
    int actual = crcOf(bytes, offset, stored);
    if (expected != actual) {
      throw new BatchFormatException(
          CHECKSUM,
          String.format(
              "batch frame CRC-32C mismatch: offset=%d, expected=0x%08x, actual=0x%08x",
              offset, expected, actual));
    }
  }

  private static int crcOf(MemorySegment bytes, long offset, int stored) {
    CRC32C crc = new CRC32C();
    crc.update(bytes.asSlice(offset, CRC_OFFSET).asByteBuffer());
    crc.update(bytes.asSlice(offset + FRAME_HEADER_BYTES, stored).asByteBuffer());
    return (int) crc.getValue();
  }

  /** What a sealed frame is bound to beside its batch: its place, and its header's fields. */
  static ByteBuffer place(MemorySegment bytes, long offset, long objectOffset) {
    return ByteBuffer.allocate(Long.BYTES + CRC_OFFSET)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(objectOffset)
        .put(bytes.asSlice(offset, CRC_OFFSET).asByteBuffer())
        .flip();
  }

  private static void check(String field, long value, long offset, boolean ok) {
    if (!ok) {
      throw new BatchFormatException(
          FRAME,
          "batch frame is impossible: offset=" + offset + ", field=" + field + ", value=" + value);
    }
  }
}
