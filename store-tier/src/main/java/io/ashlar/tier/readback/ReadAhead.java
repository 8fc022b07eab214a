package io.ashlar.tier.readback;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Decides how much of a batch one GET should read beyond what is asked for. A single blob costs
 * only its frames. But a batch that is read in order, or repeatedly, would cost a GET for each of
 * its frames.
 *
 * <ul>
 *   <li><b>In order</b>: a fetch that begins where the last one of the batch ended reads {@value
 *       #AHEAD_BYTES_FIRST} bytes more. Each following one reads {@value #GROWTH} times as many.
 *   <li><b>Repeatedly</b>: the {@value #SCATTERED_MAX}th fetch of a batch out of order, among the
 *       last {@value #RECENT_FETCHES} of any, reads it from its first frame.
 * </ul>
 *
 * <p>Thread: the one that holds the lock of {@link SlotTable}.
 */
final class ReadAhead {
  static final long AHEAD_BYTES_FIRST = 128L << 10;
  static final int GROWTH = 4;
  static final int SCATTERED_MAX = 8;
  static final long RECENT_FETCHES = 256;

  private static final int BATCHES_MAX = 256;

  private static final class Reading {
    long end = -1;
    long aheadBytes;
    int scattered;
    long lastFetch;
  }

  /**
   * What to read.
   *
   * @param from the first byte, at or before what is asked for.
   * @param end after the last byte; the object may end before.
   */
  record Plan(long from, long end) {}

  private final long bytesMax;
  private final long gapBytesMax;
  private final long framesOffset;
  private final Map<String, Reading> readings = new LinkedHashMap<>(16, 0.75f, true);
  private long fetches;

  /**
   * @param bytesMax most bytes to read ahead; 0 for none.
   * @param framesOffset where the first frame of any batch lies.
   */
  ReadAhead(long bytesMax, long gapBytesMax, long framesOffset) {
    this.bytesMax = bytesMax;
    this.gapBytesMax = gapBytesMax;
    this.framesOffset = framesOffset;
  }

  /** Plans a fetch of {@code from} to {@code end}, which are frames of a batch. */
  Plan plan(String batch, long from, long end) {
    if (bytesMax == 0) {
      return new Plan(from, end);
    }
    fetches++;
    Reading reading = readings.computeIfAbsent(batch, key -> new Reading());
    if (readings.size() > BATCHES_MAX) {
      readings.remove(readings.keySet().iterator().next());
    }
    long between = from - reading.end;
    boolean inOrder = reading.end >= 0 && between >= 0 && between <= gapBytesMax;
    if (fetches - reading.lastFetch > RECENT_FETCHES) {
      reading.scattered = 0;
      inOrder = false;
    }
    reading.lastFetch = fetches;
    if (inOrder) {
      long wanted = reading.aheadBytes == 0 ? AHEAD_BYTES_FIRST : reading.aheadBytes * GROWTH;
      reading.aheadBytes = Math.min(bytesMax, wanted);
      return new Plan(from, end + reading.aheadBytes);
    }
    reading.aheadBytes = 0;
    if (++reading.scattered < SCATTERED_MAX || end - framesOffset > bytesMax) {
      return new Plan(from, end);
    }
    reading.scattered = 0;
    return new Plan(Math.min(from, framesOffset), Math.max(end, framesOffset + bytesMax));
  }

  /** Notes where the last whole frame of a fetch ended. */
  void fetched(String batch, long end) {
    Reading reading = readings.get(batch);
    if (reading != null) {
      reading.end = end;
    }
  }
}
