package io.ashlar.tier.batch;

import static io.ashlar.tier.batch.BatchCodec.U32;
import static io.ashlar.tier.batch.BatchCodec.U64;
import static io.ashlar.tier.batch.BatchFormatException.Check.COUNT_BOUND;
import static io.ashlar.tier.batch.BatchFormatException.Check.LENGTH;
import static io.ashlar.tier.batch.BatchFormatException.Check.MAGIC;
import static io.ashlar.tier.batch.BatchFormatException.Check.SIZE_BOUND;
import static io.ashlar.tier.batch.FieldChecks.checkAtMost;
import static io.ashlar.tier.batch.FieldChecks.checkCrc;
import static io.ashlar.tier.batch.FieldChecks.checkEqual;
import static io.ashlar.tier.batch.FieldChecks.checkFlags;
import static io.ashlar.tier.batch.FieldChecks.checkLength;
import static io.ashlar.tier.batch.FramedBatchFormat.BATCH_BYTES_MAX;
import static io.ashlar.tier.batch.FramedBatchFormat.FOOTER_BYTES;
import static io.ashlar.tier.batch.FramedBatchFormat.HEADER_BYTES;
import static io.ashlar.tier.batch.FramedBatchFormat.OBJECT_SEALED;
import static io.ashlar.tier.batch.FramedBatchFormat.framesMax;
import static io.ashlar.tier.batch.FramedBatchFormat.indexRawBytesMax;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * The footer of a version 3 batch, and its codec. {@link FramedBatchFormat} specifies the rest.
 *
 * <pre>
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
 * </pre>
 *
 * <p><b>Valid</b> is a footer with this magic and CRC and no other flag. Its index ends where the
 * footer begins. Its lengths and counts are possible for the object's length. {@link #read} checks
 * all of it before anything is allocated. <b>Write order:</b> after the index, whose CRC it holds.
 *
 * @param index where the index lies.
 * @param frames number of frames.
 * @param entries number of entries.
 * @param rawBytes bytes of all frames' bodies.
 * @param objectBytes the object's length.
 * @param dataCrc CRC of all frames.
 * @param sealed whether the batch is encrypted.
 */
