package io.ashlar.tier.batch;

import static io.ashlar.tier.batch.BatchCodec.U32;
import static io.ashlar.tier.batch.BatchCodec.U64;
import static io.ashlar.tier.batch.BatchFormatException.Check.MAGIC;
import static io.ashlar.tier.batch.BatchFormatException.Check.VERSION;
import static io.ashlar.tier.batch.FieldChecks.checkCrc;
import static io.ashlar.tier.batch.FieldChecks.checkFlags;
import static io.ashlar.tier.batch.FieldChecks.checkLength;
import static io.ashlar.tier.batch.FieldChecks.checkZero;
import static io.ashlar.tier.batch.FramedBatchFormat.HEADER_BYTES;
import static io.ashlar.tier.batch.FramedBatchFormat.OBJECT_SEALED;
import static io.ashlar.tier.batch.FramedBatchFormat.VERSION_FRAMED;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.UUID;

/**
 * The header of a version 3 batch, and its codec. {@link FramedBatchFormat} specifies the rest.
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
 * </pre>
 *
 * <p><b>Valid</b> is a header with this magic, version and CRC, no other flag, and zero in the
 * reserved bytes. <b>Write order:</b> last, because the count is known only then.
 *
 * @param entries number of entries, unsigned.
 * @param epoch the last epoch that the batch belongs to, unsigned; 0 when it belongs to none.
 * @param id the batch's own id: a UUID of version 7.
 * @param createdMs creation time, ms since 1970; for people only.
 * @param sealed whether the batch is encrypted.
 */
public record FramedHeader(long entries, long epoch, UUID id, long createdMs, boolean sealed) {
  private static final int FLAGS_OFFSET = 12;
  private static final int EPOCH_OFFSET = 16;
  private static final int ID_OFFSET = 24;
  private static final int CREATED_OFFSET = 40;
  private static final int CRC_OFFSET = 48;
  private static final int ZERO_OFFSET = 52;

  private static final ValueLayout.OfLong BIG_ENDIAN =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  /**
   * The header of a batch that is not encrypted. An encoder that has a key sets the flag itself.
   */
  public FramedHeader(long entries, long epoch, UUID id, long createdMs) {
    this(entries, epoch, id, createdMs, false);
  }

  /** Writes this header to the first 64 bytes of {@code object}. */
  void write(MemorySegment object) {
    object.set(U32, BatchCodec.MAGIC_OFFSET, BatchCodec.MAGIC_WORD);
    object.set(U32, BatchCodec.VERSION_OFFSET, VERSION_FRAMED);
    object.set(U32, BatchCodec.COUNT_OFFSET, (int) entries);
    object.set(U32, FLAGS_OFFSET, sealed ? OBJECT_SEALED : 0);
    object.set(U64, EPOCH_OFFSET, epoch);
    object.set(BIG_ENDIAN, ID_OFFSET, id.getMostSignificantBits());
    object.set(BIG_ENDIAN, ID_OFFSET + Long.BYTES, id.getLeastSignificantBits());
    object.set(U64, CREATED_OFFSET, createdMs);
    object.set(U32, CRC_OFFSET, BatchCodec.crc32c(object.asSlice(0, CRC_OFFSET)));
    object.asSlice(ZERO_OFFSET, HEADER_BYTES - ZERO_OFFSET).fill((byte) 0);
  }

  /**
   * Reads and checks a header.
   *
   * @param object the object, or at least its first 64 bytes.
   * @throws BatchFormatException if it is no header of version 3.
   */
  static FramedHeader read(MemorySegment object) {
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
        "header", object.get(U32, CRC_OFFSET), BatchCodec.crc32c(object.asSlice(0, CRC_OFFSET)));
    checkZero("header", object, ZERO_OFFSET, HEADER_BYTES);
    checkFlags(BatchCodec.u32(object, FLAGS_OFFSET));
    return new FramedHeader(
        BatchCodec.u32(object, BatchCodec.COUNT_OFFSET),
        object.get(U64, EPOCH_OFFSET),
        new UUID(object.get(BIG_ENDIAN, ID_OFFSET), object.get(BIG_ENDIAN, ID_OFFSET + Long.BYTES)),
        object.get(U64, CREATED_OFFSET),
        object.get(U32, FLAGS_OFFSET) == OBJECT_SEALED);
  }
}
