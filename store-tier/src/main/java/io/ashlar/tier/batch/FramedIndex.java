package io.ashlar.tier.batch;

import static io.ashlar.tier.batch.BatchFormatException.Check.CHECKSUM;
import static io.ashlar.tier.batch.BatchFormatException.Check.INDEX;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * The index of a version 3 batch: which entries it has, how long they are, their checksums and
 * where they lie. It was checked as a whole when it was decoded, so reading it cannot fail; whether
 * the frames hold what it says is another question, which {@link FramedBatchReader#decode} answers.
 *
 * <p>Thread: that of the memory it lies in. Memory: the raw index, in what the allocator gave, and
 * the table of frames on the heap.
 */
public final class FramedIndex {
  /** Bytes before the LZ4 block of a sealed index: epoch and creation time. */
  static final int SEALED_PREFIX_BYTES = 16;

  private final FramedFooter footer;
  private final MemorySegment raw;
  private final FrameTable frames;
  private final long entriesOffset;

  /** What a sealed index says of the header. */
  private final long epoch;

  private final long createdMs;

  private FramedIndex(
      FramedFooter footer,
      MemorySegment raw,
      FrameTable frames,
      long entriesOffset,
      long epoch,
      long createdMs) {
    this.footer = footer;
    this.raw = raw;
    this.frames = frames;
    this.entriesOffset = entriesOffset;
    this.epoch = epoch;
    this.createdMs = createdMs;
  }

  /**
   * One entry.
   *
   * @param bodyOffset where it begins in the body that the frames give.
   * @param keyBytes length of its key.
   * @param dataBytes length of its data.
   * @param crc32c CRC-32C of its data.
   */
  public record Entry(long bodyOffset, int keyBytes, long dataBytes, int crc32c) {
    /** Bytes of the body that it takes: lengths, key and data. */
    public long bodyBytes() {
      return BatchCodec.ENTRY_FRAMING_BYTES + keyBytes + dataBytes;
    }
  }

  /** Receives each entry. */
  @FunctionalInterface
  public interface Visitor {
    /**
     * One entry.
     *
     * @param key its key, on the heap, read-only; valid during the call.
     */
    void onEntry(MemorySegment key, Entry entry);
  }

  /**
   * Decodes an index and checks all of it.
   *
   * @param stored the index as the object holds it.
   * @param cipher opens it if it is sealed.
   * @param allocator gives one piece of memory of the footer's raw length.
   */
  static FramedIndex decode(
      MemorySegment stored, FramedFooter footer, FrameCipher cipher, SegmentAllocator allocator) {
    FieldChecks.checkEqual("index length", footer.index().bytes(), stored.byteSize());
    FieldChecks.checkCrc("index", footer.index().crc(), BatchCodec.crc32c(stored));
    MemorySegment block = stored;
    long epoch = 0;
    long createdMs = 0;
    if (footer.sealed()) {
      MemorySegment opened = opened(stored, footer, cipher);
      epoch = opened.get(BatchCodec.U64, 0);
      createdMs = opened.get(BatchCodec.U64, Long.BYTES);
      block = opened.asSlice(SEALED_PREFIX_BYTES);
    }
    long size = Lz4Block.decompressedBytes(block, footer.index().rawBytes());
    FieldChecks.checkEqual("index raw length", footer.index().rawBytes(), size);
    MemorySegment raw = allocator.allocate(size);
    Lz4Block.decompress(block, raw);
    Cursor cursor = new Cursor(raw, 0);
    FrameTable frames = readFrames(cursor, footer);
    FramedIndex index =
        new FramedIndex(footer, raw.asReadOnly(), frames, cursor.offset, epoch, createdMs);
    index.checkEntries();
    return index;
  }

  private static MemorySegment opened(
      MemorySegment stored, FramedFooter footer, FrameCipher cipher) {
    if (stored.byteSize() < FrameCipher.OVERHEAD_BYTES + SEALED_PREFIX_BYTES) {
      throw new BatchFormatException(
          INDEX, "batch index is too short to be sealed: length=" + stored.byteSize());
    }
    return MemorySegment.ofArray(cipher.open(footer.indexPlace(), stored));
  }

  /** Checks that the header of a sealed batch is the one that was sealed with the index. */
  void checkHeader(FramedHeader header) {
    if (header.sealed() != footer.sealed()) {
      throw new BatchFormatException(
          INDEX, "batch header and footer do not agree whether it is sealed");
    }
    if (header.sealed() && (header.epoch() != epoch || header.createdMs() != createdMs)) {
      throw new BatchFormatException(CHECKSUM, "batch header is not authentic");
    }
  }

  private static FrameTable readFrames(Cursor cursor, FramedFooter footer) {
    FrameTable.Builder table = new FrameTable.Builder((int) footer.frames());
    long offset = FramedBatchFormat.HEADER_BYTES;
    for (long i = 0; i < footer.frames(); i++) {
      long length = cursor.varint("frame length");
      long rawLength = cursor.varint("frame raw length");
      boolean fits =
          length > FramedBatchFormat.FRAME_HEADER_BYTES
              && length <= footer.index().offset() - offset
              && rawLength >= 1
              && rawLength <= FramedBatchFormat.FRAME_RAW_BYTES_MAX;
      cursor.check(fits, "frame length", length);
      table.add(offset, (int) length, (int) rawLength);
      offset += length;
    }
    FieldChecks.checkEqual("frames' end", footer.index().offset(), offset);
    FieldChecks.checkEqual("raw total", footer.rawBytes(), table.rawBytes());
    return table.build();
  }

  private void checkEntries() {
    Cursor cursor = new Cursor(raw, entriesOffset);
    long before = -1;
    for (long i = 0; i < footer.entries(); i++) {
      Entry entry = cursor.next(frames);
      if (cursor.sameKey) {
        cursor.check(entry.bodyOffset() > before, "position of an equal key", entry.bodyOffset());
      }
      before = entry.bodyOffset();
    }
    cursor.check(cursor.offset == raw.byteSize(), "end", cursor.offset);
  }

  /** Where the frames lie. */
  public FrameTable frames() {
    return frames;
  }

  /** Number of entries. */
  public long entries() {
    return footer.entries();
  }

  /** Bytes of the body that the frames give. */
  public long rawBytes() {
    return footer.rawBytes();
  }

  /** CRC-32C of the object that this is the index of, if that is whole. */
  public int objectCrc32c() {
    return footer.objectCrc();
  }

  /** Visits the entries by their keys, those of one key as they lie. */
  public void forEach(Visitor visitor) {
    Cursor cursor = new Cursor(raw, entriesOffset);
    for (long i = 0; i < footer.entries(); i++) {
      Entry entry = cursor.next(frames);
      visitor.onEntry(cursor.key(), entry);
    }
  }

  /** Reads the raw index from front to back. */
  private static final class Cursor {
    private static final int KEY_BYTES_FIRST = 64;
    private static final int VARINT_SHIFT_MAX = 28;

    private final MemorySegment raw;
    private long offset;
    private byte[] key = new byte[KEY_BYTES_FIRST];
    private int keyBytes;
    private boolean first = true;
    private boolean sameKey;

    Cursor(MemorySegment raw, long offset) {
      this.raw = raw;
      this.offset = offset;
    }

    void check(boolean ok, String field, long value) {
      if (!ok) {
        throw new BatchFormatException(
            INDEX,
            "batch index is broken: offset=" + offset + ", field=" + field + ", value=" + value);
      }
    }

    long varint(String field) {
      long value = 0;
      for (int shift = 0; shift <= VARINT_SHIFT_MAX; shift += 7) {
        check(offset < raw.byteSize(), field, value);
        int next = Byte.toUnsignedInt(raw.get(ValueLayout.JAVA_BYTE, offset++));
        value |= (next & 0x7FL) << shift;
        if (next < 0x80) {
          check((next > 0 || shift == 0) && value <= BatchCodec.U32_MAX, field, value);
          return value;
        }
      }
      check(false, field, value);
      return value;
    }

    Entry next(FrameTable frames) {
      readKey();
      long frame = varint("frame");
      check(frame < frames.count(), "frame", frame);
      long within = varint("offset");
      check(within < frames.rawBytes((int) frame), "offset", within);
      long dataBytes = varint("length");
      check(dataBytes <= FramedBatchFormat.DATA_BYTES_MAX, "length", dataBytes);
      check(raw.byteSize() - offset >= Integer.BYTES, "crc", offset);
      int crc = raw.get(BatchCodec.U32, offset);
      offset += Integer.BYTES;
      Entry entry = new Entry(frames.rawStart((int) frame) + within, keyBytes, dataBytes, crc);
      check(entry.bodyBytes() <= frames.rawBytes() - entry.bodyOffset(), "length", dataBytes);
      return entry;
    }

    private void readKey() {
      long shared = varint("shared");
      check(shared <= keyBytes, "shared", shared);
      long suffix = varint("suffix length");
      long length = shared + suffix;
      check(
          suffix <= raw.byteSize() - offset && length <= FramedBatchFormat.KEY_BYTES_MAX,
          "suffix length",
          suffix);
      if (shared < keyBytes) {
        boolean after =
            suffix > 0
                && Byte.compareUnsigned(raw.get(ValueLayout.JAVA_BYTE, offset), key[(int) shared])
                    > 0;
        check(after, "order of keys", shared);
      }
      sameKey = !first && suffix == 0;
      first = false;
      if (length > key.length) {
        key = Arrays.copyOf(key, (int) Math.max(length, Math.min(key.length * 2L, 1 << 16)));
      }
      MemorySegment.copy(raw, ValueLayout.JAVA_BYTE, offset, key, (int) shared, (int) suffix);
      offset += suffix;
      keyBytes = (int) length;
    }

    MemorySegment key() {
      return MemorySegment.ofArray(key).asSlice(0, keyBytes).asReadOnly();
    }
  }
}
