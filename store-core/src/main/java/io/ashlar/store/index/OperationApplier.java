package io.ashlar.store.index;

import io.ashlar.store.format.OperationFormat;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Applies the operations of a log record to the index, in order: the one meaning of an operation,
 * live and in replay.
 *
 * <p>Thread: the index's writer (the commit role's holder, or recovery).
 */
public final class OperationApplier {

  /** Receives the extents that operations make obsolete. */
  @FunctionalInterface
  public interface FreedExtents {

    /** Receives an extent to which the index and all snapshots no longer refer. */
    void onFreed(long startBlock, long blocks);
  }

  /** A mark of {@link #applyEpoch}: a later operation of the epoch is on the same id. */
  public static final byte SUPERSEDED = 1;

  /** A mark of {@link #applyEpoch}: the epoch's operation on that id before this one is a put. */
  public static final byte BEHIND_PUT = 2;

  /** A mark of {@link #applyEpoch}: the one before this one is a delete. */
  public static final byte BEHIND_DELETE = 4;

  /** A mark of {@link #applyEpoch}: some earlier one is a put. */
  public static final byte PUT_EARLIER = 8;

  private final BlobIndex index;
  private final BlobLocation previous = new BlobLocation();
  private boolean keepTombstones;
  private @Nullable EntryKeeper keeper; // null while no snapshot is open
  private long liveBlocks;

  /** Creates one; tombstones are kept when {@code keepTombstones}. */
  public OperationApplier(BlobIndex index, boolean keepTombstones) {
    this.index = index;
    this.keepTombstones = keepTombstones;
  }

  /**
   * Sets how many blocks the extents have to which the index refers, as recovery has counted them.
   */
  public void liveBlocks(long blocks) {
    liveBlocks = blocks;
  }

  /** Returns the blocks of the extents to which the index refers. */
  public long liveBlocks() {
    return liveBlocks;
  }

  /** Sets whether deletes leave tombstones from now on. */
  public void keepTombstones(boolean keep) {
    keepTombstones = keep;
  }

  /** Sets who is asked about superseded entries; null when there is no snapshot. */
  public void keeper(@Nullable EntryKeeper newKeeper) {
    keeper = newKeeper;
  }

  /**
   * Applies {@code count} well-formed operations of record {@code sequence}.
   *
   * @return how many deletes found a blob.
   */
  public int apply(
      MemorySegment bytes, long firstOffset, int count, long sequence, FreedExtents freed) {
    int deletesApplied = 0;
    long offset = firstOffset;
    for (int i = 0; i < count; i++) {
      int kind = OperationFormat.kind(bytes, offset);
      if (applyOne(kind, bytes, offset, sequence, freed) && kind == OperationFormat.DELETE) {
        deletesApplied++;
      }
      offset += OperationFormat.bytes(kind);
    }
    return deletesApplied;
  }

  /**
   * Applies the operations of one epoch. Of several operations on one id only the last becomes
   * visible (promise G1). The final state is that of {@link #apply}, which replay uses because it
   * has no readers.
   *
   * @param marks the marks of each operation whose id is repeated in the epoch; null if no id is.
   * @return how many deletes found a blob, one that the epoch itself had put included.
   */
  public int applyEpoch(
      MemorySegment bytes, int count, byte @Nullable [] marks, long sequence, FreedExtents freed) {
    if (marks == null) {
      return apply(bytes, 0, count, sequence, freed);
    }
    int deletesApplied = 0;
    long offset = 0;
    for (int i = 0; i < count; i++) {
      int kind = OperationFormat.kind(bytes, offset);
      boolean applied =
          marks[i] == 0
              ? applyOne(kind, bytes, offset, sequence, freed)
              : applyRepeated(kind, marks[i], bytes, offset, sequence, freed);
      if (applied && kind == OperationFormat.DELETE) {
        deletesApplied++;
      }
      offset += OperationFormat.bytes(kind);
    }
    return deletesApplied;
  }

