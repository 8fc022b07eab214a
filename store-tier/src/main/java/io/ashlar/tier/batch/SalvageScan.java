package io.ashlar.tier.batch;

import io.ashlar.tier.key.FrameKeys;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One salvage of one object, by the scan that {@link FramedBatchFormat} specifies. When footer and
 * index are whole, frames are looked for where the index says; else each follows the one before.
 *
 * <p>Thread: one. Memory: the table of the frames that are found, as many as a whole batch of the
 * cap's size could have.
 */
final class SalvageScan {
  private final MemorySegment object;
  private final long rawBytesMax;
  private final @Nullable FrameKeys keys;
  private final @Nullable UUID batch;
  private FrameCipher cipher = new FrameCipher(null, new UUID(0, 0));
  private final FrameTable.Builder found;
  private long entriesExpected = -1;
  private long framesLost;

  /**
   * @param batch the id that the batch must have; null for the one that its header says.
   */
  SalvageScan(
      MemorySegment object, long rawBytesMax, @Nullable FrameKeys keys, @Nullable UUID batch) {
    this.keys = keys;
    this.batch = batch;
    this.object = object;
    this.rawBytesMax = rawBytesMax;
    long framesMax =
        Math.min(
            FramedBatchFormat.framesMax(rawBytesMax),
            object.byteSize() / (FramedBatchFormat.FRAME_HEADER_BYTES + 1));
    this.found = new FrameTable.Builder((int) framesMax);
  }

  Salvage read(SegmentAllocator allocator) {
    FramedHeader header = header();
    UUID id = batch == null && header != null ? header.id() : batch;
    if (id != null) {
      // Else nothing tells the batch that sealed frames are bound to.
      cipher = new FrameCipher(keys, id);
    }
    FrameTable said = frameTable();
    if (header != null) {
      entriesExpected = header.entries();
    }
    if (said == null) {
      follow();
    } else {
      lookUp(said);
    }
    return decompress(header, allocator);
  }

  private @Nullable FramedHeader header() {
    try {
      return FramedHeader.read(object);
    } catch (BatchFormatException damaged) {
      return null;
    }
  }

  /** The index's table of frames, or null if that or the footer is damaged. */
  private @Nullable FrameTable frameTable() {
    long length = object.byteSize();
    if (length < FramedBatchFormat.HEADER_BYTES + FramedBatchFormat.FOOTER_BYTES) {
      return null;
    }
    try (Arena scratch = Arena.ofConfined()) {
      FramedFooter footer =
          FramedFooter.read(
              object.asSlice(length - FramedBatchFormat.FOOTER_BYTES), length, rawBytesMax);
      entriesExpected = footer.entries();
      MemorySegment stored = object.asSlice(footer.index().offset(), footer.index().bytes());
      return FramedIndex.decode(stored, footer, cipher, scratch).frames();
    } catch (BatchFormatException damaged) {
      return null;
    }
  }

  private void lookUp(FrameTable said) {
    for (int i = 0; i < said.count(); i++) {
      Frame frame = frameAt(said.offset(i));
      boolean taken =
          frame != null
              && frame.bytes() == said.length(i)
              && isIntact(said.offset(i), frame)
              && take(said.offset(i), frame);
      if (!taken) {
        framesLost++;
      }
    }
  }

  private void follow() {
    long offset = FramedBatchFormat.HEADER_BYTES;
    while (true) {
      Frame frame = frameAt(offset);
      if (frame == null) {
        return;
      }
      if (isIntact(offset, frame)) {
        if (!take(offset, frame)) {
          return;
        }
      } else {
        // The index begins after the last frame and may look like a damaged frame.
        Frame next = frameAt(offset + frame.bytes());
        if (next == null || !isIntact(offset + frame.bytes(), next)) {
          return;
        }
        framesLost++;
      }
      offset += frame.bytes();
    }
  }

  private @Nullable Frame frameAt(long offset) {
    try {
      return Frame.read(object, offset);
    } catch (BatchFormatException none) {
      return null;
    }
  }

  private boolean isIntact(long offset, Frame frame) {
    try {
      frame.checkCrc(object, offset);
      return true;
    } catch (BatchFormatException damaged) {
      return false;
    }
  }

  /** Notes a frame unless a bound is reached. */
  private boolean take(long offset, Frame frame) {
    if (found.isFull() || found.rawBytes() + frame.raw() > rawBytesMax) {
      return false;
    }
    found.add(offset, frame.bytes(), frame.raw());
    return true;
  }

  private Salvage decompress(@Nullable FramedHeader header, SegmentAllocator allocator) {
    FrameTable all = found.build();
    FrameTable.Builder used = new FrameTable.Builder(all.count());
    MemorySegment body = allocator.allocate(all.rawBytes());
    long entries = 0;
    for (int first = 0; first < all.count(); ) {
      int end = runEnd(all, first);
      long runEntries = end < 0 ? -1 : decompressRun(all, first, end, body, used.rawBytes());
      if (runEntries < 0) {
        framesLost++;
        first++;
        continue;
      }
      for (int i = first; i < end; i++) {
        used.add(all.offset(i), all.length(i), all.rawBytes(i));
      }
      entries += runEntries;
      first = end;
    }
    BatchHeader summary =
        new BatchHeader(
            FramedBatchFormat.VERSION_FRAMED, entries, used.rawBytes(), object.byteSize(), -1);
    MemorySegment kept = body.asSlice(0, used.rawBytes());
    return new Salvage(
        Batch.framed(summary, header, used.build(), kept), entriesExpected, entries, framesLost);
  }

  /** Returns the place after the run that begins at {@code first}, or −1 if it is not whole. */
  private int runEnd(FrameTable all, int first) {
    Frame frame = Frame.read(object, all.offset(first));
    if (frame.continues()) {
      return -1;
    }
    int at = first;
    while (frame.hasMore()) {
      long nextOffset = all.offset(at) + all.length(at);
      at++;
      if (at == all.count() || all.offset(at) != nextOffset) {
        return -1;
      }
      frame = Frame.read(object, nextOffset);
      if (!frame.continues()) {
        return -1;
      }
    }
    return at + 1;
  }

  private long decompressRun(FrameTable all, int first, int end, MemorySegment body, long at) {
    long entries = Frame.read(object, all.offset(first)).entries();
    long bodyOffset = at;
    try {
      for (int i = first; i < end; i++) {
        FrameScan.decompressFrame(
            object, all.offset(i), body, bodyOffset, new FrameScan.Opening(cipher, 0));
        bodyOffset += all.rawBytes(i);
      }
      FrameScan.walk(body.asSlice(at, bodyOffset - at), at, entries, start -> {});
      return entries;
    } catch (BatchFormatException hostile) {
      return -1;
    }
  }
}
