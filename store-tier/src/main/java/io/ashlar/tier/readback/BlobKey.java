package io.ashlar.tier.readback;

import io.ashlar.store.BlobId;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * A blob's id as the key of a batch entry: its 16 bytes, big-endian, high half first.
 *
 * <p>Thread: any; there is no state.
 */
public final class BlobKey {
  private static final ValueLayout.OfLong BIG_ENDIAN =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private BlobKey() {}

  /** Writes an id to the start of {@code key}. */
  public static void write(long high, long low, MemorySegment key) {
    key.set(BIG_ENDIAN, 0, high);
    key.set(BIG_ENDIAN, Long.BYTES, low);
  }

  /** The upper half of the id in {@code key}. */
  public static long high(MemorySegment key) {
    return key.get(BIG_ENDIAN, 0);
  }

  /** The lower half of the id in {@code key}. */
  public static long low(MemorySegment key) {
    return key.get(BIG_ENDIAN, Long.BYTES);
  }

  /** Whether {@code key} is as long as an id. */
  public static boolean isId(MemorySegment key) {
    return key.byteSize() == BlobId.BYTES;
  }
}
