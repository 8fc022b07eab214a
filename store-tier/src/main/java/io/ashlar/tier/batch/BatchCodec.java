package io.ashlar.tier.batch;

import static io.ashlar.tier.batch.BatchFormatException.Check.BODY_NOT_CONSUMED;
import static io.ashlar.tier.batch.BatchFormatException.Check.CHECKSUM;
import static io.ashlar.tier.batch.BatchFormatException.Check.COUNT_BOUND;
import static io.ashlar.tier.batch.BatchFormatException.Check.ENTRY_TRUNCATED;
import static io.ashlar.tier.batch.BatchFormatException.Check.LENGTH;
import static io.ashlar.tier.batch.BatchFormatException.Check.MAGIC;
import static io.ashlar.tier.batch.BatchFormatException.Check.SIZE_BOUND;
import static io.ashlar.tier.batch.BatchFormatException.Check.SIZE_MISMATCH;
import static io.ashlar.tier.batch.BatchFormatException.Check.VERSION;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * LCB1, the batch format of LaminarDB: versions 1 and 2 are read, version 2 is written, byte for
 * byte as LaminarDB does. This is its specification. All numbers are little-endian and unsigned.
 *
 * <pre>
 * offset  bytes  field
 *      0      4  magic "LCB1"
 *      4      4  version: 1 or 2
 *      8      4  entry count
 *     12      4  uncompressed size: bytes of the body
 *     16      4  version 2 only: CRC-32C (Castagnoli) of all bytes that follow this field
 *  16|20      4  LZ4 size prefix: bytes of the body, again
 *  20|24      …  one LZ4 block, to the end of the object
 *
 * body: for each entry, in order
 *      0      4  key length K
 *      4      K  key
 *    4+K      4  data length D
 *    8+K      D  data
 * </pre>
 *
 * <p><b>Valid</b> is an input for which all of this holds, checked in this order, each before
 * anything is allocated for it: the magic; a known version; the header and the prefix are complete;
 * the checksum (version 2); header size = prefix; size ≤ 255 × compressed bytes and ≤ the cap;
 * entry count × 8 ≤ size; the block decompresses to exactly the size, with nothing after it; the
 * entries fill the body exactly. LaminarDB itself does not cover the header by the checksum and
 * ignores its size field; the equalities here are what makes a changed header evident.
 *
 * <p><b>Version policy.</b> Other versions are refused by number; version 3 is another format,
 * {@link FramedBatchFormat}'s.
 *
 * <p>Thread: any; a codec has no state but its cap.
 */
public final class BatchCodec {
  /** The version written. */
  public static final int VERSION_WRITTEN = 2;

  /** Bytes of framing for one entry: two lengths. */
  public static final int ENTRY_FRAMING_BYTES = 8;

  /** Bytes before the size prefix in version 2. */
  public static final int HEADER_BYTES = 20;

  /** The default cap on the body: the largest blob and its key, or many small ones. */
  public static final long BODY_BYTES_MAX_DEFAULT = (1L << 30) + (64 << 20);

  static final int MAGIC_WORD = 'L' | 'C' << 8 | 'B' << 16 | '1' << 24;
  static final int MAGIC_OFFSET = 0;
  static final int VERSION_OFFSET = 4;
  static final int COUNT_OFFSET = 8;
  static final int SIZE_OFFSET = 12;
  static final int CRC_OFFSET = 16;
  static final int HEADER_BYTES_V1 = 16;
  static final int PREFIX_BYTES = 4;
  static final long U32_MAX = 0xFFFF_FFFFL;
  static final ValueLayout.OfLong U64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final long CRC_VIEW_BYTES_MAX = 1L << 30;

  private final long bodyBytesMax;

  /**
   * A codec that refuses bodies larger than {@code bodyBytesMax}, 0 to 2113929216 (what one LZ4
   * block can hold).
   */
  public BatchCodec(long bodyBytesMax) {
    if (bodyBytesMax < 0 || bodyBytesMax > Lz4Block.INPUT_BYTES_MAX) {
      throw new IllegalArgumentException(
          "bodyBytesMax out of range: value=" + bodyBytesMax + ", max=" + Lz4Block.INPUT_BYTES_MAX);
    }
    this.bodyBytesMax = bodyBytesMax;
  }

  /** A codec with the cap {@link #BODY_BYTES_MAX_DEFAULT}. */
  public BatchCodec() {
    this(BODY_BYTES_MAX_DEFAULT);
  }

  /** An encoder with this codec's cap; close it. */
  public BatchEncoder newEncoder() {
    return new BatchEncoder(bodyBytesMax);
  }

