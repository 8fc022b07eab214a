package io.ashlar.store.index;

/** Sees the extents of blobs, many at a time: there are as many as blobs. */
@FunctionalInterface
public interface ExtentVisitor {

  /**
   * Takes the extents of {@code count} stored blobs, each at least one block long.
   *
   * @param starts their first blocks; the caller uses the array again.
   * @param blocks how many blocks they have; the caller uses the array again.
   */
  void visit(long[] starts, long[] blocks, int count);
}
