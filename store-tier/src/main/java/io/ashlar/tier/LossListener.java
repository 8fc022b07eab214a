package io.ashlar.tier;

import io.ashlar.store.BlobId;

/**
 * Told what a tier has lost, while a partial restore or a repair finds it out. Thread: that of the
 * restore, or the tier's.
 */
public interface LossListener {
  /** Told nothing. */
  LossListener NONE = new LossListener() {};

  /**
   * Told of an object that is gone or damaged.
   *
   * @param object its key, or the first and the last key of several in a row.
   * @param reason what is wrong with it.
   */
  default void onLostObject(String object, String reason) {}

  /**
   * Told of a blob that is certainly lost: its last change is known, and its bytes are gone.
   *
   * @param length its length in bytes; −1 if that is not known.
   * @param sequence the manifest that says so; 0 if it is a store that says so.
   */
  default void onLostBlob(BlobId id, long length, long sequence) {}

  /**
   * Told of a blob that has a state in what is left of the tier, but a later change of it may be
   * lost.
   *
   * @param length the length of that state in bytes.
   * @param sequence the manifest at which that state is known.
   * @param restored whether it was restored all the same.
   */
  default void onUncertainBlob(BlobId id, long length, long sequence, boolean restored) {}

  /**
   * Told of a batch that no manifest names any more.
   *
   * @param object its key.
   * @param adopted whether a repair took it into the chain again; if not, a collection deletes it.
   */
  default void onOrphan(String object, boolean adopted) {}
}
