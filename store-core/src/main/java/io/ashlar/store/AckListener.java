package io.ashlar.store;

/**
 * Told once of each epoch that was committed with it: the form of acknowledgement that allocates
 * nothing.
 *
 * <p>Thread: the store's I/O thread, or the committing thread itself; in epoch order. An
 * implementation must not block: every later epoch waits behind it. What would wait for the store
 * itself (a commit in the blocking form, {@link BlobStore#snapshot}, {@link BlobStore#close}, …) is
 * refused with an {@link IllegalStateException}; it may get, put, and commit in the other forms.
 * What it throws is logged and dropped.
 */
public interface AckListener {

  /**
   * The epoch is durable and visible.
   *
   * @param epoch the epoch's number.
   * @param putsTotal puts that the epoch was asked for.
   * @param putsFlushed puts whose bytes are durable now.
   * @param deletesTotal deletes that the epoch was asked for.
   * @param deletesApplied deletes that found a blob.
   */
  void onDurable(long epoch, int putsTotal, int putsFlushed, int deletesTotal, int deletesApplied);

  /**
   * The epoch failed.
   *
   * @param failure a {@link StorageFullException} (not applied at all) or a {@link
   *     StoreFailedException} (see {@link StoreFailedException#outcomeUnknown}).
   */
  void onFailed(StoreException failure);
}
