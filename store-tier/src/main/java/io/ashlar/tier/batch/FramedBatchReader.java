package io.ashlar.tier.batch;

import static io.ashlar.tier.batch.BatchFormatException.Check.INDEX;
import static io.ashlar.tier.batch.BatchFormatException.Check.LENGTH;
import static io.ashlar.tier.batch.FramedBatchFormat.FOOTER_BYTES;
import static io.ashlar.tier.batch.FramedBatchFormat.HEADER_BYTES;

import io.ashlar.tier.key.FrameKeys;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Reads batches of version 3 ({@link FramedBatchFormat}): whole, by their index, or the frames of
 * one entry; and what is left of a damaged one.
 *
 * <p>Every method throws {@link BatchFormatException} if a check fails, and allocates nothing for a
 * length that is impossible or exceeds the cap.
 *
 * <p>Thread: any; a reader has no state but its cap.
 */
public final class FramedBatchReader {
  /** Bytes that opening by the footer reads at first: the footer, and most indexes. */
  public static final int TAIL_BYTES = 64 << 10;

  private static final ValueLayout.OfLong START = ValueLayout.JAVA_LONG;

  private final long rawBytesMax;
  private final @Nullable FrameKeys keys;

  /** A reader that refuses bodies larger than {@code rawBytesMax}, 0 to 2113929216. */
  public FramedBatchReader(long rawBytesMax) {
    this(rawBytesMax, null);
  }

  /**
   * A reader of batches that may be encrypted. Its methods throw {@link FrameKeyException} for one
   * that is, if the key is not there.
   *
   * @param keys null for none.
   */
  public FramedBatchReader(long rawBytesMax, @Nullable FrameKeys keys) {
    if (rawBytesMax < 0 || rawBytesMax > Lz4Block.INPUT_BYTES_MAX) {
      throw new IllegalArgumentException(
          "rawBytesMax out of range: value=" + rawBytesMax + ", max=" + Lz4Block.INPUT_BYTES_MAX);
    }
    this.rawBytesMax = rawBytesMax;
    this.keys = keys;
  }

  /** Where an object's bytes are read from; each call is one request. */
  @FunctionalInterface
  public interface RangeSource {
    /** Fills {@code target} with the object's bytes from {@code offset}. */
    void read(long offset, MemorySegment target);
  }

  /**
   * Decodes a whole batch and verifies every byte of it: all checks of the format, the index
   * against each entry included.
   *
   * @param object the bytes of the object, on or off the heap; not needed afterwards.
   * @param allocator gives one piece of memory of the body's size; the entries live as long. 8
   *     bytes an entry, and the raw index, are taken beside it for the time of the call.
   */
  public Batch decode(MemorySegment object, SegmentAllocator allocator) {
    FramedHeader header = FramedHeader.read(object);
    FramedFooter footer = readFooter(object);
    FieldChecks.checkEqual("entry count", header.entries(), footer.entries());
    MemorySegment data = object.asSlice(HEADER_BYTES, footer.index().offset() - HEADER_BYTES);
    FieldChecks.checkCrc("data", footer.dataCrc(), BatchCodec.crc32c(data));
    FrameCipher cipher = new FrameCipher(keys, header.id());
    try (Arena scratch = Arena.ofConfined()) {
      FramedIndex index = FramedIndex.decode(storedIndex(object, footer), footer, cipher, scratch);
      index.checkHeader(header);
      FrameScan scan = FrameScan.of(data, rawBytesMax, new FrameScan.Opening(cipher, HEADER_BYTES));
      scan.checkSealed(header.sealed());
      checkFrames(scan, index);
      MemorySegment body = allocator.allocate(footer.rawBytes());
      MemorySegment starts = scratch.allocate(footer.entries() * Long.BYTES, Long.BYTES);
      long[] next = new long[1];
      scan.decompress(body, start -> starts.setAtIndex(START, next[0]++, start));
      index.forEach((key, entry) -> checkEntry(body, starts, key, entry));
      return Batch.framed(
          new BatchHeader(
              FramedBatchFormat.VERSION_FRAMED,
              footer.entries(),
              footer.rawBytes(),
              object.byteSize(),
              Integer.toUnsignedLong(footer.dataCrc())),
          header,
          index.frames(),
          body);
    }
  }

  private FramedFooter readFooter(MemorySegment object) {
    long length = object.byteSize();
    if (length < HEADER_BYTES + FOOTER_BYTES) {
      throw new BatchFormatException(
          LENGTH,
          "batch too short for header and footer: expected="
              + (HEADER_BYTES + FOOTER_BYTES)
              + ", actual="
              + length);
    }
    return FramedFooter.read(
        object.asSlice(length - FOOTER_BYTES, FOOTER_BYTES), length, rawBytesMax);
  }

  private static MemorySegment storedIndex(MemorySegment object, FramedFooter footer) {
    return object.asSlice(footer.index().offset(), footer.index().bytes());
  }

  private static void checkFrames(FrameScan scan, FramedIndex index) {
    FrameTable found = scan.frames();
    FrameTable said = index.frames();
    FieldChecks.checkEqual("frame count", said.count(), found.count());
    FieldChecks.checkEqual("entry count of frames", index.entries(), scan.entries());
    for (int i = 0; i < said.count(); i++) {
      FieldChecks.checkEqual("frame length", said.length(i), found.length(i));
      FieldChecks.checkEqual("frame raw length", said.rawBytes(i), found.rawBytes(i));
    }
  }

