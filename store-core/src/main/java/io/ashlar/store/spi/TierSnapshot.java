package io.ashlar.store.spi;

import io.ashlar.store.Snapshot;
import java.lang.foreign.MemorySegment;

/**
 * A snapshot as a tier sees it: the changes that led to it, deletes included.
 *
 * <p>A tier that has everything through some sequence, and uploads every change of a snapshot after
 * that, holds the state after {@link #epoch} exactly. It may do so once the store's marks cover
 * that epoch ({@link TierSource#markedEpoch}): before, a crash of this machine could still undo it.
 */
public interface TierSnapshot extends Snapshot {

  /**
   * Visits the last change of every id that changed after {@code afterSequence}, each id once:
   * deletes too, as far as tombstones are kept.
   *
   * @throws io.ashlar.store.SnapshotEndedException if the store has ended this snapshot; what was
   *     visited is then not complete.
   */
  void forEachChange(long afterSequence, ChangeVisitor visitor);

  /**
   * Reads the bytes of a stored change of this snapshot into {@code target}, verified against its
   * checksum.
   *
   * @param target at least as long as the blob.
   * @throws IllegalArgumentException if the snapshot holds no such change.
   * @throws io.ashlar.store.CorruptionException if the stored bytes are damaged.
   * @throws io.ashlar.store.SnapshotEndedException if the store has ended this snapshot.
   */
  void read(BlobChange change, MemorySegment target);
}
