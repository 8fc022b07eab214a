package io.ashlar.tier.batch;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Collects what the index of a version 3 batch says, and writes it sorted and compressed.
 *
 * <pre>
 * entry: 0 key offset (8), 8 key length, 12 frame, 16 offset in it, 20 data length, 24 CRC, 28 zero
 * frame: 0 bytes in the object, 4 raw bytes
 * </pre>
 *
 * <p>Thread: one. Memory: native and its own, but for 8 bytes of heap an entry while it sorts.
 */
final class IndexEncoder implements AutoCloseable {
  private static final int ENTRY_BYTES = 32;
  private static final int FRAME_BYTES = 8;
  private static final int ID_BYTES = 16;
  private static final int VARINT_BYTES_MAX = 5;
  private static final ValueLayout.OfLong KEY_OFFSET = ValueLayout.JAVA_LONG;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

  private final Scratch keys = new Scratch();
  private final Scratch entryLog = new Scratch();
  private final Scratch frameLog = new Scratch();
  private final Scratch raw = new Scratch();
  private long keysBytes;
  private int entries;
  private int frames;

  /** What {@link #encode} wrote. */
  record Encoded(long bytes, long rawBytes) {}

  int entries() {
    return entries;
  }

  int frames() {
    return frames;
  }

  /** Makes room for entries whose keys are ids, as {@link FramedBatchEncoder#reserve} says. */
  void reserve(long entryCount) {
    var _ = keys.grow(entryCount * ID_BYTES, keysBytes);
    var _ = entryLog.grow(entryCount * ENTRY_BYTES, (long) entries * ENTRY_BYTES);
  }

  /** Notes an entry that begins at {@code offset} of the next frame. */
  void add(MemorySegment key, int offset, long dataBytes, int crc) {
    MemorySegment keyTarget = keys.grow(keysBytes + key.byteSize(), keysBytes);
    MemorySegment.copy(key, 0, keyTarget, keysBytes, key.byteSize());
    long at = (long) entries * ENTRY_BYTES;
    MemorySegment log = entryLog.grow(at + ENTRY_BYTES, at);
    log.set(KEY_OFFSET, at, keysBytes);
    log.set(INT, at + 8, (int) key.byteSize());
    log.set(INT, at + 12, frames);
    log.set(INT, at + 16, offset);
    log.set(INT, at + 20, (int) dataBytes);
    log.set(INT, at + 24, crc);
    keysBytes += key.byteSize();
    entries++;
  }

  /** Notes that a frame was written. */
  void addFrame(int bytes, int rawBytes) {
    long at = (long) frames * FRAME_BYTES;
    MemorySegment log = frameLog.grow(at + FRAME_BYTES, at);
    log.set(INT, at, bytes);
    log.set(INT, at + 4, rawBytes);
    frames++;
  }

  /**
   * Appends everything that another encoder noted.
   *
   * @param sealBytes how much longer its frames are here.
   */
  void append(IndexEncoder part, int sealBytes) {
    MemorySegment keyTarget = keys.grow(keysBytes + part.keysBytes, keysBytes);
    MemorySegment.copy(part.keys.segment(), 0, keyTarget, keysBytes, part.keysBytes);
    long start = (long) entries * ENTRY_BYTES;
    long bytes = (long) part.entries * ENTRY_BYTES;
    MemorySegment log = entryLog.grow(start + bytes, start);
    MemorySegment.copy(part.entryLog.segment(), 0, log, start, bytes);
    for (long at = start; at < start + bytes; at += ENTRY_BYTES) {
      log.set(KEY_OFFSET, at, log.get(KEY_OFFSET, at) + keysBytes);
      log.set(INT, at + 12, log.get(INT, at + 12) + frames);
    }
    for (int i = 0; i < part.frames; i++) {
      addFrame(part.frame(i, 0) + sealBytes, part.frame(i, Integer.BYTES));
    }
    keysBytes += part.keysBytes;
    entries += part.entries;
  }

  private int frame(int frame, int field) {
    return frameLog.segment().get(INT, (long) frame * FRAME_BYTES + field);
  }

  /**
   * Writes the compressed index after the first {@code offset} bytes of {@code object}.
   *
   * @param spareBytes spare memory that {@code object} must have after it.
   */
  Encoded encode(Scratch object, long offset, int spareBytes) {
    long rawMax =
        keysBytes
            + entries * (5L * VARINT_BYTES_MAX + Integer.BYTES)
            + frames * 2L * VARINT_BYTES_MAX;
    MemorySegment target = raw.grow(rawMax, 0);
    long end = 0;
    for (int i = 0; i < frames; i++) {
      end = writeVarint(target, end, frame(i, 0));
      end = writeVarint(target, end, frame(i, Integer.BYTES));
    }
    int before = -1;
    for (int entry : sorted()) {
      end = writeEntry(target, end, before, entry);
      before = entry;
    }
    int lz4Max = Lz4Block.compressedBytesMax((int) end);
    MemorySegment whole = object.grow(offset + lz4Max + spareBytes, offset);
    int bytes = Lz4Block.compress(target.asSlice(0, end), whole.asSlice(offset, lz4Max));
    return new Encoded(bytes, end);
  }

