package io.ashlar.store;

/**
 * A store exactly as it was after one epoch, readable while writes continue. It has every operation
 * of that epoch and of every epoch before it, and none of a later one.
 *
 * <pre>{@code
 * try (Snapshot snapshot = store.snapshot()) {
 *   snapshot.forEach((idHigh, idLow, length, local) -> System.out.println(length));
 * }
 * }</pre>
 *
 * <p><b>Cost.</b> Blobs that are replaced, deleted or evicted while it is open keep their space in
 * the data file ({@link StoreStats#pinnedBytes}), even when the disk is full. {@link
 * StorageFullException} says how many bytes are pinned. Their index entries take memory ({@link
 * StoreConfig#snapshotEntriesMax}). When that is used up, the store ends the oldest snapshot,
 * because commits never wait for a reader. Every later call on it throws {@link
 * SnapshotEndedException}. Everything read or visited before is correct. Close a snapshot soon.
 * {@link StoreStats#snapshots} counts the open ones.
 *
 * <p>A blob that was evicted before the snapshot was taken is read from the tier. One that is
 * evicted later is still read from its local bytes. Relocation does not matter.
 *
 * <p>Thread: any, several at once. After {@link #close} every method but {@link #epoch} and {@link
 * #sequence} throws {@link IllegalStateException}. After the store's own close it throws {@link
 * StoreClosedException}, and leases are valid until then.
 */
public interface Snapshot extends BlobReads, AutoCloseable {

  /** {@return the number of the last epoch in this snapshot, 0 before the first} */
  long epoch();

  /** {@return the number of the last log record in this snapshot} */
  long sequence();

  /**
   * Releases the space and memory that only this snapshot needs. Idempotent; waits for no reader.
   *
   * @throws IllegalStateException in a listener; the snapshot stays open.
   */
  @Override
  void close();
}
