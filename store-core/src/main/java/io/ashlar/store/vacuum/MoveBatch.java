package io.ashlar.store.vacuum;

import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.store.index.OperationApplier;
import io.ashlar.store.space.BlockSpace;

/**
 * Some blobs that are being moved: where each lies, and the extent held for its copy.
 *
 * <pre>
 *   empty ──add──▶ chosen ──place (role)──▶ placed ──BlobCopy, settle (role)──▶ copied
 *                                                    ──published | refused (role)──▶ empty
 * </pre>
 *
 * <p>Thread: vacuum's; {@link #place}, {@link #settle} and the two that end it by the commit role's
 * holder while vacuum waits. Memory: plain heap, made once.
 */
final class MoveBatch implements Relocations {

  /** How many blobs go into one epoch. */
  static final int BLOBS_MAX = 256;

  /** The outcome of one blob. */
  enum State {
    CHOSEN,
    PLACED,
    COPIED,
    CHANGED,
    DAMAGED,
    WRITE_FAILED
  }

  private final BlobIndex index;
  private final BlockSpace space;
  private final long[] idHighs = new long[BLOBS_MAX];
  private final long[] idLows = new long[BLOBS_MAX];
  private final long[] newStarts = new long[BLOBS_MAX];
  private final BlobLocation[] sources = new BlobLocation[BLOBS_MAX];
  private final State[] states = new State[BLOBS_MAX];
  private final BlobLocation now = new BlobLocation();
  private int count;
  private long blocks;
  private long blobsMoved;
  private long bytesMoved;

  MoveBatch(BlobIndex index, BlockSpace space) {
    this.index = index;
    this.space = space;
    for (int i = 0; i < BLOBS_MAX; i++) {
      sources[i] = new BlobLocation();
    }
  }

  /** Adds a blob, which lies below those added before. */
  void add(long idHigh, long idLow, BlobLocation source) {
    idHighs[count] = idHigh;
    idLows[count] = idLow;
    sources[count].setTo(source);
    states[count] = State.CHOSEN;
    blocks += source.blocks();
    count++;
  }

  /** Turns the order round, so that neighbours in the file are neighbours here. */
  void reverse() {
    for (int low = 0, high = count - 1; low < high; low++, high--) {
      long idHigh = idHighs[low];
      long idLow = idLows[low];
      BlobLocation source = sources[low];
      idHighs[low] = idHighs[high];
      idLows[low] = idLows[high];
      sources[low] = sources[high];
      idHighs[high] = idHigh;
      idLows[high] = idLow;
      sources[high] = source;
    }
  }

  int count() {
    return count;
  }

  /** Returns the blocks of all blobs in it. */
  long blocks() {
    return blocks;
  }

  long idHigh(int i) {
    return idHighs[i];
  }

  long idLow(int i) {
    return idLows[i];
  }

  /** Returns a blob's entry at the time when it was chosen. */
  BlobLocation source(int i) {
    return sources[i];
  }

  long blocks(int i) {
    return sources[i].blocks();
  }

  /** Returns the first block of the extent held for the copy. */
  long newStart(int i) {
    return newStarts[i];
  }

  State state(int i) {
    return states[i];
  }

  void state(int i, State state) {
    states[i] = state;
  }

  /** Returns whether a blob's entry is unchanged since it was chosen (rule L21). */
  boolean isUnchanged(int i) {
    return index.isUnchanged(idHighs[i], idLows[i], sources[i], now);
  }

  /**
   * Takes an extent for each blob below where it lies; those for which there is none are dropped.
   * Thread: the commit role's holder.
   */
  void place() {
    int kept = 0;
    for (int i = 0; i < count; i++) {
      long start = space.allocateBelow(blocks(i), sources[i].startBlock());
      if (start >= 0) {
        space.hold(blocks(i));
        keep(i, kept);
        newStarts[kept] = start;
        states[kept++] = State.PLACED;
      }
    }
    shrinkTo(kept);
  }

  /**
   * Drops the blobs that were not copied. Their extents are free again, because nothing refers to
   * them and no write to them is in flight. The exception is a failed write, which may still land
   * (rule L24). Thread: the commit role's holder.
   */
  void settle() {
    int kept = 0;
    for (int i = 0; i < count; i++) {
      if (states[i] == State.COPIED) {
        keep(i, kept++);
        continue;
      }
      space.unhold(blocks(i));
      if (states[i] == State.WRITE_FAILED) {
        space.quarantine(blocks(i));
      } else {
        space.free(newStarts[i], blocks(i));
      }
    }
    shrinkTo(kept);
  }

  private void keep(int from, int to) {
    idHighs[to] = idHighs[from];
    idLows[to] = idLows[from];
    newStarts[to] = newStarts[from];
    states[to] = states[from];
    BlobLocation source = sources[from];
    sources[from] = sources[to];
    sources[to] = source;
  }

  private void shrinkTo(int kept) {
    count = kept;
    blocks = 0;
    for (int i = 0; i < count; i++) {
      blocks += blocks(i);
    }
  }

  @Override
  public long heldBlocks() {
    return blocks;
  }

  @Override
  public void forEach(Visitor visitor) {
    for (int i = 0; i < count; i++) {
      BlobLocation source = sources[i];
      visitor.visit(idHighs[i], idLows[i], source.version(), source.startBlock(), newStarts[i]);
    }
  }

  @Override
  public void onPublished(OperationApplier.FreedExtents unused) {
    for (int i = 0; i < count; i++) {
      boolean moved =
          index.find(idHighs[i], idLows[i], now)
              && now.kind() == BlobLocation.Kind.STORED
              && now.version() == sources[i].version()
              && now.startBlock() == newStarts[i];
      if (moved) {
        blobsMoved++;
        bytesMoved += sources[i].lengthBytes();
      } else {
        unused.onFreed(newStarts[i], blocks(i));
      }
    }
    shrinkTo(0);
  }

  @Override
  public void onRefused() {
    for (int i = 0; i < count; i++) {
      space.free(newStarts[i], blocks(i));
    }
    shrinkTo(0);
  }

  /** Gives all extents back: the batch will not be committed. Thread: the commit role's holder. */
  void abandon() {
    space.unhold(blocks);
    onRefused();
  }

  /** Returns how many blobs were moved so far. */
  long blobsMoved() {
    return blobsMoved;
  }

  /** Returns the bytes of those. */
  long bytesMoved() {
    return bytesMoved;
  }
}
