package io.ashlar.tier.batch;

import static io.ashlar.tier.batch.BatchFormatException.Check.CHECKSUM;
import static io.ashlar.tier.batch.BatchFormatException.Check.COUNT_BOUND;
import static io.ashlar.tier.batch.BatchFormatException.Check.FRAME;
import static io.ashlar.tier.batch.BatchFormatException.Check.LENGTH;
import static io.ashlar.tier.batch.BatchFormatException.Check.MAGIC;
import static io.ashlar.tier.batch.BatchFormatException.Check.RESERVED;
import static io.ashlar.tier.batch.BatchFormatException.Check.SIZE_BOUND;
import static io.ashlar.tier.batch.BatchFormatException.Check.SIZE_MISMATCH;
import static io.ashlar.tier.batch.BatchFormatException.Check.VERSION;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * LCB1 version 3: a batch of independently compressed frames with an index, so that one entry is
 * read with one ranged GET. This is its specification, and the only owner of its offsets. All
 * numbers are little-endian and unsigned, a UUID is big-endian; every CRC is CRC-32C (Castagnoli).
 *
 * <pre>
 * header, 64 bytes
 *      0      4  magic "LCB1"
 *      4      4  version: 3
 *      8      4  entry count
 *     12      4  flags: 1 SEALED, or 0
 *     16      8  epoch: the last one that the batch belongs to, or 0
 *     24     16  batch id: a UUID of version 7
 *     40      8  creation time, ms since 1970, for people only
 *     48      4  CRC of bytes 0–47
 *     52     12  zero
 *
 * frame, repeated
 *      0      4  stored: bytes that follow this frame's header
 *      4      4  raw: bytes of the frame's body, 1 to 1 MiB
 *      8      1  codec: 0 stored = raw; 1 one LZ4 block, shorter than raw
 *      9      1  flags: 1 CONTINUES, 2 MORE, 4 SEALED
 *     10      2  entries that begin in this frame
 *     12      4  CRC of bytes 0–11 and of the stored bytes
 *     16      …  stored bytes
 *
 * index, one LZ4 block of
 *   for each frame:              varint 16 + stored, varint raw
 *   for each entry, by its key:  varint shared, varint suffix length, suffix,
 *                                varint frame, varint offset, varint length, u32 CRC of the data
 *
 * footer, 64 bytes, the object's last
 *      0      8  index offset
 *      8      4  index length
 *     12      4  index raw length
 *     16      4  CRC of the index as it is stored
 *     20      4  frame count
 *     24      4  entry count
 *     28      8  raw total: the sum over all frames
 *     36      8  object length
 *     44      4  data CRC: of all frames, from byte 64 to the index
 *     48      4  CRC of bytes 0–47 of the footer, and 52–55 if they are not zero
 *     52      4  flags: 1 SEALED, or 0
 *     56      8  magic "LCB3END\0"
 *
 * sealed: what is stored of a frame, and the index as it is stored, of an encrypted batch
 *      0      4  key id
 *      4      4  key check: the first 4 bytes of HMAC-SHA256(key, "ashlar frame key check")
 *      8     12  nonce, random for each
 *     20      …  AES-GCM text: a frame's body as its codec says; the index: epoch and creation
 *                time (8 each, as in the header) and the LZ4 block
 *             16  tag
 * </pre>
 *
 * <p><b>Entries.</b> The bodies of all frames, one after the other, are exactly the body of version
 * 1 and 2: {@code {u32 key length, key, u32 data length, data}*}. Order and duplicates are kept;
 * where a key occurs more than once, the last entry counts. An entry whose data is longer than 64
 * KiB begins a frame and shares it with no other; if it is longer than 1 MiB in all, it is cut at
 * each MiB: every part but the last has MORE set and is 1 MiB, every part but the first has
 * CONTINUES set and counts no entry. Such parts are a <i>run</i>; any other frame is a run by
 * itself. Other entries are collected until one more would exceed 64 KiB.
 *
 * <p><b>Index.</b> Keys are sorted as unsigned bytes; equal keys as they lie. <i>shared</i> is the
 * length of the longest common prefix with the key before (0 for the first). <i>frame</i> counts
 * from 0, <i>offset</i> is where the entry begins in that frame's body, <i>length</i> is that of
 * its data. A varint is unsigned LEB128 of at most 5 bytes, in its shortest form.
 *
 * <p><b>Encryption.</b> All of a batch is sealed or nothing: the flag is in the header, in each
 * frame and in the footer. The additional data is the batch id, the key id (both as above), and for
 * a frame its offset in the object (8) and bytes 0–11 of its header; for the index bytes 0–47 of
 * the footer with the index's CRC zero, and the footer's flags. So a piece that is moved,
 * exchanged, or whose header, footer or counts are changed is found even if all CRCs are made
 * right; header fields that nothing else says are in the sealed index. CRCs cover what is stored,
 * so damage is found, and repaired from elsewhere, without the key; a key that is wrong is told by
 * the key check, before the tag is looked at. Lengths stay visible. A key must not seal more than
 * 2³² pieces: rotate it before.
 *
 * <p><b>Valid</b> is an object for which all of this holds: each magic and CRC; reserved bytes and
 * unknown flags are zero; header, footer and index agree in their counts and the table of frames
 * with the frames; the pieces fill the object without a gap; keys are at most 65,535 bytes, data at
 * most 1 GiB; raw total ≤ the reader's cap, and ≤ 64 MiB unless there is one entry only; every LZ4
 * block gives exactly its raw length, ≤ 255 × its own; entry count × 8 ≤ raw total; frame count ≤
 * {@link #framesMax}; each entry of the index lies where it says, with its length and CRC, and none
 * is missing. Sizes are checked against each other and the cap before anything is allocated.
 *
 * <p><b>Write order.</b> Header, frames, index, footer; the object is put as a whole, so a reader
 * never sees a part of one. The header's count is filled in last.
 *
 * <p><b>Reading one entry</b> whose run is known (offset and length in the object): one ranged GET
 * of the run, verified by its CRCs; the entry is found in it by its key. <b>Opening</b> without
 * such knowledge: one ranged GET of the tail, another for the rest of an index that is longer.
 *
 * <p><b>Scan.</b> Frames describe themselves: from byte 64 each frame's header gives the place of
 * the next. A salvage follows them while there is a valid frame, or a valid one behind a damaged
 * one; it looks for frames nowhere else, since data may itself hold frames of another batch. It is
 * complete when it finds as many entries as the header counts and meets no damage.
 *
 * <p><b>Version policy.</b> Other versions are refused by number; versions 1 and 2 are {@link
 * BatchCodec}'s. A flag that is not known here refuses the object: it changes how it is read.
 *
 * <p>Thread: any; there is no state.
 */
public final class FramedBatchFormat {
  /** The version that this describes. */
  public static final int VERSION_FRAMED = 3;

  /** Bytes of the header. */
  public static final int HEADER_BYTES = 64;

  /** Bytes of the footer. */
  public static final int FOOTER_BYTES = 64;

  /** Bytes before a frame's stored bytes. */
  public static final int FRAME_HEADER_BYTES = 16;

  /** Raw bytes that a frame of several entries holds at most; longer data has frames of its own. */
  public static final int FRAME_BYTES_TARGET = 64 << 10;

  /** Raw bytes that any frame holds at most. */
  public static final int FRAME_RAW_BYTES_MAX = 1 << 20;

  /** Most bytes of a key. */
  public static final int KEY_BYTES_MAX = 65_535;

  /** Most bytes of an entry's data. */
  public static final long DATA_BYTES_MAX = 1L << 30;

  /** Most raw bytes of a batch of several entries. */
  public static final long BATCH_BYTES_MAX = 64L << 20;

  static final int CODEC_RAW = 0;
  static final int CODEC_LZ4 = 1;
  static final int CONTINUES = 1;
  static final int MORE = 2;
  static final int SEALED = 4;

  private static final int OBJECT_SEALED = 1;

  private static final int FLAGS_OFFSET = 12;
  private static final int EPOCH_OFFSET = 16;
  private static final int ID_OFFSET = 24;
  private static final int CREATED_OFFSET = 40;
  private static final int HEADER_CRC_OFFSET = 48;
  private static final int HEADER_ZERO_OFFSET = 52;

  /** From the start of a batch to the end of the key check of its first frame. */
  static final int ENCRYPTION_BYTES = HEADER_BYTES + FRAME_HEADER_BYTES + 2 * Integer.BYTES;

  private static final int FRAME_RAW_OFFSET = 4;
  private static final int FRAME_CODEC_OFFSET = 8;
  private static final int FRAME_FLAGS_OFFSET = 9;
  private static final int FRAME_ENTRIES_OFFSET = 10;
  private static final int FRAME_CRC_OFFSET = 12;

  private static final int INDEX_LENGTH_OFFSET = 8;
  private static final int INDEX_RAW_OFFSET = 12;
  private static final int INDEX_CRC_OFFSET = 16;
  private static final int FRAME_COUNT_OFFSET = 20;
  private static final int ENTRY_COUNT_OFFSET = 24;
  private static final int RAW_TOTAL_OFFSET = 28;
  private static final int OBJECT_LENGTH_OFFSET = 36;
  private static final int DATA_CRC_OFFSET = 44;
  private static final int FOOTER_CRC_OFFSET = 48;
  private static final int FOOTER_FLAGS_OFFSET = 52;
  private static final int FOOTER_MAGIC_OFFSET = 56;
  private static final long FOOTER_MAGIC = 0x00_44_4E_45_33_42_43_4CL;

  /** Index bytes of an entry beyond its key and framing, and of a frame, at most. */
  private static final int INDEX_ENTRY_BYTES_MAX = 16;

  private static final int INDEX_FRAME_BYTES_MAX = 8;

  private static final ValueLayout.OfInt U32 = BatchCodec.U32;
  private static final ValueLayout.OfShort U16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong U64 = BatchCodec.U64;
  private static final ValueLayout.OfLong BIG_ENDIAN =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  /** CRC-32C of a header, whichever: see {@link #objectCrc}. */
  private static final int HEADER_CRC32C = headerCrc32c();

  private FramedBatchFormat() {}

  /**
   * The footer's fields, checked.
   *
   * @param indexCrc of the index as stored.
   * @param dataCrc of all frames.
   */
  record Footer(
      long indexOffset,
      long indexBytes,
      long indexRawBytes,
      int indexCrc,
      long frames,
      long entries,
      long rawBytes,
      long objectBytes,
      int dataCrc,
      boolean sealed) {
    Footer withIndexCrc(int value) {
      return new Footer(
          indexOffset,
          indexBytes,
          indexRawBytes,
          value,
          frames,
          entries,
          rawBytes,
          objectBytes,
          dataCrc,
          sealed);
    }
  }

  /** A frame's header, checked for what it says of itself; its CRC is another step. */
  record Frame(int stored, int raw, int codec, int flags, int entries) {
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
  }

  /** Most frames that a batch of so many raw bytes can have: two in a row exceed 64 KiB. */
  public static long framesMax(long rawBytes) {
    return rawBytes / FRAME_BYTES_TARGET * 2 + 2;
  }

  /** Most bytes that the raw index can have. */
  static long indexRawBytesMax(long rawBytes, long entries, long frames) {
    return rawBytes + entries * INDEX_ENTRY_BYTES_MAX + frames * INDEX_FRAME_BYTES_MAX;
  }

  /** Whether {@code object} begins as one of version 3 does; it need not be valid. */
  public static boolean isFramed(MemorySegment object) {
    return object.byteSize() >= BatchCodec.COUNT_OFFSET
        && object.get(U32, BatchCodec.MAGIC_OFFSET) == BatchCodec.MAGIC_WORD
        && object.get(U32, BatchCodec.VERSION_OFFSET) == VERSION_FRAMED;
  }

  static void writeHeader(MemorySegment object, FramedHeader header) {
    object.set(U32, BatchCodec.MAGIC_OFFSET, BatchCodec.MAGIC_WORD);
    object.set(U32, BatchCodec.VERSION_OFFSET, VERSION_FRAMED);
    object.set(U32, BatchCodec.COUNT_OFFSET, (int) header.entries());
    object.set(U32, FLAGS_OFFSET, header.sealed() ? OBJECT_SEALED : 0);
    object.set(U64, EPOCH_OFFSET, header.epoch());
    object.set(BIG_ENDIAN, ID_OFFSET, header.id().getMostSignificantBits());
    object.set(BIG_ENDIAN, ID_OFFSET + Long.BYTES, header.id().getLeastSignificantBits());
    object.set(U64, CREATED_OFFSET, header.createdMs());
    object.set(U32, HEADER_CRC_OFFSET, BatchCodec.crc32c(object.asSlice(0, HEADER_CRC_OFFSET)));
    object.asSlice(HEADER_ZERO_OFFSET, HEADER_BYTES - HEADER_ZERO_OFFSET).fill((byte) 0);
  }

  /**
   * Reads and checks a header.
   *
   * @param object the object, or at least its first 64 bytes.
   * @throws BatchFormatException if it is not one.
   */
  static FramedHeader readHeader(MemorySegment object) {
    checkLength("header", object.byteSize(), HEADER_BYTES);
    if (object.get(U32, BatchCodec.MAGIC_OFFSET) != BatchCodec.MAGIC_WORD) {
      throw new BatchFormatException(
          MAGIC,
          String.format(
              "invalid batch magic: expected=0x%08x, actual=0x%08x",
              BatchCodec.MAGIC_WORD, object.get(U32, BatchCodec.MAGIC_OFFSET)));
    }
    long version = BatchCodec.u32(object, BatchCodec.VERSION_OFFSET);
    if (version != VERSION_FRAMED) {
      throw new BatchFormatException(
          VERSION, "unsupported batch version " + version + ": version 3 is expected");
    }
    checkCrc(
        "header",
        object.get(U32, HEADER_CRC_OFFSET),
        BatchCodec.crc32c(object.asSlice(0, HEADER_CRC_OFFSET)));
    checkZero("header", object, HEADER_ZERO_OFFSET, HEADER_BYTES);
    checkFlags(BatchCodec.u32(object, FLAGS_OFFSET));
    return new FramedHeader(
        BatchCodec.u32(object, BatchCodec.COUNT_OFFSET),
        object.get(U64, EPOCH_OFFSET),
        new UUID(object.get(BIG_ENDIAN, ID_OFFSET), object.get(BIG_ENDIAN, ID_OFFSET + Long.BYTES)),
        object.get(U64, CREATED_OFFSET),
        object.get(U32, FLAGS_OFFSET) == OBJECT_SEALED);
  }

  /**
   * How a batch is encrypted: what its header and the seal of its first frame say. The frame's CRC
   * is not checked.
   *
   * @param start the batch's first {@link #ENCRYPTION_BYTES} bytes, or more.
   * @throws BatchFormatException if the header is damaged, or a sealed batch is shorter.
   */
  static Encryption encryption(MemorySegment start) {
    if (!readHeader(start).sealed()) {
      return Encryption.NONE;
    }
    checkLength("sealed batch", start.byteSize(), ENCRYPTION_BYTES);
    int seal = HEADER_BYTES + FRAME_HEADER_BYTES;
    return new Encryption(
        Encryption.State.KEYED, start.get(U32, seal), start.get(U32, seal + Integer.BYTES));
  }

  private static void checkFlags(long flags) {
    if (flags > OBJECT_SEALED) {
      throw new BatchFormatException(
          RESERVED, "batch has flags that are not known here: flags=" + flags);
    }
  }

  /** Writes the header before stored bytes that are in place already. */
  static void writeFrameHeader(MemorySegment object, long offset, Frame frame) {
    object.set(U32, offset, frame.stored());
    object.set(U32, offset + FRAME_RAW_OFFSET, frame.raw());
    object.set(ValueLayout.JAVA_BYTE, offset + FRAME_CODEC_OFFSET, (byte) frame.codec());
    object.set(ValueLayout.JAVA_BYTE, offset + FRAME_FLAGS_OFFSET, (byte) frame.flags());
    object.set(U16, offset + FRAME_ENTRIES_OFFSET, (short) frame.entries());
    object.set(U32, offset + FRAME_CRC_OFFSET, frameCrc(object, offset, frame.stored()));
  }

  /**
   * Reads the frame header at {@code offset} of {@code bytes} and checks what it says of itself: it
   * ends inside, and its fields can be those of one frame. The CRC is not checked.
   *
   * @throws BatchFormatException if they cannot.
   */
  static Frame readFrame(MemorySegment bytes, long offset) {
    long left = bytes.byteSize() - offset;
    if (left < FRAME_HEADER_BYTES) {
      throw new BatchFormatException(
          FRAME, "batch ends inside a frame header: offset=" + offset + ", left=" + left);
    }
    long stored = BatchCodec.u32(bytes, offset);
    long raw = BatchCodec.u32(bytes, offset + FRAME_RAW_OFFSET);
    int codec = Byte.toUnsignedInt(bytes.get(ValueLayout.JAVA_BYTE, offset + FRAME_CODEC_OFFSET));
    int flags = Byte.toUnsignedInt(bytes.get(ValueLayout.JAVA_BYTE, offset + FRAME_FLAGS_OFFSET));
    int entries = Short.toUnsignedInt(bytes.get(U16, offset + FRAME_ENTRIES_OFFSET));
    checkFrame("raw", raw, offset, raw >= 1 && raw <= FRAME_RAW_BYTES_MAX);
    checkFrame("stored", stored, offset, stored >= 1 && stored <= left - FRAME_HEADER_BYTES);
    checkFrame("codec", codec, offset, codec <= CODEC_LZ4);
    checkFrame("flags", flags, offset, flags <= (CONTINUES | MORE | SEALED));
    long text = (flags & SEALED) == 0 ? stored : stored - FrameCipher.OVERHEAD_BYTES;
    boolean fits =
        codec == CODEC_RAW ? text == raw : text < raw && raw <= Lz4Block.RATIO_MAX * text;
    checkFrame("stored", stored, offset, fits);
    Frame frame = new Frame((int) stored, (int) raw, codec, flags, entries);
    boolean counted =
        frame.continues()
            ? entries == 0
            : entries >= 1 && (long) entries * BatchCodec.ENTRY_FRAMING_BYTES <= raw;
    boolean alone = !frame.hasMore() || (entries <= 1 && raw == FRAME_RAW_BYTES_MAX);
    checkFrame("entries", entries, offset, counted && alone);
    return frame;
  }

  private static void checkFrame(String field, long value, long offset, boolean ok) {
    if (!ok) {
      throw new BatchFormatException(
          FRAME,
          "batch frame is impossible: offset=" + offset + ", field=" + field + ", value=" + value);
    }
  }

  /** Checks the CRC of a frame that {@link #readFrame} has read. */
  static void checkFrameCrc(MemorySegment bytes, long offset, Frame frame) {
    int expected = bytes.get(U32, offset + FRAME_CRC_OFFSET);
    int actual = frameCrc(bytes, offset, frame.stored());
    if (expected != actual) {
      throw new BatchFormatException(
          CHECKSUM,
          String.format(
              "batch frame CRC-32C mismatch: offset=%d, expected=0x%08x, actual=0x%08x",
              offset, expected, actual));
    }
  }

  private static int frameCrc(MemorySegment bytes, long offset, int stored) {
    CRC32C crc = new CRC32C();
    crc.update(bytes.asSlice(offset, FRAME_CRC_OFFSET).asByteBuffer());
    crc.update(bytes.asSlice(offset + FRAME_HEADER_BYTES, stored).asByteBuffer());
    return (int) crc.getValue();
  }

  /** Flags are covered only where there are any, as releases before them did not have them. */
  private static int footerCrc(MemorySegment footer) {
    CRC32C crc = new CRC32C();
    crc.update(footer.asSlice(0, FOOTER_CRC_OFFSET).asByteBuffer());
    if (footer.get(U32, FOOTER_FLAGS_OFFSET) != 0) {
      crc.update(footer.asSlice(FOOTER_FLAGS_OFFSET, Integer.BYTES).asByteBuffer());
    }
    return (int) crc.getValue();
  }

  /** What a sealed frame is bound to beside its batch: its place, and its header's fields. */
  static ByteBuffer framePlace(MemorySegment bytes, long offset, long objectOffset) {
    return ByteBuffer.allocate(Long.BYTES + FRAME_CRC_OFFSET)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(objectOffset)
        .put(bytes.asSlice(offset, FRAME_CRC_OFFSET).asByteBuffer())
        .flip();
  }

  /** What a sealed index is bound to beside its batch: all that the footer says but its CRC. */
  static ByteBuffer indexPlace(Footer footer) {
    MemorySegment bytes = MemorySegment.ofArray(new byte[FOOTER_BYTES]);
    writeFooter(bytes, 0, footer.withIndexCrc(0));
    return ByteBuffer.allocate(FOOTER_CRC_OFFSET + Integer.BYTES)
        .put(bytes.asSlice(0, FOOTER_CRC_OFFSET).asByteBuffer())
        .put(bytes.asSlice(FOOTER_FLAGS_OFFSET, Integer.BYTES).asByteBuffer())
        .flip();
  }

  static void writeFooter(MemorySegment object, long offset, Footer footer) {
    MemorySegment at = object.asSlice(offset, FOOTER_BYTES);
    at.set(U64, 0, footer.indexOffset());
    at.set(U32, INDEX_LENGTH_OFFSET, (int) footer.indexBytes());
    at.set(U32, INDEX_RAW_OFFSET, (int) footer.indexRawBytes());
    at.set(U32, INDEX_CRC_OFFSET, footer.indexCrc());
    at.set(U32, FRAME_COUNT_OFFSET, (int) footer.frames());
    at.set(U32, ENTRY_COUNT_OFFSET, (int) footer.entries());
    at.set(U64, RAW_TOTAL_OFFSET, footer.rawBytes());
    at.set(U64, OBJECT_LENGTH_OFFSET, footer.objectBytes());
    at.set(U32, DATA_CRC_OFFSET, footer.dataCrc());
    at.set(U32, FOOTER_FLAGS_OFFSET, footer.sealed() ? OBJECT_SEALED : 0);
    at.set(U32, FOOTER_CRC_OFFSET, footerCrc(at));
    at.set(U64, FOOTER_MAGIC_OFFSET, FOOTER_MAGIC);
  }

  /**
   * Reads and checks a footer.
   *
   * @param footer the object's last 64 bytes.
   * @param objectBytes the object's length.
   * @param rawBytesMax the cap on the raw total.
   * @throws BatchFormatException if it is not one, or what it says cannot be.
   */
  static Footer readFooter(MemorySegment footer, long objectBytes, long rawBytesMax) {
    checkLength("footer", objectBytes, HEADER_BYTES + FOOTER_BYTES);
    if (footer.get(U64, FOOTER_MAGIC_OFFSET) != FOOTER_MAGIC) {
      throw new BatchFormatException(
          MAGIC,
          String.format(
              "invalid batch footer magic: expected=0x%016x, actual=0x%016x",
              FOOTER_MAGIC, footer.get(U64, FOOTER_MAGIC_OFFSET)));
    }
    checkFlags(BatchCodec.u32(footer, FOOTER_FLAGS_OFFSET));
    checkCrc("footer", footer.get(U32, FOOTER_CRC_OFFSET), footerCrc(footer));
    Footer read =
        new Footer(
            footer.get(U64, 0),
            BatchCodec.u32(footer, INDEX_LENGTH_OFFSET),
            BatchCodec.u32(footer, INDEX_RAW_OFFSET),
            footer.get(U32, INDEX_CRC_OFFSET),
            BatchCodec.u32(footer, FRAME_COUNT_OFFSET),
            BatchCodec.u32(footer, ENTRY_COUNT_OFFSET),
            footer.get(U64, RAW_TOTAL_OFFSET),
            footer.get(U64, OBJECT_LENGTH_OFFSET),
            footer.get(U32, DATA_CRC_OFFSET),
            footer.get(U32, FOOTER_FLAGS_OFFSET) == OBJECT_SEALED);
    checkEqual("object length", objectBytes, read.objectBytes());
    checkEqual("index offset", objectBytes - FOOTER_BYTES - read.indexBytes(), read.indexOffset());
    checkAtMost("header bytes", HEADER_BYTES, read.indexOffset(), LENGTH);
    long dataBytes = read.indexOffset() - HEADER_BYTES;
    long cap = read.entries() > 1 ? Math.min(rawBytesMax, BATCH_BYTES_MAX) : rawBytesMax;
    checkAtMost("raw total", read.rawBytes(), cap, SIZE_BOUND);
    checkAtMost("raw total", read.rawBytes(), Lz4Block.RATIO_MAX * dataBytes, SIZE_BOUND);
    long framings = read.entries() * BatchCodec.ENTRY_FRAMING_BYTES;
    checkAtMost("entry framing", framings, read.rawBytes(), COUNT_BOUND);
    checkAtMost("frame count", read.frames(), framesMax(read.rawBytes()), COUNT_BOUND);
    long indexMax = indexRawBytesMax(read.rawBytes(), read.entries(), read.frames());
    checkAtMost("index raw length", read.indexRawBytes(), indexMax, SIZE_BOUND);
    long expansionMax = Lz4Block.RATIO_MAX * read.indexBytes();
    checkAtMost("index raw length", read.indexRawBytes(), expansionMax, SIZE_BOUND);
    checkAtMost("index raw length", read.indexRawBytes(), Lz4Block.INPUT_BYTES_MAX, SIZE_BOUND);
    return read;
  }

  /**
   * The CRC-32C of a whole object, as its footer implies it.
   *
   * <p>The footer says the CRC of all frames and that of the index. Every valid header has the same
   * CRC-32C: a text that is followed by its own CRC always leaves the same remainder, and the rest
   * of it is zero. So neither has to be read. This finds an index that lies in another object than
   * it should.
   */
  static int objectCrc(Footer footer) {
    MemorySegment end = MemorySegment.ofArray(new byte[FOOTER_BYTES]);
    writeFooter(end, 0, footer);
    long dataBytes = footer.indexOffset() - HEADER_BYTES;
    int data = JoinedCrc32c.join(HEADER_CRC32C, footer.dataCrc(), dataBytes);
    int index = JoinedCrc32c.join(data, footer.indexCrc(), footer.indexBytes());
    return JoinedCrc32c.join(index, BatchCodec.crc32c(end), FOOTER_BYTES);
  }

  private static int headerCrc32c() {
    MemorySegment header = MemorySegment.ofArray(new byte[HEADER_BYTES]);
    writeHeader(header, new FramedHeader(0, 0, new UUID(0, 0), 0));
    return BatchCodec.crc32c(header);
  }

  static void checkEqual(String field, long expected, long actual) {
    if (expected != actual) {
      throw new BatchFormatException(
          SIZE_MISMATCH,
          "batch " + field + " mismatch: expected=" + expected + ", actual=" + actual);
    }
  }

  private static void checkAtMost(
      String field, long value, long max, BatchFormatException.Check check) {
    // A number of 64 bits may have its highest set, and is then not below anything.
    if (value < 0 || value > max) {
      throw new BatchFormatException(
          check,
          "batch "
              + field
              + " exceeds its bound: value="
              + Long.toUnsignedString(value)
              + ", max="
              + max);
    }
  }

  static void checkCrc(String part, int expected, int actual) {
    if (expected != actual) {
      throw new BatchFormatException(
          CHECKSUM,
          String.format(
              "batch %s CRC-32C mismatch: expected=0x%08x, actual=0x%08x", part, expected, actual));
    }
  }

  private static void checkLength(String part, long length, long least) {
    if (length < least) {
      throw new BatchFormatException(
          LENGTH, "batch too short for its " + part + ": expected=" + least + ", actual=" + length);
    }
  }

  private static void checkZero(String part, MemorySegment bytes, int from, int to) {
    for (int i = from; i < to; i++) {
      byte value = bytes.get(ValueLayout.JAVA_BYTE, i);
      if (value != 0) {
        throw new BatchFormatException(
            RESERVED,
            "batch "
                + part
                + " has a reserved byte that is not zero: offset="
                + i
                + ", value="
                + value);
      }
    }
  }
}
