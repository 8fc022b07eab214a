package io.ashlar.store;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.WritableByteChannel;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A store of blobs, each 0 bytes to 1 GiB under a 128-bit id, with durable batched commits.
 *
 * <p>Reads see durable epochs only. All methods are safe from any thread; an {@link Epoch} and a
 * {@link BlobLease} belong to one. After {@link #close} every method throws {@link
 * StoreClosedException}. A thread's interrupt is remembered and changes nothing else. Reads by
 * virtual threads do not pin their carriers.
 */
public interface BlobStore extends AutoCloseable {

  /** What {@link #get(BlobId, MemorySegment)} and {@link #length} return for an absent blob. */
  long NOT_FOUND = -1;

  /** The longest blob, in bytes: 1 GiB. */
  long BLOB_BYTES_MAX = 1L << 30;

  /** Begins a batch of puts and deletes. */
  Epoch beginEpoch();

  /**
   * Lends a read-only view of a blob, verified against its checksum.
   *
   * @return the lease, to be closed by this thread, or null when {@code id} holds no blob.
   * @throws CorruptionException if the stored bytes are damaged.
   * @throws TierUnavailableException if the blob is in the tier only and that does not answer.
   */
  @Nullable BlobLease get(BlobId id);

  /**
   * Copies a blob to the start of {@code target}. A native target that is aligned to 4 KiB and has
   * room for the length rounded up to 4 KiB may be read into directly (its bytes behind the blob
   * are then unspecified): for a blob of less than 32 KiB it is. A longer one is read into a buffer
   * on huge pages and copied, as long as there are buffers to spare, since that is faster; {@link
   * #get(BlobId)} lends such a buffer and copies nothing.
   *
   * @return the blob's length in bytes, or {@link #NOT_FOUND}.
   * @throws IllegalArgumentException if {@code target} is shorter than the blob; nothing is copied.
   * @throws CorruptionException if the stored bytes are damaged; the target's content is
   *     unspecified.
   * @throws TierUnavailableException if the blob is in the tier only and that does not answer.
   */
  long get(BlobId id, MemorySegment target);

  /**
   * Copies a part of a blob to the start of {@code target}: what it has of {@code length} bytes
   * from {@code offset} on. Of a blob of 1 MiB or more only the pieces of 64 KiB are read in which
   * the part lies, and their checksums; a shorter one is read, and verified, as a whole.
   *
   * @param offset 0 or more; nothing is copied from the end of the blob on.
   * @return bytes copied, fewer than {@code length} only at the end of the blob, or {@link
   *     #NOT_FOUND}.
   * @throws IllegalArgumentException if {@code target} is shorter than what is to be copied, or a
   *     number is negative.
   * @throws CorruptionException if what was read is damaged.
   * @throws TierUnavailableException if the blob is in the tier only and that does not answer.
   */
  long get(BlobId id, long offset, long length, MemorySegment target);

  /**
   * Writes a blob to a channel in bounded memory. Each part is verified only once the whole was
   * read: on {@link CorruptionException} the channel may have received damaged bytes.
   *
   * @return the blob's length in bytes, or {@link #NOT_FOUND}.
   * @throws IOException if the channel fails.
   */
  long get(BlobId id, WritableByteChannel target) throws IOException;

  /**
   * Copies a blob to the start of {@code target} and completes the future, which allocates little
   * more than that. As {@link #getAsync(BlobId, MemorySegment, ReadListener)}: what depends on the
   * future without an executor of its own runs on the store's read thread and must not block.
   *
   * @return the blob's length in bytes, or {@link #NOT_FOUND}; fails as {@link #get(BlobId,
   *     MemorySegment)} does.
   */
  CompletableFuture<Long> getAsync(BlobId id, MemorySegment target);

  /**
   * Copies a blob to the start of {@code target} and tells the listener, once; allocates nothing in
   * steady state. Up to 1,024 gets are under way at once: one more waits, unless a listener asks
   * for it.
   *
   * @param target memory that any thread can access, untouched by others until the listener is
   *     told; of an arena that outlives that, or else the get fails.
   * @throws IllegalArgumentException if {@code target} is read-only or confined to one thread.
   * @throws BackPressureTimeoutException if nothing came free in time; the listener is not told.
   */
  void getAsync(BlobId id, MemorySegment target, ReadListener listener);

  /**
   * Reads many blobs, up to 32 of them at once, and shows each to the visitor as it comes, on this
   * thread. One that is missing or damaged does not keep the others from it; they are not one view
   * of the store, which only a {@link Snapshot} is.
   *
   * @param ids an id may occur more than once.
   * @throws IllegalStateException on a thread that a {@link ReadListener} is told on.
   */
  void getAll(List<BlobId> ids, BatchVisitor visitor);

  /** Returns whether {@code id} holds a blob, from the index alone. */
  boolean contains(BlobId id);

  /** Returns the length in bytes of a blob, from the index alone, or {@link #NOT_FOUND}. */
  long length(BlobId id);

  /**
   * Visits every blob in no particular order; one that changes meanwhile may or may not be seen.
   */
  void forEach(BlobVisitor visitor);

  /**
   * Takes a snapshot of the store: exactly what it holds after one epoch, at or past every epoch
   * that was acknowledged before this call. To be closed; not for use within an {@link
   * AckListener}.
   *
   * @throws StoreFailedException if the store was poisoned.
   * @throws IllegalStateException if 64 snapshots are open already.
   */
  Snapshot snapshot();

  /** Returns the number of the last epoch that is durable, 0 before the first. */
  long durableEpoch();

  /**
   * Waits until {@link #durableEpoch} is at least {@code epoch}.
   *
   * @throws StoreFailedException if the store was poisoned first.
   */
  void awaitDurable(long epoch);

  /** Returns the longest value that {@link Epoch#claim} can lend, in bytes. */
  long claimBytesMax();

  /**
   * Re-reads every local blob against its checksum and proves that every block of the data file is
   * accounted for exactly once, while commits go on.
   *
   * @param listener told of each damaged blob and of the progress.
   */
  default VerifyReport verify(VerifyListener listener) {
    return verify(VerifyOptions.DEFAULTS, listener);
  }

  /**
   * Does the same in part, or at a limited rate: it can be gone on with later, by this open of the
   * store or another. Ends early, to be gone on with, when the store is closed meanwhile.
   *
   * @param listener told of each damaged blob and of the progress.
   */
  VerifyReport verify(VerifyOptions options, VerifyListener listener);

  /**
   * Makes the data file shorter, while commits and reads go on: moves blobs from its top down into
   * free space, the log and the index checkpoints after them, and cuts it. What stays is what the
   * store holds, its log extents, room for index checkpoints, the room in which it would grow ahead
   * of need at once, and the gaps that no blob fits into. Each blob is verified before it is moved;
   * a damaged one is left where it is.
   *
   * <p>Relocations are committed in epochs of their own. Takes the time to read and write again
   * what it moves; ends early when the store is closed. One at a time.
   *
   * @param listener told of each damaged blob and of the progress, on this thread.
   * @throws IllegalStateException if a vacuum is running already.
   * @throws StoreFailedException if the store is or becomes poisoned.
   */
  VacuumReport vacuum(VacuumOptions options, VacuumListener listener);

  /** Returns a snapshot of the store's counters. */
  StoreStats stats();

  /**
   * Commits what is queued, waits for reads in progress, and closes the data file. Idempotent. Open
   * epochs can afterwards only be closed.
   *
   * @throws IllegalStateException if a listener calls it, which would wait for itself.
   */
  @Override
  void close();
}
