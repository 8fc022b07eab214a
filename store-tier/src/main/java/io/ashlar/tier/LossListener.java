package io.ashlar.tier;

import io.ashlar.store.BlobId;

/**
 * Receives what a tier has lost, as a partial restore or a repair finds it.
 *
 * <p>Thread: the restore's caller, or the tier's thread; one call at a time. It must not block. An
 * exception from it ends the restore or the repair.
 */
public interface LossListener {
  /** Ignores everything. */
  LossListener NONE = new LossListener() {};

  /**
   * Reports an object that is gone or damaged.
   *
   * @param object its key, or the first and the last key of several in a row.
   * @param reason what is wrong with it.
   */
  default void onLostObject(String object, String reason) {}

  /**
   * Reports a blob that is certainly lost: its last change is known, and its bytes are gone.
   *
   * @param id the blob.
   * @param length its length in bytes; −1 if that is not known.
   * @param sequence the manifest that says so; 0 if the store says so.
   */
  default void onLostBlob(BlobId id, long length, long sequence) {}

  /**
   * Reports an uncertain blob: the tier still has a state of it, but may have lost a later change.
   *
   * @param id the blob.
   * @param length the length of that state in bytes.
   * @param sequence the manifest at which that state is known.
   * @param restored whether that state was restored.
   */
  default void onUncertainBlob(BlobId id, long length, long sequence, boolean restored) {}

  /**
   * Reports a batch that no manifest names any more.
   *
   * @param object its key.
   * @param adopted whether a repair took it into the chain again; if not, a collection deletes it.
   */
  default void onOrphan(String object, boolean adopted) {}
}
