package io.ashlar.tier.batch;

import java.util.Arrays;

/**
 * Where the frames of a version 3 batch lie: in the object, and in the body that they decompress
 * to. Thread: any; immutable once built. Memory: 20 bytes of heap a frame, of which a batch has at
 * most {@link FramedBatchFormat#framesMax}.
 */
public final class FrameTable {
  private final long[] offsets;
  private final int[] lengths;
  private final long[] rawStarts;

  private FrameTable(long[] offsets, int[] lengths, long[] rawStarts) {
    this.offsets = offsets;
    this.lengths = lengths;
    this.rawStarts = rawStarts;
  }

  /** Bytes of an object that hold some of its frames. */
  public record Range(long offset, long length) {}

  /** Collects frames in their order. */
  static final class Builder {
    private final long[] offsets;
    private final int[] lengths;
    private final long[] rawStarts;
    private int count;

    Builder(int frames) {
      offsets = new long[frames];
      lengths = new int[frames];
      rawStarts = new long[frames + 1];
    }

    void add(long offset, int length, int raw) {
      offsets[count] = offset;
      lengths[count] = length;
      rawStarts[count + 1] = rawStarts[count] + raw;
      count++;
    }

    boolean isFull() {
      return count == lengths.length;
    }

    long rawBytes() {
      return rawStarts[count];
    }

    FrameTable build() {
      return new FrameTable(
          Arrays.copyOf(offsets, count),
          Arrays.copyOf(lengths, count),
          Arrays.copyOf(rawStarts, count + 1));
    }
  }

  /** Number of frames. */
  public int count() {
    return lengths.length;
  }

  /** Where a frame begins in the object. */
  public long offset(int frame) {
    return offsets[frame];
  }

  /** Bytes of a frame in the object, its header included. */
  public int length(int frame) {
    return lengths[frame];
  }

  /** Where a frame begins in the body. */
  public long rawStart(int frame) {
    return rawStarts[frame];
  }

  /** Bytes of a frame in the body. */
  public int rawBytes(int frame) {
    return (int) (rawStarts[frame + 1] - rawStarts[frame]);
  }

  /** Bytes of all frames in the body. */
  public long rawBytes() {
    return rawStarts[lengths.length];
  }

  /**
   * The frame that holds a byte of the body.
   *
   * @throws IndexOutOfBoundsException if the body has no such byte.
   */
  public int find(long rawOffset) {
    if (rawOffset < 0 || rawOffset >= rawBytes()) {
      throw new IndexOutOfBoundsException(
          "no frame holds this byte: rawOffset=" + rawOffset + ", rawBytes=" + rawBytes());
    }
    int at = Arrays.binarySearch(rawStarts, rawOffset);
    return at >= 0 ? at : -at - 2;
  }

  /**
   * The part of the object to be read for a part of the body: whole frames.
   *
   * @throws IndexOutOfBoundsException if the body does not hold it.
   */
  public Range range(long rawOffset, long rawLength) {
    int first = find(rawOffset);
    int last = find(rawOffset + rawLength - 1);
    return new Range(offsets[first], offsets[last] + lengths[last] - offsets[first]);
  }
}
