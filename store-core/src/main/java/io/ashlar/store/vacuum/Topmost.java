package io.ashlar.store.vacuum;

import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.store.index.BucketWalk;

/**
 * The highest blobs in the file. A walk over the index keeps the topmost ones in a heap of bounded
 * size. They are then taken from the top down. When there are more, the next walk looks below the
 * lowest of these.
 *
 * <p>Thread: one. Memory: 768 KiB of heap, whatever the size of the index.
 */
final class Topmost {

  private static final int CAPACITY = 1 << 15;

  private final BlobIndex index;
  private final BucketWalk walk = new BucketWalk();

  // A heap whose root is the lowest start; sorted after the walk, the highest first.
  private final long[] starts = new long[CAPACITY];
  private final long[] idHighs = new long[CAPACITY];
  private final long[] idLows = new long[CAPACITY];
  private int count;
  private int next;
  private boolean leftSomeOut;

  Topmost(BlobIndex index) {
    this.index = index;
  }

  /** Finds the topmost blobs that end above block {@code limit} and begin below {@code ceiling}. */
  void select(long limit, long ceiling) {
    count = 0;
    leftSomeOut = false;
    long cursor = 0;
    while (cursor >= 0) {
      cursor =
          walk.visit(
              index,
              cursor,
              (idHigh, idLow, location) -> {
                if (location.kind() == BlobLocation.Kind.STORED
                    && location.startBlock() < ceiling
                    && location.startBlock() + location.blocks() > limit
                    && location.lengthBytes() > 0) {
                  add(location.startBlock(), idHigh, idLow);
                }
              });
    }
    sort();
  }

  private void add(long start, long idHigh, long idLow) {
    if (count < CAPACITY) {
      set(count++, start, idHigh, idLow);
      siftUp(count - 1);
      return;
    }
    leftSomeOut = true;
    if (start > starts[0]) {
      set(0, start, idHigh, idLow);
      siftDown(0, count);
    }
  }

  private void set(int at, long start, long idHigh, long idLow) {
    starts[at] = start;
    idHighs[at] = idHigh;
    idLows[at] = idLow;
  }

  private void siftUp(int from) {
    for (int at = from; at > 0 && starts[at] < starts[(at - 1) / 2]; at = (at - 1) / 2) {
      swap(at, (at - 1) / 2);
    }
  }

  private void siftDown(int from, int size) {
    int at = from;
    while (2 * at + 1 < size) {
      int child = 2 * at + 1;
      if (child + 1 < size && starts[child + 1] < starts[child]) {
        child++;
      }
      if (starts[at] <= starts[child]) {
        return;
      }
      swap(at, child);
      at = child;
    }
  }

  /** Heap sort: the lowest go to the end one after another, so the highest come first. */
  private void sort() {
    for (int size = count - 1; size > 0; size--) {
      swap(0, size);
      siftDown(0, size);
    }
    next = 0;
  }

  private void swap(int a, int b) {
    long start = starts[a];
    long idHigh = idHighs[a];
    long idLow = idLows[a];
    set(a, starts[b], idHighs[b], idLows[b]);
    set(b, start, idHigh, idLow);
  }

  /** Returns whether all that were selected have been taken. */
  boolean isEmpty() {
    return next == count;
  }

  /** Returns whether the selection left blobs out that lie lower. */
  boolean leftSomeOut() {
    return leftSomeOut;
  }

  /** Returns where the lowest one selected begins. */
  long lowestStart() {
    return starts[count - 1];
  }

  /**
   * Looks the next one up, the highest of those left, without taking it.
   *
   * @param into receives its current entry.
   * @return whether it still lies where it lay.
   */
  boolean peek(BlobLocation into) {
    return index.find(idHighs[next], idLows[next], into)
        && into.kind() == BlobLocation.Kind.STORED
        && into.startBlock() == starts[next];
  }

  /** Returns the upper half of the next one's id. */
  long idHigh() {
    return idHighs[next];
  }

  /** Returns the lower half of the next one's id. */
  long idLow() {
    return idLows[next];
  }

  /** Takes the next one. */
  void take() {
    next++;
  }
}
