package io.ashlar.store;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.WritableByteChannel;
import org.jspecify.annotations.Nullable;

/**
 * A store exactly as it was after one epoch, while writes go on: all of that epoch's operations and
 * of every epoch before it, and none of a later one.
 *
 * <p>What it costs while it is open: blobs that are replaced, deleted or evicted meanwhile keep
 * their space in the data file ({@link StoreStats#pinnedBytes}), and their index entries some
 * memory ({@link StoreConfig#snapshotEntriesMax}); so close it soon. It costs commits nothing but
 * that, and they never wait for it: when the memory is used up, the oldest snapshot is ended, and
 * every later call on it throws {@link SnapshotEndedException}. Space that is pinned is not reused,
 * not even when the disk is full: {@link StorageFullException} says how many bytes are.
 *
 * <p>A blob whose local bytes were dropped before the snapshot was taken is read from the tier; one
 * that is evicted afterwards, from the local bytes still. Relocation does not matter.
 *
 * <p>Thread: any, several at once. After {@link #close} every method but {@link #epoch} and {@link
 * #sequence} throws {@link IllegalStateException}, after the store's own close {@link
 * StoreClosedException}; leases stay valid until that. Snapshots do not outlive their store's
 * close.
 */
public interface Snapshot extends AutoCloseable {

  /** Returns the number of the last epoch that this holds, 0 before the first. */
  long epoch();

  /** Returns the number of the last log record that this holds. */
  long sequence();

  /**
   * Lends a read-only view of a blob, verified against its checksum.
   *
   * @return the lease, to be closed by this thread, or null when {@code id} held no blob.
   * @throws CorruptionException if the stored bytes are damaged.
   * @throws TierUnavailableException if the blob is in the tier only and that does not answer.
   * @throws SnapshotEndedException if the store has ended this snapshot.
   */
  @Nullable BlobLease get(BlobId id);

  /**
   * Copies a blob to the start of {@code target}, as {@link BlobStore#get(BlobId, MemorySegment)}
   * does.
   *
   * @return the blob's length in bytes, or {@link BlobStore#NOT_FOUND}.
   * @throws IllegalArgumentException if {@code target} is shorter than the blob; nothing is copied.
   * @throws CorruptionException if the stored bytes are damaged; the target's content is
   *     unspecified.
   * @throws TierUnavailableException if the blob is in the tier only and that does not answer.
   * @throws SnapshotEndedException if the store has ended this snapshot.
   */
  long get(BlobId id, MemorySegment target);

  /**
   * Copies a part of a blob to the start of {@code target}: what it has of {@code length} bytes
   * from {@code offset} on. Of a blob that is longer than {@link BlobStore#claimBytesMax} only the
   * pieces of 64 KiB are read in which the part lies, and their checksums; any other is read, and
   * verified, as a whole.
   *
   * @param offset 0 or more; nothing is copied from the end of the blob on.
   * @return bytes copied, fewer than {@code length} only at the end of the blob, or {@link
   *     BlobStore#NOT_FOUND}.
   * @throws IllegalArgumentException if {@code target} is shorter than what is to be copied, or a
   *     number is negative.
   * @throws CorruptionException if what was read is damaged.
   * @throws TierUnavailableException if the blob is in the tier only and that does not answer.
   * @throws SnapshotEndedException if the store has ended this snapshot.
   */
  long get(BlobId id, long offset, long length, MemorySegment target);

  /**
   * Writes a blob to a channel in bounded memory. Each part is verified only once the whole was
   * read: on {@link CorruptionException} the channel may have received damaged bytes, and on {@link
   * SnapshotEndedException} only a part.
   *
   * @return the blob's length in bytes, or {@link BlobStore#NOT_FOUND}.
   * @throws IOException if the channel fails.
   */
  long get(BlobId id, WritableByteChannel target) throws IOException;

  /** Returns whether {@code id} held a blob, from the index alone. */
  boolean contains(BlobId id);

  /**
   * Returns the length in bytes of a blob, from the index alone, or {@link BlobStore#NOT_FOUND}.
   */
  long length(BlobId id);

  /**
   * Visits every blob that the store held, each once, in no particular order, however much changes
   * meanwhile. The visitor may be slow, and may use the store.
   *
   * @throws SnapshotEndedException if the store has ended this snapshot; the blobs visited before
   *     were right.
   */
  void forEach(BlobVisitor visitor);

  /** Lets go of what only this snapshot needs. Idempotent; waits for no reader. */
  @Override
  void close();
}
