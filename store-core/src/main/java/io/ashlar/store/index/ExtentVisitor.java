package io.ashlar.store.index;

/** Sees the extents of blobs. */
@FunctionalInterface
public interface ExtentVisitor {

  /** Takes the extent of one stored blob, at least one block long. */
  void visit(long startBlock, long blocks);
}
