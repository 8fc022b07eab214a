package io.ashlar.store.spi;

import io.ashlar.store.Snapshot;
import java.lang.foreign.MemorySegment;
import java.util.List;

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
   * @param afterSequence a log sequence, 0 or more; 0 visits every id.
   * @param visitor called on this thread.
   * @throws io.ashlar.store.SnapshotEndedException if the store has ended this snapshot; what was
   *     visited is then not complete.
   */
  void forEachChange(long afterSequence, ChangeVisitor visitor);

  /**
   * Reads the bytes of a stored change of this snapshot into {@code target}, verified against its
   * checksum.
   *
   * @param change a stored change, as {@link #forEachChange} showed it.
   * @param target at least as long as the blob.
   * @throws IllegalArgumentException if the snapshot holds no such change.
   * @throws io.ashlar.store.CorruptionException if the stored bytes are damaged.
   * @throws io.ashlar.store.SnapshotEndedException if the store has ended this snapshot.
   */
  void read(BlobChange change, MemorySegment target);

  /**
   * Reads the bytes of stored changes of this snapshot that are near each other in the file. If
   * possible, one read covers everything from the first to the last. Each is verified against its
   * checksum. Not for virtual threads.
   *
   * <p>Afterwards a blob is at {@code (its start block − the first one's) × 4096} of the buffer;
   * between blobs its content is unspecified.
   *
   * @param changes at least one, none of length 0, in the order of their start blocks, and none
   *     beginning before the one before it ends.
   * @param buffer native memory, aligned to 4 KiB, from the first blob's first block to the last
   *     one's last.
   * @throws IllegalArgumentException if the snapshot holds no such change, or the buffer is too
   *     short or not aligned.
   * @throws io.ashlar.store.CorruptionException if the stored bytes of one are damaged.
   * @throws io.ashlar.store.SnapshotEndedException if the store has ended this snapshot.
   */
  void readRun(List<BlobChange> changes, MemorySegment buffer);
}