  private long writeEntry(MemorySegment target, long offset, int before, int entry) {
    MemorySegment log = entryLog.segment();
    long at = (long) entry * ENTRY_BYTES;
    long key = log.get(KEY_OFFSET, at);
    int keyBytes = log.get(INT, at + 8);
    int shared = before < 0 ? 0 : shared(before, entry);
    long end = writeVarint(target, offset, shared);
    end = writeVarint(target, end, keyBytes - shared);
    MemorySegment.copy(keys.segment(), key + shared, target, end, keyBytes - shared);
    end += keyBytes - shared;
    end = writeVarint(target, end, log.get(INT, at + 12));
    end = writeVarint(target, end, log.get(INT, at + 16));
    end = writeVarint(target, end, log.get(INT, at + 20));
    target.set(BatchCodec.U32, end, log.get(INT, at + 24));
    return end + Integer.BYTES;
  }

  private static long writeVarint(MemorySegment target, long offset, int value) {
    long end = offset;
    int left = value;
    while ((left & ~0x7F) != 0) {
      target.set(ValueLayout.JAVA_BYTE, end++, (byte) (left | 0x80));
      left >>>= 7;
    }
    target.set(ValueLayout.JAVA_BYTE, end++, (byte) left);
    return end;
  }

  /** The entries by key, those of one key as they were added: a merge sort from the bottom up. */
  private int[] sorted() {
    int[] from = new int[entries];
    for (int i = 0; i < entries; i++) {
      from[i] = i;
    }
    int[] to = new int[entries];
    for (long width = 1; width < entries; width *= 2) {
      for (long left = 0; left < entries; left += 2 * width) {
        int middle = (int) Math.min(left + width, entries);
        int end = (int) Math.min(left + 2 * width, entries);
        if (middle == end || compare(from[middle - 1], from[middle]) <= 0) {
          // In order already, as counted ids are that were written in their order.
          System.arraycopy(from, (int) left, to, (int) left, end - (int) left);
        } else {
          merge(from, to, (int) left, middle, end);
        }
      }
      int[] merged = to;
      to = from;
      from = merged;
    }
    return from;
  }

  private void merge(int[] from, int[] to, int start, int middle, int end) {
    int left = start;
    int right = middle;
    for (int i = start; i < end; i++) {
      boolean takeLeft = right == end || (left < middle && compare(from[left], from[right]) <= 0);
      to[i] = takeLeft ? from[left++] : from[right++];
    }
  }

  private int compare(int first, int second) {
    int firstBytes = keyBytes(first);
    int secondBytes = keyBytes(second);
    int shared = shared(first, second);
    if (shared == firstBytes || shared == secondBytes) {
      return Integer.compare(firstBytes, secondBytes);
    }
    return Byte.compareUnsigned(
        keys.segment().get(ValueLayout.JAVA_BYTE, keyOffset(first) + shared),
        keys.segment().get(ValueLayout.JAVA_BYTE, keyOffset(second) + shared));
  }

  /** Length of the longest common prefix of two keys. */
  private int shared(int first, int second) {
    int bytes = Math.min(keyBytes(first), keyBytes(second));
    long a = keyOffset(first);
    long b = keyOffset(second);
    MemorySegment all = keys.segment();
    // Keys are short: a call of mismatch() takes several times as long as comparing an id does.
    for (int i = 0; i + Long.BYTES <= bytes; i += Long.BYTES) {
      long different = all.get(BatchCodec.U64, a + i) ^ all.get(BatchCodec.U64, b + i);
      if (different != 0) {
        return i + Long.numberOfTrailingZeros(different) / Byte.SIZE;
      }
    }
    for (int i = bytes & -Long.BYTES; i < bytes; i++) {
      if (all.get(ValueLayout.JAVA_BYTE, a + i) != all.get(ValueLayout.JAVA_BYTE, b + i)) {
        return i;
      }
    }
    return bytes;
  }

  private long keyOffset(int entry) {
    return entryLog.segment().get(KEY_OFFSET, (long) entry * ENTRY_BYTES);
  }

  private int keyBytes(int entry) {
    return entryLog.segment().get(INT, (long) entry * ENTRY_BYTES + 8);
  }

  void clear() {
    keysBytes = 0;
    entries = 0;
    frames = 0;
    keys.trim(BatchEncoder.RETAINED_BYTES_MAX);
    entryLog.trim(BatchEncoder.RETAINED_BYTES_MAX);
    frameLog.trim(BatchEncoder.RETAINED_BYTES_MAX);
    raw.trim(BatchEncoder.RETAINED_BYTES_MAX);
  }

  @Override
  public void close() {
    clear();
    keys.close();
    entryLog.close();
    frameLog.close();
    raw.close();
  }
}
