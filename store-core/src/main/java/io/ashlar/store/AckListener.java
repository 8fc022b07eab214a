package io.ashlar.store;

/**
 * Receives the outcome of each epoch committed with it, once. This form of acknowledgement
 * allocates nothing.
 *
 * <p>Thread: the store's I/O thread, the thread that drives its agents, or the committing thread
 * itself; in epoch order. An implementation must not block: every later epoch waits for it. The
 * table of <a href="package-summary.html#callbacks">callbacks</a> lists the calls it may make. An
 * exception it throws is logged and dropped.
 */
public interface AckListener {

  /**
   * The epoch is durable and visible.
   *
   * @param epoch the epoch's number.
   * @param putsTotal puts added to the epoch.
   * @param putsFlushed puts whose bytes are now durable.
   * @param deletesTotal deletes added to the epoch.
   * @param deletesApplied deletes that found a blob.
   */
  void onDurable(long epoch, int putsTotal, int putsFlushed, int deletesTotal, int deletesApplied);

  /**
   * The epoch failed.
   *
   * @param failure a {@link StorageFullException} if nothing was applied, else a {@link
   *     StoreFailedException} (see {@link StoreFailedException#outcomeUnknown}).
   */
  void onFailed(StoreException failure);
}
