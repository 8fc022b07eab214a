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
   * {@return the threads that are calling the application back} A tier marks its own callbacks
   * there. So the store refuses calls that would wait for them, and the tier refuses calls that
   * would wait for the store's.
   */
  Callbacks callbacks();

  /**
   * Begins background work on the calling thread, which the store then paces. An interrupt ends its
   * rest and stays pending.
   *
   * @return the work; it has nothing to close.
   */
  BackgroundWork backgroundWork();

  /** {@return the store's identity} It is new for each store that is created or restored. */
  long storeId();

  /** {@return the identity of this open: greater at each open of the same store} */
  long incarnation();

  /**
   * {@return the highest log sequence that a durable mark covers} Only changes up to it may be
   * uploaded: a crash of this machine could still lose later ones. It rises to the last commit
   * within about 10 ms of quiet.
   */
  long markedSequence();

  /** {@return the number of the last epoch within {@link #markedSequence}, or an earlier one} */
  long markedEpoch();

  /**
   * Declares, durably, that this store has a tier: from now on deletes are kept as tombstones until
   * {@link #dropTombstones}. Must return before the first upload. Idempotent.
   */
  void markTiered();

  /** {@return what this store's file notes of the manifests that its tier has sent} */
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
   * epoch, whatever happens meanwhile.
   *
   * @return the snapshot; the caller closes it.
   * @throws io.ashlar.store.StoreFailedException if the store was poisoned.
   */
  TierSnapshot tierSnapshot();

  /**
   * Visits the last change of every id that changed after {@code afterSequence} and at or before
   * {@code throughSequence}. An id that changes meanwhile may be left out: its new change has a
   * sequence above {@link #markedSequence} at the call's start and comes with the next range.
   *
   * @param afterSequence a log sequence, 0 or more.
   * @param throughSequence a log sequence; {@link Long#MAX_VALUE} includes every later change.
   * @param visitor called on this thread.
   */
  void forEachChange(long afterSequence, long throughSequence, ChangeVisitor visitor);

  /**
   * Drops the local bytes of blobs, in epochs of bounded size; their object and its manifest must
   * be durable remotely (rule L30). Waits until they are durable.
   *
   * @param evictions the changes that were tiered, and where the tier keeps their bytes.
   * @return how many were evicted: an id that changed since is left alone.
   */
  int evict(List<Eviction> evictions);

  /**
   * Visits every evicted blob with where its bytes are now. A blob that is evicted, moved or
   * replaced meanwhile may be left out, or shown in its former state.
   *
   * @param visitor called on this thread.
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
   * {@return the log sequence of the oldest open snapshot, or {@link Long#MAX_VALUE} if none is
   * open} The snapshot may still read evicted blobs by references that were moved or given up after
   * that sequence.
   */
  long oldestSnapshotSequence();

  /**
   * Forgets tombstones that the tier has uploaded.
   *
   * @param throughSequence the log sequence up to which changes are forgotten, itself included.
   */
  void dropTombstones(long throughSequence);

  /**
   * Tells the store whether much new data is being put, as by a restore. Meanwhile the file grows
   * by preallocated blocks. That saves writing twice; later commits into the same place may be
   * slower for it.
   *
   * @param on whether a bulk load begins; false when it has ended.
   */
  void setBulkLoad(boolean on);

  /**
   * Sets the tier that reads evicted blobs back, until {@link #detachReadBack}.
   *
   * @param storage the tier; called by any thread that reads.
   * @throws IllegalStateException if another is attached: a store has one tier at a time.
   */
  void attachReadBack(ReadBack storage);

  /**
   * Ends what {@link #attachReadBack} began: from now on reads of evicted blobs fail. Does nothing
   * if {@code storage} is not the one attached.
   *
   * @param storage the tier.
   */
  void detachReadBack(ReadBack storage);
}
