package io.ashlar.store.spi;

import java.util.List;
import java.util.function.UnaryOperator;

/**
 * The service of a local store for its tier. A store that can be tiered implements this beside
 * {@link io.ashlar.store.BlobStore}.
 *
 * <p>Time is counted in log sequences. Each id has one last change; a tier that has uploaded every
 * change up to a sequence has everything that the store held then.
 */
public interface TierSource {

  /**
   * Returns which threads are calling the application back. A tier marks its own callbacks there,
   * so that the store refuses what would wait for them, and the tier what would wait for the
   * store's.
   */
  Callbacks callbacks();

  /** Returns the store's identity, renewed whenever a store is made anew or restored. */
  long storeId();

  /** Returns the identity of this open: greater at each open of the same store. */
  long incarnation();

  /**
   * Returns the highest log sequence that a durable mark covers. Only changes up to it may be
   * uploaded: later ones could still be lost in a crash of this machine and never have happened.
   * Rises to the last commit within about 10 ms of quiet.
   */
  long markedSequence();

  /** Returns the number of the last epoch within {@link #markedSequence}, or an earlier one. */
  long markedEpoch();

  /**
   * Declares, durably, that this store has a tier: from now on deletes are kept as tombstones until
   * {@link #dropTombstones}. Must return before the first upload. Idempotent.
   */
  void markTiered();

  /** Returns what this store's file notes of the manifests that its tier has sent. */
  ManifestNotes manifestNotes();

  /**
   * Makes new notes of manifests durable. A manifest may be sent only after it was noted, and what
   * a manifest covers may be given up only after it was noted as settled (rule L32).
   *
   * @param change receives the current notes and returns the next ones, or the same object to keep
   *     them. Must not call the store.
   * @throws io.ashlar.store.StoreFailedException if the store is poisoned, or is by this: the notes
   *     are not durable, so nothing may be sent.
   */
  void noteManifests(UnaryOperator<ManifestNotes> change);

  /**
   * Takes a snapshot, through which changes and the bytes of blobs are read as they were after one
   * epoch, whatever happens meanwhile. To be closed.
   *
   * @throws io.ashlar.store.StoreFailedException if the store was poisoned.
   */
  TierSnapshot tierSnapshot();

  /**
   * Visits the last change of every id that changed after {@code afterSequence} and at or before
   * {@code throughSequence}. An id that changes meanwhile may be left out: its new change has a
   * sequence above {@link #markedSequence} at the call's start and comes with the next range.
   */
  void forEachChange(long afterSequence, long throughSequence, ChangeVisitor visitor);

  /**
   * Drops the local bytes of blobs in one epoch; their object and its manifest must be durable
   * remotely (rule L30). Waits until the epoch is durable.
   *
   * @return how many were evicted: an id that changed since is left alone.
   */
  int evict(List<Eviction> evictions);

  /**
   * Visits every evicted blob with where its bytes are now. A blob that is evicted, moved or
   * replaced meanwhile may be left out, or shown in its former state.
   */
  void forEachEvicted(EvictedVisitor visitor);

  /**
   * Gives evicted blobs other references, in epochs of bounded size, and waits until they are
   * durable: their remote copies have moved. A blob whose last change is another by then, or that
   * is not evicted, is left alone (rule L16).
   *
   * @param moves the changes as {@link #forEachEvicted} showed them, and where the bytes are now.
   */
  void moveCold(List<Eviction> moves);

  /**
   * Returns the log sequence of the oldest open snapshot, or {@link Long#MAX_VALUE}. It may still
   * read evicted blobs by references that were moved or given up after that sequence.
   */
  long oldestSnapshotSequence();

  /** Forgets tombstones of changes at or before {@code throughSequence}: the tier has them. */
  void dropTombstones(long throughSequence);

  /**
   * Tells the store whether much new data is being put, as by a restore. Meanwhile the file grows
   * by preallocated blocks. That saves writing twice; later commits into the same place may be
   * slower for it.
   */
  void setBulkLoad(boolean on);

  /**
   * Sets who reads evicted blobs back, until {@link #detachReadBack}.
   *
   * @throws IllegalStateException if another is attached: a store has one tier at a time.
   */
  void attachReadBack(ReadBack storage);

  /**
   * Ends what {@link #attachReadBack} began: from now on reads of evicted blobs fail. Does nothing
   * if {@code storage} is not the one attached.
   */
  void detachReadBack(ReadBack storage);
}