  private static void checkEntry(
      MemorySegment body, MemorySegment starts, MemorySegment key, FramedIndex.Entry entry) {
    long at = entry.bodyOffset();
    boolean same =
        isStart(starts, at)
            && BatchCodec.u32(body, at) == entry.keyBytes()
            && BatchCodec.field(body, at).mismatch(key) < 0;
    long dataAt = at + Integer.BYTES + entry.keyBytes();
    same = same && BatchCodec.u32(body, dataAt) == entry.dataBytes();
    if (!same || BatchCodec.crc32c(BatchCodec.field(body, dataAt)) != entry.crc32c()) {
      throw new BatchFormatException(
          INDEX, "batch index does not describe its entry: bodyOffset=" + at + ", entry=" + entry);
    }
  }

  private static boolean isStart(MemorySegment starts, long bodyOffset) {
    long low = 0;
    long high = starts.byteSize() / Long.BYTES - 1;
    while (low <= high) {
      long middle = (low + high) >>> 1;
      long start = starts.getAtIndex(START, middle);
      if (start == bodyOffset) {
        return true;
      }
      if (start < bodyOffset) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return false;
  }

  /**
   * Opens a batch by its footer: reads the last {@value #TAIL_BYTES} bytes, and the index by itself
   * only if it is longer.
   *
   * @param batch its id, as its name says.
   * @param objectBytes the object's length.
   * @param source read once or twice.
   * @param allocator gives memory for the raw index.
   */
  public FramedIndex openIndex(
      UUID batch, long objectBytes, RangeSource source, SegmentAllocator allocator) {
    if (objectBytes < HEADER_BYTES + FOOTER_BYTES) {
      throw new BatchFormatException(
          LENGTH, "batch too short for header and footer: actual=" + objectBytes);
    }
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment tail = scratch.allocate(Math.min(objectBytes, TAIL_BYTES));
      source.read(objectBytes - tail.byteSize(), tail);
      MemorySegment footerBytes = tail.asSlice(tail.byteSize() - FOOTER_BYTES);
      FramedFooter footer = FramedFooter.read(footerBytes, objectBytes, rawBytesMax);
      MemorySegment stored;
      if (footer.index().bytes() <= tail.byteSize() - FOOTER_BYTES) {
        long offset = tail.byteSize() - FOOTER_BYTES - footer.index().bytes();
        stored = tail.asSlice(offset, footer.index().bytes());
      } else {
        stored = scratch.allocate(footer.index().bytes());
        source.read(footer.index().offset(), stored);
      }
      return FramedIndex.decode(stored, footer, new FrameCipher(keys, batch), allocator);
    }
  }

  /**
   * Decodes frames that were read by themselves, and verifies their checksums. The entries' own
   * checksums are in the index; a caller that has them compares.
   *
   * @param batch the batch's id, as its name says.
   * @param objectOffset where the frames begin in the object.
   * @param frames one run, or several in a row, and nothing else.
   * @param allocator gives one piece of memory of their bodies' size.
   */
  public Batch decodeRun(
      UUID batch, long objectOffset, MemorySegment frames, SegmentAllocator allocator) {
    FrameScan scan =
        FrameScan.of(
            frames, rawBytesMax, new FrameScan.Opening(new FrameCipher(keys, batch), objectOffset));
    MemorySegment body = allocator.allocate(scan.frames().rawBytes());
    scan.decompress(body, start -> {});
    return new Batch(
        new BatchHeader(
            FramedBatchFormat.VERSION_FRAMED,
            scan.entries(),
            body.byteSize(),
            frames.byteSize(),
            -1),
        body,
        null);
  }

  /**
   * Frames that are read together.
   *
   * @param offset where they begin in the piece.
   * @param length bytes of them there.
   * @param rawBytes bytes of their bodies, as they say.
   */
  public record Run(long offset, long length, long rawBytes) {}

  /**
   * Finds the whole runs at the start of a piece of an object. The piece may end anywhere, even in
   * the index after the last frame. An incomplete run is left out. Nothing is verified but that
   * each frame's header is possible; {@link #decodeRun} does the rest.
   *
   * @param bytes a piece that begins with a run.
   * @return where they lie in {@code bytes}.
   */
  public List<Run> runs(MemorySegment bytes) {
    List<Run> runs = new ArrayList<>();
    long start = 0;
    long offset = 0;
    long rawBytes = 0;
    boolean more = false;
    while (offset < bytes.byteSize()) {
      Frame frame;
      try {
        frame = Frame.read(bytes, offset);
      } catch (BatchFormatException end) {
        break;
      }
      if (frame.continues() != more) {
        break;
      }
      offset += frame.bytes();
      rawBytes += frame.raw();
      more = frame.hasMore();
      if (!more) {
        runs.add(new Run(start, offset - start, rawBytes));
        start = offset;
        rawBytes = 0;
      }
    }
    return runs;
  }

  /**
   * Reads what is left of a damaged batch by following its frames; neither footer nor index is
   * needed. The header's count shows whether anything is missing.
   *
   * @param allocator as for {@link #decode}.
   */
  public Salvage salvage(MemorySegment object, SegmentAllocator allocator) {
    return new SalvageScan(object, rawBytesMax, keys, null).read(allocator);
  }

  /**
   * Reads what is left of a damaged batch whose id is known, as {@link #salvage(MemorySegment,
   * SegmentAllocator)} does. So sealed frames are opened even if the header is damaged.
   *
   * @param batch its id, as its name says. Whether the header says the same is not checked.
   */
  public Salvage salvage(UUID batch, MemorySegment object, SegmentAllocator allocator) {
    return new SalvageScan(object, rawBytesMax, keys, batch).read(allocator);
  }
}
