package io.ashlar.tier.restore;

/**
 * What a restore did.
 *
 * @param checkpoint the sequence of the manifest whose state the store now has.
 * @param epoch the last epoch of that state; 0 if no manifest is left.
 * @param blobs blobs that were fetched and put.
 * @param bytes their bytes.
 * @param keptBlobs blobs that the store held already, verified and kept.
 * @param deletedBlobs blobs that the store held and the checkpoint does not have.
 * @param batches batch objects of the checkpoint.
 * @param batchesFetched batches that blobs were fetched from, in whole or in part.
 * @param manifests manifests of the chain, claims included.
 * @param losses what could not be brought back.
 */
public record RestoreReport(
    long checkpoint,
    long epoch,
    long blobs,
    long bytes,
    long keptBlobs,
    long deletedBlobs,
    long batches,
    long batchesFetched,
    long manifests,
    Losses losses) {

  /**
   * What a restore could not bring back. A partial restore counts everything that damage took. Any
   * other restore counts only blobs that an earlier repair recorded as lost.
   *
   * @param manifests manifests that are lost.
   * @param batches batches that are gone or damaged.
   * @param blobs blobs whose last change is known and whose bytes are lost.
   * @param entriesUnknown entries of lost batches of which not even the ids are known.
   * @param uncertain blobs of which a later change may be lost.
   * @param uncertainRestored uncertain blobs that were restored to their last known state.
   */
  public record Losses(
      long manifests,
      long batches,
      long blobs,
      long entriesUnknown,
      long uncertain,
      long uncertainRestored) {
    /** Nothing is lost. */
    public static final Losses NONE = new Losses(0, 0, 0, 0, 0, 0);

    /** {@return whether nothing is lost} */
    public boolean nothing() {
      return manifests == 0 && batches == 0 && blobs == 0;
    }
  }
}
