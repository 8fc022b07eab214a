package io.ashlar.store;

/**
 * A store of blobs, each 0 bytes to 1 GiB under a 128-bit id, with durable batched commits.
 *
 * <p>Reads see durable epochs only. Each sees the last one when it begins; a {@link Snapshot} sees
 * one epoch throughout.
 *
 * <p>Thread: any; an {@link Epoch} and a {@link BlobLease} belong to one. After {@link #close}
 * every method throws {@link StoreClosedException}.
 */
public interface BlobStore extends BlobReads, AutoCloseable {

  /** The longest blob, in bytes: 1 GiB. */
  long BLOB_BYTES_MAX = 1L << 30;

  /**
   * Begins a batch of puts and deletes.
   *
   * @return the new epoch.
   */
  Epoch beginEpoch();

  /**
   * Takes a snapshot of the store's exact content after one epoch. That epoch includes every epoch
   * acknowledged before this call. The caller closes the snapshot.
   *
   * @return the snapshot; to be closed.
   * @throws StoreFailedException if the store was poisoned.
   * @throws IllegalStateException if 64 snapshots are open already, or in a listener.
   */
  Snapshot snapshot();

  /** {@return the number of the last epoch that is durable, 0 before the first} */
  long durableEpoch();

  /**
   * Waits until {@link #durableEpoch} is at least {@code epoch}.
   *
   * @param epoch the number of the epoch.
   * @throws StoreFailedException if the store was poisoned first.
   * @throws IllegalStateException in a listener, unless it is durable already.
   */
  void awaitDurable(long epoch);

  /** {@return the longest value that {@link Epoch#claim} can lend, in bytes} */
  long claimBytesMax();

  /**
   * Verifies the whole store: {@link #verify(VerifyOptions, VerifyListener)} with {@link
   * VerifyOptions#DEFAULTS}.
   *
   * @param listener receives each damaged blob and the progress, on this thread.
   * @return the result of the verification.
   */
  default VerifyReport verify(VerifyListener listener) {
    return verify(VerifyOptions.DEFAULTS, listener);
  }

  /**
   * Reads local blobs and compares them with their checksums. Commits continue meanwhile. A
   * verification of the whole store also proves that every block of the data file has exactly one
   * owner.
   *
   * <p>It ends early when the store is closed. {@link VerifyReport#nextCursor} says where a later
   * verification resumes, by this open of the store or another.
   *
   * @param options the options.
   * @param listener receives each damaged blob and the progress, on this thread.
   * @return the result of the verification.
   */
  VerifyReport verify(VerifyOptions options, VerifyListener listener);

  /**
   * Shortens the data file. Commits and reads continue meanwhile. It moves blobs from the top of
   * the file into free space below, then the log and the index checkpoints, and cuts the file. Each
   * blob is verified before it is moved; a damaged blob stays where it is.
   *
   * <p>The file keeps the blobs, the log extents, and room for index checkpoints and for the next
   * growth. It also keeps gaps that no blob fits into. Relocations are committed in epochs of their
   * own. The call takes as long as it takes to read and write the blobs that it moves. It ends
   * early when the store is closed.
   *
   * @param options the options.
   * @param listener receives each damaged blob and the progress, on this thread.
   * @return the result of the vacuum.
   * @throws IllegalStateException if a vacuum is running already.
   * @throws StoreFailedException if the store is or becomes poisoned.
   */
  VacuumReport vacuum(VacuumOptions options, VacuumListener listener);

  /** {@return a snapshot of the store's counters} */
  StoreStats stats();

  /**
   * Commits the queued epochs, waits for reads and callbacks in progress, and closes the data file.
   * Idempotent: a second close waits for the first to end.
   *
   * <p>Close does not wait for handles; it ends those still open. One line in the log counts them.
   * With {@code -Dashlar.handles.trace=true} at open it also says where the oldest of each kind was
   * taken. After that an open epoch accepts only its own close. The memory of leases is unmapped,
   * and their values throw {@link IllegalStateException}. If a system call is using a value at that
   * moment, the memory stays mapped until a lease is closed after the call (rule L22).
   *
   * <p>While the JVM shuts down, close waits at most two seconds more for callbacks, such as one
   * that called {@link System#exit}. Then it returns, and the end of the process releases memory
   * and file. Queued epochs are still committed, unless a commit listener does not return. The
   * queued epochs are then as after a crash, and none was acknowledged.
   *
   * @throws IllegalStateException in any callback of this store, because close waits for callbacks.
   */
  @Override
  void close();
}
