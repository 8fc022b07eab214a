package io.ashlar.tier.batch;

import static io.ashlar.tier.batch.BatchFormatException.Check.COUNT_BOUND;
import static io.ashlar.tier.batch.BatchFormatException.Check.FRAME;
import static io.ashlar.tier.batch.BatchFormatException.Check.SIZE_BOUND;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Walks the frames that fill a piece of an object, and decompresses them. Every length is bounded
 * before it is used, and nothing is allocated before all were seen.
 *
 * <p>Thread: any; there is no state but the bytes.
 */
final class FrameScan {
  private final MemorySegment bytes;
  private final Opening opening;
  private final FrameTable frames;
  private final long entries;

  /**
   * How sealed frames are opened.
   *
   * @param objectOffset where the bytes that are scanned begin in the object.
   */
  record Opening(FrameCipher cipher, long objectOffset) {}

  private FrameScan(MemorySegment bytes, Opening opening, FrameTable frames, long entries) {
    this.bytes = bytes;
    this.opening = opening;
    this.frames = frames;
    this.entries = entries;
  }

  /**
   * Walks frames from the first to the last byte, which begin and end a run each.
   *
   * @param bytes nothing but frames.
   * @param rawBytesMax the cap on the sum of their bodies.
   * @param opening used by {@link #decompress} for sealed frames.
   * @throws BatchFormatException if they are not, or exceed it, or a CRC differs.
   */
  static FrameScan of(MemorySegment bytes, long rawBytesMax, Opening opening) {
    int count = 0;
    long raw = 0;
    for (long offset = 0; offset < bytes.byteSize(); count++) {
      Frame frame = Frame.read(bytes, offset);
      raw += frame.raw();
      if (raw > rawBytesMax) {
        throw new BatchFormatException(
            SIZE_BOUND, "batch frames exceed their bound: raw=" + raw + ", max=" + rawBytesMax);
      }
      offset += frame.bytes();
    }
    if (count > FramedBatchFormat.framesMax(raw)) {
      throw new BatchFormatException(
          COUNT_BOUND,
          "batch has too many frames: count="
              + count
              + ", max="
              + FramedBatchFormat.framesMax(raw));
    }
    FrameTable.Builder table = new FrameTable.Builder(count);
    long entries = 0;
    boolean more = false;
    for (long offset = 0; offset < bytes.byteSize(); ) {
      Frame frame = Frame.read(bytes, offset);
      checkRun(frame.continues() == more, offset, frame);
      more = frame.hasMore();
      frame.checkCrc(bytes, offset);
      table.add(offset, frame.bytes(), frame.raw());
      entries += frame.entries();
      offset += frame.bytes();
    }
    checkRun(!more, bytes.byteSize(), null);
    return new FrameScan(bytes, opening, table.build(), entries);
  }

  private static void checkRun(boolean ok, long offset, @Nullable Frame frame) {
    if (!ok) {
      throw new BatchFormatException(
          FRAME,
          "batch frame does not go on with the one before: offset="
              + offset
              + ", flags="
              + (frame == null ? "none" : frame.flags()));
    }
  }

  /** Checks that all frames are sealed, or none. */
  void checkSealed(boolean sealed) {
    for (int i = 0; i < frames.count(); i++) {
      if (Frame.read(bytes, frames.offset(i)).sealed() != sealed) {
        throw new BatchFormatException(
            FRAME,
            "batch frame is sealed and its batch is not, or the other way round: frame=" + i);
      }
    }
  }

  /** Where they lie, counted from the first byte. */
  FrameTable frames() {
    return frames;
  }

  /** Number of entries that begin in them. */
  long entries() {
    return entries;
  }

  /**
   * Decompresses all, and checks that their entries fill each run exactly.
   *
   * @param body memory of {@link FrameTable#rawBytes}.
   * @param starts called with each entry's offset in the body.
   */
  void decompress(MemorySegment body, StartVisitor starts) {
    for (int i = 0; i < frames.count(); i++) {
      decompressFrame(bytes, frames.offset(i), body, frames.rawStart(i), opening);
    }
    for (int i = 0; i < frames.count(); ) {
      Frame first = Frame.read(bytes, frames.offset(i));
      long start = frames.rawStart(i);
      boolean more = first.hasMore();
      for (i++; more; i++) {
        more = Frame.read(bytes, frames.offset(i)).hasMore();
      }
      long end = i == frames.count() ? frames.rawBytes() : frames.rawStart(i);
      walk(body.asSlice(start, end - start), start, first.entries(), starts);
    }
  }

  /** Receives the offset of each entry. */
  @FunctionalInterface
  interface StartVisitor {
    void onStart(long bodyOffset);
  }

  /** Decompresses the frame at {@code offset} of {@code bytes}, checked before. */
  static void decompressFrame(
      MemorySegment bytes, long offset, MemorySegment body, long bodyOffset, Opening opening) {
    Frame frame = Frame.read(bytes, offset);
    MemorySegment stored =
        bytes.asSlice(offset + FramedBatchFormat.FRAME_HEADER_BYTES, frame.stored());
    if (frame.sealed()) {
      long objectOffset = opening.objectOffset() + offset;
      stored =
          MemorySegment.ofArray(
              opening.cipher().open(Frame.place(bytes, offset, objectOffset), stored));
    }
    MemorySegment target = body.asSlice(bodyOffset, frame.raw());
    if (frame.codec() == Frame.CODEC_RAW) {
      target.copyFrom(stored);
      return;
    }
    long size = Lz4Block.decompressedBytes(stored, frame.raw());
    FieldChecks.checkEqual("frame raw length", frame.raw(), size);
    Lz4Block.decompress(stored, target);
  }

  /** Checks that {@code entries} entries fill a run's body exactly. */
  static void walk(MemorySegment run, long bodyOffset, long entries, StartVisitor starts) {
    long offset = 0;
    for (long i = 0; i < entries; i++) {
      starts.onStart(bodyOffset + offset);
      offset = BatchCodec.afterField(run, offset, i, "key");
      offset = BatchCodec.afterField(run, offset, i, "data");
    }
    BatchCodec.checkConsumed(run, offset, entries);
  }
}
