package io.ashlar.tier.batch;

import static io.ashlar.tier.batch.BatchFormatException.Check.TOO_LARGE;

import java.lang.foreign.MemorySegment;

/**
 * Packs entries into one LCB1 version 2 object, in native memory that is used again for the next.
 * Order and duplicates are kept; keys and data may be empty.
 *
 * <p>Life: {@link #add} any number of times, {@link #encode}, then {@link #clear} and again.
 * Encoding changes nothing, so it can be repeated. Entries are copied when they are added; what
 * {@link #encode} returns is valid until the next add, encode, clear or close.
 *
 * <p>Thread: one. Memory: about twice the body while it encodes; {@link #clear} gives back what
 * exceeds {@value #RETAINED_BYTES_MAX} bytes, close everything.
 */
public final class BatchEncoder implements AutoCloseable {
  /** Bytes of scratch kept between batches. */
  public static final long RETAINED_BYTES_MAX = 64L << 20;

  private final long bodyBytesMax;
  private final Scratch body = new Scratch();
  private final Scratch object = new Scratch();
  private long bodyBytes;
  private long entries;

  BatchEncoder(long bodyBytesMax) {
    this.bodyBytesMax = bodyBytesMax;
  }

  /**
   * Adds an entry by copying it.
   *
   * @throws BatchFormatException if the batch would exceed the codec's cap, or a length the 32 bits
   *     of the format ({@link BatchFormatException.Check#TOO_LARGE}); nothing was added.
   */
  public void add(MemorySegment key, MemorySegment data) {
    long dataBytes = data.byteSize();
    checkLength("key", key.byteSize());
    checkLength("data", dataBytes);
    long after = bodyBytes + key.byteSize() + dataBytes + BatchCodec.ENTRY_FRAMING_BYTES;
    if (after > bodyBytesMax) {
      throw new BatchFormatException(
          TOO_LARGE, "batch body would exceed its cap: bytes=" + after + ", max=" + bodyBytesMax);
    }
    MemorySegment target = body.grow(after, bodyBytes);
    long offset = bodyBytes;
    target.set(BatchCodec.U32, offset, (int) key.byteSize());
    MemorySegment.copy(key, 0, target, offset + Integer.BYTES, key.byteSize());
    offset += Integer.BYTES + key.byteSize();
    target.set(BatchCodec.U32, offset, (int) dataBytes);
    MemorySegment.copy(data, 0, target, offset + Integer.BYTES, dataBytes);
    bodyBytes = after;
    entries++;
  }

  private static void checkLength(String field, long length) {
    if (length > BatchCodec.U32_MAX) {
      throw new BatchFormatException(
          TOO_LARGE,
          "batch " + field + " too long: length=" + length + ", max=" + BatchCodec.U32_MAX);
    }
  }

  /** Number of entries added. */
  public long entries() {
    return entries;
  }

  /** Bytes of the body so far: key, data and 8 for each entry. */
  public long bodyBytes() {
    return bodyBytes;
  }

  /**
   * Packs what was added.
   *
   * @return the whole object, read-only, in native memory of this encoder.
   */
  public MemorySegment encode() {
    int blockOffset = BatchCodec.HEADER_BYTES + BatchCodec.PREFIX_BYTES;
    int blockBytesMax = Lz4Block.compressedBytesMax((int) bodyBytes);
    MemorySegment target = object.grow((long) blockOffset + blockBytesMax, 0);
    int blockBytes =
        Lz4Block.compress(
            body.grow(bodyBytes, bodyBytes).asSlice(0, bodyBytes),
            target.asSlice(blockOffset, blockBytesMax));
    target.set(BatchCodec.U32, BatchCodec.MAGIC_OFFSET, BatchCodec.MAGIC_WORD);
    target.set(BatchCodec.U32, BatchCodec.VERSION_OFFSET, BatchCodec.VERSION_WRITTEN);
    target.set(BatchCodec.U32, BatchCodec.COUNT_OFFSET, (int) entries);
    target.set(BatchCodec.U32, BatchCodec.SIZE_OFFSET, (int) bodyBytes);
    target.set(BatchCodec.U32, BatchCodec.HEADER_BYTES, (int) bodyBytes);
    MemorySegment checked =
        target.asSlice(BatchCodec.HEADER_BYTES, (long) BatchCodec.PREFIX_BYTES + blockBytes);
    target.set(BatchCodec.U32, BatchCodec.CRC_OFFSET, BatchCodec.crc32c(checked));
    return target.asSlice(0, (long) blockOffset + blockBytes).asReadOnly();
  }

  /** Forgets all entries, keeping memory for the next ones. */
  public void clear() {
    bodyBytes = 0;
    entries = 0;
    body.trim(RETAINED_BYTES_MAX);
    object.trim(RETAINED_BYTES_MAX);
  }

  /** Frees all memory. Idempotent; the encoder must not be used afterwards. */
  @Override
  public void close() {
    bodyBytes = 0;
    entries = 0;
    body.close();
    object.close();
  }
}
