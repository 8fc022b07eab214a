package io.ashlar.store.format;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Reads and writes little-endian fields at any offset: the byte order of every format here. */
final class LittleEndian {

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private LittleEndian() {}

  static int getInt(MemorySegment bytes, long offset) {
    return bytes.get(INT, offset);
  }

  static long getLong(MemorySegment bytes, long offset) {
    return bytes.get(LONG, offset);
  }

  static void putShort(MemorySegment bytes, long offset, int value) {
    bytes.set(SHORT, offset, (short) value);
  }

  static void putInt(MemorySegment bytes, long offset, int value) {
    bytes.set(INT, offset, value);
  }

  static void putLong(MemorySegment bytes, long offset, long value) {
    bytes.set(LONG, offset, value);
  }

  /** Returns whether every byte from {@code from} to {@code to} is zero. */
  static boolean isZero(MemorySegment bytes, long from, long to) {
    long offset = from;
    for (; offset + 8 <= to; offset += 8) {
      if (getLong(bytes, offset) != 0) {
        return false;
      }
    }
    for (; offset < to; offset++) {
      if (bytes.get(ValueLayout.JAVA_BYTE, offset) != 0) {
        return false;
      }
    }
    return true;
  }
}
