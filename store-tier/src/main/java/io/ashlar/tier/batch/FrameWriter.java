package io.ashlar.tier.batch;

import static io.ashlar.tier.batch.FramedBatchFormat.FRAME_HEADER_BYTES;
import static io.ashlar.tier.batch.FramedBatchFormat.FRAME_RAW_BYTES_MAX;
import static io.ashlar.tier.batch.FramedBatchFormat.HEADER_BYTES;

import io.ashlar.tier.key.FrameKey;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The object of version 3 as it grows ({@link FramedBatchFormat}): frames are compressed, encrypted
 * where there is a key, and written one after the other; then index, footer and header.
 *
 * <p>A <i>run</i> is what one ranged GET has to read for an entry: one frame, or all those of a
 * large entry.
 *
 * <p>Thread: one at a time. Memory: the object's, native, used again for the next; {@link #clear}
 * gives back what exceeds {@value BatchEncoder#RETAINED_BYTES_MAX} bytes, close everything.
 */
final class FrameWriter implements AutoCloseable {
  private static final int RUNS_FIRST = 16;

  private final Scratch object = new Scratch();
  private final IndexEncoder index;
  private long objectBytes = HEADER_BYTES;

  private @Nullable FrameKey key;
  private FrameCipher cipher = new FrameCipher(null, new UUID(0, 0));
  private UUID sealedId = new UUID(0, 0);

  /** Where each run begins in the object, and where the last one ends. */
  private long[] runOffsets = new long[RUNS_FIRST];

  private int runs;

  /**
   * Creates one.
   *
   * @param index collects each frame; stays the caller's.
   */
  FrameWriter(IndexEncoder index) {
    this.index = index;
  }

  /** Encrypts what is written from now on, until {@link #clear}. */
  void seal(FrameKey newKey, UUID batch) {
    key = newKey;
    cipher = new FrameCipher(null, batch);
    sealedId = batch;
  }

  /** Returns whether frames are encrypted. */
  boolean isEncrypted() {
    return key != null;
  }

  /** Returns whether the batch may have this id: an encrypted one has the id it was sealed with. */
  boolean isFor(UUID batch) {
    return key == null || sealedId.equals(batch);
  }

  /** Makes room for an object of about {@code bytes}. */
  void reserve(long bytes) {
    var _ = grow(bytes);
  }

  /** Bytes of the header and of the frames. */
  long objectBytes() {
    return objectBytes;
  }

  /** Number of runs. */
  int runs() {
    return runs;
  }

  /** Where a run lies in the object. */
  FrameTable.Range run(int run) {
    return new FrameTable.Range(runOffsets[run], runOffsets[run + 1] - runOffsets[run]);
  }

  /** Writes a frame of whole entries. */
  void write(MemorySegment raw, int entries) {
    beginRun(objectBytes);
    writeFrame(raw, 0, entries);
    endRun(objectBytes);
  }

  /** Writes an entry in frames of its own. */
  void writeLarge(MemorySegment entry) {
    beginRun(objectBytes);
    for (long offset = 0; offset < entry.byteSize(); offset += FRAME_RAW_BYTES_MAX) {
      long part = Math.min(FRAME_RAW_BYTES_MAX, entry.byteSize() - offset);
      boolean more = offset + part < entry.byteSize();
      int flags = (offset > 0 ? Frame.CONTINUES : 0) | (more ? Frame.MORE : 0);
      writeFrame(entry.asSlice(offset, part), flags, offset > 0 ? 0 : 1);
    }
    endRun(objectBytes);
  }

  /**
   * Writes all frames of another one, encrypted if these are, and notes what that one's index has.
   *
   * @param part not encrypted.
   */
  void append(FrameWriter part) {
    int sealBytes = key == null ? 0 : FrameCipher.OVERHEAD_BYTES;
    long partBytes = part.objectBytes - HEADER_BYTES;
    MemorySegment target = grow(objectBytes + partBytes + (long) part.index.frames() * sealBytes);
    if (key == null) {
      MemorySegment.copy(part.object.segment(), HEADER_BYTES, target, objectBytes, partBytes);
      for (int run = 0; run < part.runs; run++) {
        beginRun(objectBytes - HEADER_BYTES + part.runOffsets[run]);
        endRun(objectBytes - HEADER_BYTES + part.runOffsets[run + 1]);
      }
      objectBytes += partBytes;
    } else {
      appendSealed(key, part.object.segment().asSlice(0, part.objectBytes), target);
    }
    index.append(part.index, sealBytes);
  }

  private void appendSealed(FrameKey frameKey, MemorySegment part, MemorySegment target) {
    for (long offset = HEADER_BYTES; offset < part.byteSize(); ) {
      Frame frame = Frame.read(part, offset);
      if (!frame.continues()) {
        beginRun(objectBytes);
      }
      MemorySegment.copy(
          part,
          offset + FRAME_HEADER_BYTES,
          target,
          objectBytes + FRAME_HEADER_BYTES,
          frame.stored());
      Frame sealedFrame = frame.sealedBy(FrameCipher.OVERHEAD_BYTES);
      sealFrame(frameKey, target, sealedFrame);
      sealedFrame.write(target, objectBytes);
      objectBytes += sealedFrame.bytes();
      if (!frame.hasMore()) {
        endRun(objectBytes);
      }
      offset += frame.bytes();
    }
  }

  private void writeFrame(MemorySegment raw, int flags, int frameEntries) {
    int rawLength = (int) raw.byteSize();
    int lz4Max = Lz4Block.compressedBytesMax(rawLength);
    MemorySegment target =
        grow(
            objectBytes
                + FRAME_HEADER_BYTES
                + Math.max(lz4Max, rawLength)
                + FrameCipher.OVERHEAD_BYTES);
    long body = objectBytes + FRAME_HEADER_BYTES;
    int stored = Lz4Block.compress(raw, target.asSlice(body, lz4Max));
    int codec = Frame.CODEC_LZ4;
    if (stored >= rawLength) {
      MemorySegment.copy(raw, 0, target, body, rawLength);
      stored = rawLength;
      codec = Frame.CODEC_RAW;
    }
    Frame frame = new Frame(stored, rawLength, codec, flags, frameEntries);
    if (key != null) {
      frame = frame.sealedBy(FrameCipher.OVERHEAD_BYTES);
      sealFrame(key, target, frame);
    }
    frame.write(target, objectBytes);
    index.addFrame(frame.bytes(), rawLength);
    objectBytes += frame.bytes();
  }

  /** Puts a sealed frame in the place of what its codec made. */
  private void sealFrame(FrameKey frameKey, MemorySegment target, Frame frame) {
    long body = objectBytes + FRAME_HEADER_BYTES;
    byte[] text = target.asSlice(body, frame.textBytes()).toArray(ValueLayout.JAVA_BYTE);
    // The fields that the seal covers come first; the CRC, which covers the seal, later.
    frame.write(target, objectBytes);
    cipher.seal(
        frameKey,
        Frame.place(target, objectBytes, objectBytes),
        text,
        target.asSlice(body, frame.stored()));
  }

  /**
   * Writes index, footer and header; can be repeated.
   *
   * @param header what the batch says of itself; its count of entries is not used.
   * @param rawBytes bytes of the body.
   * @return the whole object, read-only; valid until the next call of anything but a getter.
   */
  MemorySegment finish(FramedHeader header, long rawBytes) {
    long entries = index.entries();
    object.grow(HEADER_BYTES, 0);
    int sealBytes = key == null ? 0 : FrameCipher.OVERHEAD_BYTES + FramedIndex.SEALED_PREFIX_BYTES;
    IndexEncoder.Encoded encoded = index.encode(object, objectBytes, sealBytes);
    long indexBytes = encoded.bytes() + sealBytes;
    long footerOffset = objectBytes + indexBytes;
    long length = footerOffset + FramedBatchFormat.FOOTER_BYTES;
    MemorySegment target = object.grow(length, footerOffset);
    new FramedHeader(entries, header.epoch(), header.id(), header.createdMs(), key != null)
        .write(target);
    int dataCrc = BatchCodec.crc32c(target.asSlice(HEADER_BYTES, objectBytes - HEADER_BYTES));
    FramedFooter footer =
        new FramedFooter(
            new FramedFooter.StoredIndex(objectBytes, indexBytes, encoded.rawBytes(), 0),
            index.frames(),
            entries,
            rawBytes,
            length,
            dataCrc,
            key != null);
    MemorySegment stored = target.asSlice(objectBytes, indexBytes);
    if (key != null) {
      sealIndex(key, header, encoded.bytes(), footer, stored);
    }
    footer.withIndexCrc(BatchCodec.crc32c(stored)).write(target, footerOffset);
    return target.asSlice(0, length).asReadOnly();
  }

  private void sealIndex(
      FrameKey indexKey,
      FramedHeader header,
      long blockBytes,
      FramedFooter footer,
      MemorySegment stored) {
    byte[] text = new byte[FramedIndex.SEALED_PREFIX_BYTES + Math.toIntExact(blockBytes)];
    MemorySegment opened = MemorySegment.ofArray(text);
    opened.set(BatchCodec.U64, 0, header.epoch());
    opened.set(BatchCodec.U64, Long.BYTES, header.createdMs());
    MemorySegment.copy(stored, 0, opened, FramedIndex.SEALED_PREFIX_BYTES, blockBytes);
    cipher.seal(indexKey, footer.indexPlace(), text, stored);
  }

  private void beginRun(long offset) {
    if (runs + 2 > runOffsets.length) {
      runOffsets = Arrays.copyOf(runOffsets, runOffsets.length * 2);
    }
    runOffsets[runs] = offset;
  }

  private void endRun(long offset) {
    runs++;
    runOffsets[runs] = offset;
  }

  private MemorySegment grow(long bytes) {
    // Nothing is in place before the first frame: the header is written last.
    return object.grow(bytes, objectBytes == HEADER_BYTES ? 0 : objectBytes);
  }

  /** Forgets all frames and the key, keeping memory for the next ones. */
  void clear() {
    objectBytes = HEADER_BYTES;
    runs = 0;
    key = null;
    object.trim(BatchEncoder.RETAINED_BYTES_MAX);
  }

  /** Frees all memory. Idempotent; nothing must be written afterwards. */
  @Override
  public void close() {
    clear();
    object.close();
  }
}