  /** Applies a put or a delete whose id has several; returns whether a delete finds a blob. */
  private boolean applyRepeated(
      int kind, int mark, MemorySegment bytes, long offset, long sequence, FreedExtents freed) {
    long idHigh = OperationFormat.idHigh(bytes, offset);
    long idLow = OperationFormat.idLow(bytes, offset);
    boolean isFirst = (mark & (BEHIND_PUT | BEHIND_DELETE)) == 0;
    boolean found = isFirst ? index.find(idHigh, idLow, previous) : (mark & BEHIND_PUT) != 0;
    if ((mark & SUPERSEDED) != 0) {
      if (kind == OperationFormat.PUT && OperationFormat.length(bytes, offset) > 0) {
        freed.onFreed(
            OperationFormat.startBlock(bytes, offset), OperationFormat.blocks(bytes, offset));
      }
    } else if (kind == OperationFormat.DELETE && (mark & PUT_EARLIER) != 0) {
      // A version of the id that the tier may have is removed, and the tier is told, though no
      // reader saw a blob.
      boolean kept = keeper != null && keep(keeper, OperationFormat.PUT, bytes, offset, sequence);
      if (index.bury(idHigh, idLow, sequence, keepTombstones, previous)) {
        release(freed, kept);
      }
    } else {
      var _ = applyOne(kind, bytes, offset, sequence, freed);
    }
    return found;
  }

  private boolean applyOne(
      int kind, MemorySegment bytes, long offset, long sequence, FreedExtents freed) {
    long idHigh = OperationFormat.idHigh(bytes, offset);
    long idLow = OperationFormat.idLow(bytes, offset);
    boolean kept = keeper != null && keep(keeper, kind, bytes, offset, sequence);
    boolean applied =
        switch (kind) {
          case OperationFormat.PUT -> {
            boolean had =
                index.put(
                    idHigh,
                    idLow,
                    OperationFormat.startBlock(bytes, offset),
                    (int) OperationFormat.length(bytes, offset),
                    OperationFormat.crc32c(bytes, offset),
                    sequence,
                    OperationFormat.hasTable(bytes, offset),
                    previous);
            liveBlocks += OperationFormat.blocks(bytes, offset);
            if (had) {
              release(freed, kept);
            }
            yield true;
          }
          case OperationFormat.DELETE -> {
            boolean had = index.delete(idHigh, idLow, sequence, keepTombstones, previous);
            if (had) {
              release(freed, kept);
            }
            yield had;
          }
          case OperationFormat.EVICT -> {
            boolean matched =
                index.evict(
                    idHigh,
                    idLow,
                    OperationFormat.version(bytes, offset),
                    OperationFormat.expectedBlock(bytes, offset),
                    OperationFormat.cold(bytes, offset, 0),
                    OperationFormat.cold(bytes, offset, 1),
                    OperationFormat.cold(bytes, offset, 2),
                    previous); // L16
            if (matched) {
              release(freed, kept);
            }
            yield matched;
          }
          case OperationFormat.RELOCATE -> {
            long version = OperationFormat.version(bytes, offset);
            long expected = OperationFormat.expectedBlock(bytes, offset);
            boolean matched =
                index.find(idHigh, idLow, previous)
                    && index.relocate(
                        idHigh,
                        idLow,
                        version,
                        expected,
                        OperationFormat.newBlock(bytes, offset)); // L16
            if (matched) {
              liveBlocks += previous.blocks();
              release(freed, kept);
            }
            yield matched;
          }
          case OperationFormat.COLD_MOVE ->
              index.moveCold(
                  idHigh,
                  idLow,
                  OperationFormat.version(bytes, offset),
                  OperationFormat.cold(bytes, offset, 0),
                  OperationFormat.cold(bytes, offset, 1),
                  OperationFormat.cold(bytes, offset, 2)); // L16
          default -> throw new IllegalStateException("no such operation: kind=" + kind);
        };
    return applied;
  }

  /**
   * Asks about the entry that an operation supersedes, if it does (rules L16, L27). A relocation
   * supersedes nothing: the blob is the same one elsewhere, and a snapshot follows it there.
   */
  private boolean keep(
      EntryKeeper asked, int kind, MemorySegment bytes, long offset, long sequence) {
    long idHigh = OperationFormat.idHigh(bytes, offset);
    long idLow = OperationFormat.idLow(bytes, offset);
    boolean live = index.find(idHigh, idLow, previous);
    boolean superseded =
        switch (kind) {
          case OperationFormat.PUT -> previous.kind() != BlobLocation.Kind.ABSENT;
          case OperationFormat.DELETE -> live;
          case OperationFormat.EVICT ->
              previous.kind() == BlobLocation.Kind.STORED
                  && previous.version() == OperationFormat.version(bytes, offset)
                  && previous.startBlock() == OperationFormat.expectedBlock(bytes, offset);
          default -> false;
        };
    return superseded && asked.keep(idHigh, idLow, previous, sequence);
  }

  private void release(FreedExtents freed, boolean kept) {
    if (previous.kind() == BlobLocation.Kind.STORED && previous.lengthBytes() > 0) {
      long blocks = previous.blocks();
      liveBlocks -= blocks;
      if (!kept) {
        freed.onFreed(previous.startBlock(), blocks);
      }
    }
  }
}