  /**
   * Reads and checks the header, the checksum and all bounds, decompressing nothing.
   *
   * @throws BatchFormatException if a check fails.
   */
  public BatchHeader header(MemorySegment object) {
    long length = object.byteSize();
    if (length < MAGIC_OFFSET + Integer.BYTES) {
      throw new BatchFormatException(LENGTH, "batch too short for its magic: length=" + length);
    }
    if (object.get(U32, MAGIC_OFFSET) != MAGIC_WORD) {
      throw new BatchFormatException(
          MAGIC,
          String.format(
              "invalid batch magic: expected=0x%08x, actual=0x%08x",
              MAGIC_WORD, object.get(U32, MAGIC_OFFSET)));
    }
    if (length < VERSION_OFFSET + Integer.BYTES) {
      throw new BatchFormatException(LENGTH, "batch too short for its version: length=" + length);
    }
    long version = u32(object, VERSION_OFFSET);
    if (version != 1 && version != 2) {
      throw new BatchFormatException(
          VERSION, "unsupported batch version " + version + ": versions 1 and 2 are known");
    }
    int headerBytes = version == 1 ? HEADER_BYTES_V1 : HEADER_BYTES;
    if (length < headerBytes + PREFIX_BYTES) {
      throw new BatchFormatException(
          LENGTH,
          "batch too short for header and size prefix: expected="
              + (headerBytes + PREFIX_BYTES)
              + ", actual="
              + length);
    }
    long crc = version == 1 ? -1 : u32(object, CRC_OFFSET);
    if (version == 2) {
      long actual = Integer.toUnsignedLong(crc32c(object.asSlice(headerBytes)));
      if (actual != crc) {
        throw new BatchFormatException(
            CHECKSUM,
            String.format("batch CRC-32C mismatch: expected=0x%08x, actual=0x%08x", crc, actual));
      }
    }
    long size = u32(object, SIZE_OFFSET);
    long entries = u32(object, COUNT_OFFSET);
    checkBounds(size, u32(object, headerBytes), entries, length - headerBytes - PREFIX_BYTES);
    return new BatchHeader((int) version, entries, size, length, crc);
  }

  private void checkBounds(long size, long prefix, long entries, long blockBytes) {
    if (size != prefix) {
      throw new BatchFormatException(
          SIZE_MISMATCH,
          "batch header and LZ4 size prefix disagree: header=" + size + ", prefix=" + prefix);
    }
    if (size > bodyBytesMax || size > Lz4Block.RATIO_MAX * blockBytes) {
      throw new BatchFormatException(
          SIZE_BOUND,
          "batch uncompressed size exceeds its bound: size="
              + size
              + ", max="
              + bodyBytesMax
              + ", compressedBytes="
              + blockBytes
              + ", maxRatio="
              + Lz4Block.RATIO_MAX);
    }
    if (entries * ENTRY_FRAMING_BYTES > size) {
      throw new BatchFormatException(
          COUNT_BOUND,
          "batch entry count exceeds what the body can hold: entries="
              + entries
              + ", bodyBytes="
              + size);
    }
    if (blockBytes > Integer.MAX_VALUE) {
      throw new BatchFormatException(LENGTH, "batch too long: compressedBytes=" + blockBytes);
    }
  }

  /**
   * Decodes a whole batch into memory from {@code allocator}. It makes one allocation of exactly
   * the body's size, after it checked every bound and walked the block.
   *
   * @param object the bytes of the object, on or off the heap; not needed afterwards.
   * @param allocator an arena, or a slicing allocator that is used again and again; the entries
   *     live as long as what it gives.
   * @throws BatchFormatException if any check fails.
   */
  public Batch decode(MemorySegment object, SegmentAllocator allocator) {
    BatchHeader header = header(object);
    MemorySegment block =
        object.asSlice((header.version() == 1 ? HEADER_BYTES_V1 : HEADER_BYTES) + PREFIX_BYTES);
    long size = Lz4Block.decompressedBytes(block, header.bodyBytes());
    if (size != header.bodyBytes()) {
      throw new BatchFormatException(
          BatchFormatException.Check.COMPRESSION,
          "batch LZ4 block is shorter than claimed: expected="
              + header.bodyBytes()
              + ", actual="
              + size);
    }
    MemorySegment body = allocator.allocate(size);
    Lz4Block.decompress(block, body);
    checkEntries(body, header.entries());
    return new Batch(header, body, null);
  }

  private static void checkEntries(MemorySegment body, long entries) {
    long offset = 0;
    for (long i = 0; i < entries; i++) {
      offset = afterField(body, offset, i, "key");
      offset = afterField(body, offset, i, "data");
    }
    checkConsumed(body, offset, entries);
  }

  static void checkConsumed(MemorySegment body, long offset, long entries) {
    if (offset != body.byteSize()) {
      throw new BatchFormatException(
          BODY_NOT_CONSUMED,
          "batch body has bytes after its last entry: entries="
              + entries
              + ", bodyBytes="
              + body.byteSize()
              + ", used="
              + offset);
    }
  }

  static long afterField(MemorySegment body, long offset, long entry, String field) {
    long left = body.byteSize() - offset;
    if (left < Integer.BYTES || u32(body, offset) > left - Integer.BYTES) {
      throw new BatchFormatException(
          ENTRY_TRUNCATED,
          "truncated batch entry ("
              + field
              + "): entry="
              + entry
              + ", offset="
              + offset
              + ", left="
              + left
              + (left < Integer.BYTES ? "" : ", length=" + u32(body, offset)));
    }
    return offset + Integer.BYTES + u32(body, offset);
  }

  /** The length-prefixed bytes at {@code offset} of a checked body. */
  static MemorySegment field(MemorySegment body, long offset) {
    return body.asSlice(offset + Integer.BYTES, u32(body, offset));
  }

  static long u32(MemorySegment bytes, long offset) {
    return Integer.toUnsignedLong(bytes.get(U32, offset));
  }

  /** The CRC-32C of a segment of any size, on or off the heap. */
  public static int crc32c(MemorySegment bytes) {
    CRC32C crc = new CRC32C();
    for (long offset = 0; offset < bytes.byteSize(); offset += CRC_VIEW_BYTES_MAX) {
      long length = Math.min(CRC_VIEW_BYTES_MAX, bytes.byteSize() - offset);
      crc.update(bytes.asSlice(offset, length).asByteBuffer());
    }
    return (int) crc.getValue();
  }
}
