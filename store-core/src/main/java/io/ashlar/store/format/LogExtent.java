package io.ashlar.store.format;

/**
 * A run of blocks that records and their blobs go to, one after another.
 *
 * @param start its first block; 0 for {@link #NONE}.
 * @param blocks its length in blocks.
 */
public record LogExtent(long start, long blocks) {

  /** No extent: none is reserved. */
  public static final LogExtent NONE = new LogExtent(0, 0);

  /** Returns the first block after it. */
  public long end() {
    return start + blocks;
  }
}