record FramedFooter(
    StoredIndex index,
    long frames,
    long entries,
    long rawBytes,
    long objectBytes,
    int dataCrc,
    boolean sealed) {
  private static final int INDEX_LENGTH_OFFSET = 8;
  private static final int INDEX_RAW_OFFSET = 12;
  private static final int INDEX_CRC_OFFSET = 16;
  private static final int FRAME_COUNT_OFFSET = 20;
  private static final int ENTRY_COUNT_OFFSET = 24;
  private static final int RAW_TOTAL_OFFSET = 28;
  private static final int OBJECT_LENGTH_OFFSET = 36;
  private static final int DATA_CRC_OFFSET = 44;
  private static final int CRC_OFFSET = 48;
  private static final int FLAGS_OFFSET = 52;
  private static final int MAGIC_OFFSET = 56;
  private static final long END_MAGIC = 0x00_44_4E_45_33_42_43_4CL;

  /** CRC-32C of any valid header: see {@link #objectCrc}. */
  private static final int HEADER_CRC32C = headerCrc32c();

  /**
   * Where the index lies in the object.
   *
   * @param offset where it begins.
   * @param bytes its length as stored.
   * @param rawBytes its length once decompressed.
   * @param crc CRC of it as stored.
   */
  record StoredIndex(long offset, long bytes, long rawBytes, int crc) {}

  /** The same footer with another CRC of the index. */
  FramedFooter withIndexCrc(int value) {
    return new FramedFooter(
        new StoredIndex(index.offset(), index.bytes(), index.rawBytes(), value),
        frames,
        entries,
        rawBytes,
        objectBytes,
        dataCrc,
        sealed);
  }

  /** What a sealed index is bound to beside its batch: all that the footer says but its CRC. */
  ByteBuffer indexPlace() {
    MemorySegment bytes = MemorySegment.ofArray(new byte[FOOTER_BYTES]);
    withIndexCrc(0).write(bytes, 0);
    return ByteBuffer.allocate(CRC_OFFSET + Integer.BYTES)
        .put(bytes.asSlice(0, CRC_OFFSET).asByteBuffer())
        .put(bytes.asSlice(FLAGS_OFFSET, Integer.BYTES).asByteBuffer())
        .flip();
  }

  /** Writes this footer at {@code offset} of {@code object}. */
  void write(MemorySegment object, long offset) {
    MemorySegment at = object.asSlice(offset, FOOTER_BYTES);
    at.set(U64, 0, index.offset());
    at.set(U32, INDEX_LENGTH_OFFSET, (int) index.bytes());
    at.set(U32, INDEX_RAW_OFFSET, (int) index.rawBytes());
    at.set(U32, INDEX_CRC_OFFSET, index.crc());
    at.set(U32, FRAME_COUNT_OFFSET, (int) frames);
    at.set(U32, ENTRY_COUNT_OFFSET, (int) entries);
    at.set(U64, RAW_TOTAL_OFFSET, rawBytes);
    at.set(U64, OBJECT_LENGTH_OFFSET, objectBytes);
    at.set(U32, DATA_CRC_OFFSET, dataCrc);
    at.set(U32, FLAGS_OFFSET, sealed ? OBJECT_SEALED : 0);
    at.set(U32, CRC_OFFSET, crcOf(at));
    at.set(U64, MAGIC_OFFSET, END_MAGIC);
  }

  /**
   * Reads and checks a footer.
   *
   * @param footer the object's last 64 bytes.
   * @param objectBytes the object's length.
   * @param rawBytesMax the cap on the raw total.
   * @throws BatchFormatException if it is no footer, or a field is impossible.
   */
  static FramedFooter read(MemorySegment footer, long objectBytes, long rawBytesMax) {
    checkLength("footer", objectBytes, HEADER_BYTES + FOOTER_BYTES);
    if (footer.get(U64, MAGIC_OFFSET) != END_MAGIC) {
      throw new BatchFormatException(
          MAGIC,
          String.format(
              "invalid batch footer magic: expected=0x%016x, actual=0x%016x",
              END_MAGIC, footer.get(U64, MAGIC_OFFSET)));
    }
    checkFlags(BatchCodec.u32(footer, FLAGS_OFFSET));
    checkCrc("footer", footer.get(U32, CRC_OFFSET), crcOf(footer));
    FramedFooter read =
        new FramedFooter(
            new StoredIndex(
                footer.get(U64, 0),
                BatchCodec.u32(footer, INDEX_LENGTH_OFFSET),
                BatchCodec.u32(footer, INDEX_RAW_OFFSET),
                footer.get(U32, INDEX_CRC_OFFSET)),
            BatchCodec.u32(footer, FRAME_COUNT_OFFSET),
            BatchCodec.u32(footer, ENTRY_COUNT_OFFSET),
            footer.get(U64, RAW_TOTAL_OFFSET),
            footer.get(U64, OBJECT_LENGTH_OFFSET),
            footer.get(U32, DATA_CRC_OFFSET),
            footer.get(U32, FLAGS_OFFSET) == OBJECT_SEALED);
    checkEqual("object length", objectBytes, read.objectBytes());
    checkEqual(
        "index offset", objectBytes - FOOTER_BYTES - read.index().bytes(), read.index().offset());
    checkAtMost("header bytes", HEADER_BYTES, read.index().offset(), LENGTH);
    long dataBytes = read.index().offset() - HEADER_BYTES;
    long cap = read.entries() > 1 ? Math.min(rawBytesMax, BATCH_BYTES_MAX) : rawBytesMax;
    checkAtMost("raw total", read.rawBytes(), cap, SIZE_BOUND);
    checkAtMost("raw total", read.rawBytes(), Lz4Block.RATIO_MAX * dataBytes, SIZE_BOUND);
    long framings = read.entries() * BatchCodec.ENTRY_FRAMING_BYTES;
    checkAtMost("entry framing", framings, read.rawBytes(), COUNT_BOUND);
    checkAtMost("frame count", read.frames(), framesMax(read.rawBytes()), COUNT_BOUND);
    long indexMax = indexRawBytesMax(read.rawBytes(), read.entries(), read.frames());
    checkAtMost("index raw length", read.index().rawBytes(), indexMax, SIZE_BOUND);
    long expansionMax = Lz4Block.RATIO_MAX * read.index().bytes();
    checkAtMost("index raw length", read.index().rawBytes(), expansionMax, SIZE_BOUND);
    checkAtMost("index raw length", read.index().rawBytes(), Lz4Block.INPUT_BYTES_MAX, SIZE_BOUND);
    return read;
  }

  /**
   * The CRC-32C of a whole object, as its footer implies it.
   *
   * <p>The footer says the CRC of all frames and that of the index. Every valid header has the same
   * CRC-32C: bytes followed by their own CRC always leave the same remainder, and zeros follow. So
   * neither has to be read. This finds an index that lies in another object than it should.
   */
  int objectCrc() {
    MemorySegment end = MemorySegment.ofArray(new byte[FOOTER_BYTES]);
    write(end, 0);
    long dataBytes = index.offset() - HEADER_BYTES;
    int data = JoinedCrc32c.join(HEADER_CRC32C, dataCrc, dataBytes);
    int beforeEnd = JoinedCrc32c.join(data, index.crc(), index.bytes());
    return JoinedCrc32c.join(beforeEnd, BatchCodec.crc32c(end), FOOTER_BYTES);
  }

  private static int headerCrc32c() {
    MemorySegment header = MemorySegment.ofArray(new byte[HEADER_BYTES]);
    new FramedHeader(0, 0, new UUID(0, 0), 0).write(header);
    return BatchCodec.crc32c(header);
  }

  /** Flags are covered only where there are any, as releases before them did not have them. */
  private static int crcOf(MemorySegment footer) {
    CRC32C crc = new CRC32C();
    crc.update(footer.asSlice(0, CRC_OFFSET).asByteBuffer());
    if (footer.get(U32, FLAGS_OFFSET) != 0) {
      crc.update(footer.asSlice(FLAGS_OFFSET, Integer.BYTES).asByteBuffer());
    }
    return (int) crc.getValue();
  }
}
