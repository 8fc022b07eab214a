package io.ashlar.store;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.WritableByteChannel;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Reads of blobs, each 0 bytes to 1 GiB under a 128-bit id.
 *
 * <p>Every byte is verified against a checksum before it is returned. A method may read from the
 * local disk, a cache or a tier. The implementations differ in what they show:
 *
 * <table>
 *   <caption>The state that a read sees</caption>
 *   <tr><th>reads of</th><th>see</th></tr>
 *   <tr><td>{@link BlobStore}</td><td>the last durable epoch; each read its own</td></tr>
 *   <tr><td>{@link Snapshot}</td><td>exactly one epoch, until it is closed</td></tr>
 *   <tr><td>a read-only store</td><td>exactly one epoch: the last in the file</td></tr>
 *   <tr><td>a follower</td><td>exactly one checkpoint of a tier, until it is refreshed</td></tr>
 * </table>
 *
 * <pre>{@code
 * static void print(BlobReads reads, BlobId id) {
 *   try (BlobLease lease = reads.get(id)) {
 *     System.out.println(lease == null ? "absent" : lease.value().byteSize() + " bytes");
 *   }
 * }
 * }</pre>
 *
 * <p>Thread: any, several at once; a {@link BlobLease} belongs to one. An interrupt is remembered
 * and has no other effect. Reads by virtual threads do not pin their carriers. The table of <a
 * href="package-summary.html#callbacks">callbacks</a> says what a callback may call.
 *
 * <p>Every method throws {@link StoreClosedException} after the store was closed. Methods of a
 * snapshot throw {@link SnapshotEndedException} once the store has ended it. Methods of a follower
 * throw {@link CheckpointDroppedException} once its checkpoint was dropped.
 */
public interface BlobReads {

  /** The result of {@link #get(BlobId, MemorySegment)} and {@link #length} for an absent blob. */
  long NOT_FOUND = -1;

  /**
   * Lends a read-only view of a blob.
   *
   * @param id the blob's id.
   * @return the lease, to be closed by this thread; null if {@code id} holds no blob.
   * @throws CorruptionException if the stored bytes are damaged.
   * @throws TierUnavailableException if only the tier has the blob and does not answer.
   */
  @Nullable BlobLease get(BlobId id);

  /**
   * Copies a blob to the start of {@code target}.
   *
   * <p>A local blob of less than 32 KiB is read directly into a suitable target. Such a target is
   * native, aligned to 4 KiB, and holds at least the length rounded up to 4 KiB. Its bytes after
   * the blob are then unspecified. A longer blob is read into a buffer on huge pages and copied,
   * while buffers are free, because that is faster. {@link #get(BlobId)} lends such a buffer and
   * copies nothing.
   *
   * @param id the blob's id.
   * @param target receives the bytes.
   * @return the blob's length in bytes, or {@link #NOT_FOUND}.
   * @throws IllegalArgumentException if {@code target} is shorter than the blob; nothing is copied.
   * @throws CorruptionException if the stored bytes are damaged; the target's content is
   *     unspecified.
   * @throws TierUnavailableException if only the tier has the blob and does not answer.
   */
  long get(BlobId id, MemorySegment target);

  /**
   * Copies a part of a blob to the start of {@code target}: up to {@code length} bytes from {@code
   * offset} on. Of a local blob of 1 MiB or more, only the 64 KiB pieces that hold the part are
   * read and verified. Any other blob is read and verified whole.
   *
   * @param id the blob's id.
   * @param offset 0 or more; at or past the end of the blob nothing is copied.
   * @param length the most bytes to copy.
   * @param target receives the bytes.
   * @return bytes copied, fewer than {@code length} only at the end of the blob, or {@link
   *     #NOT_FOUND}.
   * @throws IllegalArgumentException if {@code target} is shorter than the part, or a number is
   *     negative.
   * @throws CorruptionException if the bytes read are damaged.
   * @throws TierUnavailableException if only the tier has the blob and does not answer.
   */
  long get(BlobId id, long offset, long length, MemorySegment target);

  /**
   * Writes a blob to a channel; a local blob uses bounded memory. The checksum is verified only at
   * the end. When this method throws, the channel may have received a part of the blob, or damaged
   * bytes.
   *
   * @param id the blob's id.
   * @param target receives the bytes.
   * @return the blob's length in bytes, or {@link #NOT_FOUND}.
   * @throws IOException if the channel fails.
   */
  long get(BlobId id, WritableByteChannel target) throws IOException;

  /**
   * Copies a blob to the start of {@code target} and completes the future. Allocates little more
   * than the future. A dependent stage without an executor runs on a thread of the store, as a
   * {@link ReadListener} does, and must not block.
   *
   * @param id the blob's id.
   * @param target as for {@link #getAsync(BlobId, MemorySegment, ReadListener)}.
   * @return the blob's length in bytes, or {@link #NOT_FOUND}; fails as {@link #get(BlobId,
   *     MemorySegment)} does.
   */
  CompletableFuture<Long> getAsync(BlobId id, MemorySegment target);

  /**
   * Copies a blob to the start of {@code target} and calls the listener once. A local store
   * allocates nothing for it in steady state. At most 1,024 such gets are in progress; the next
   * call waits, unless a listener makes it.
   *
   * @param id the blob's id.
   * @param target memory that any thread can access. Until the listener is called, do not use it
   *     and keep its arena open; the get fails otherwise.
   * @param listener receives the outcome, once.
   * @throws IllegalArgumentException if {@code target} is read-only or confined to one thread.
   * @throws BackPressureTimeoutException if no buffer became free in time; the listener is not
   *     called.
   */
  void getAsync(BlobId id, MemorySegment target, ReadListener listener);

  /**
   * Reads many blobs, up to 32 at once, and shows each to the visitor on this thread. A missing or
   * damaged blob does not stop the others.
   *
   * @param ids an id may occur more than once.
   * @param visitor receives each blob.
   * @throws IllegalStateException in a listener.
   */
  void getAll(List<BlobId> ids, BatchVisitor visitor);

  /**
   * {@return whether {@code id} holds a blob, from the index alone}
   *
   * @param id the blob's id.
   */
  boolean contains(BlobId id);

  /**
   * {@return the length in bytes of a blob, from the index alone, or {@link #NOT_FOUND}}
   *
   * @param id the blob's id.
   */
  long length(BlobId id);

  /**
   * Visits every blob, each once, in no particular order. Reads of one epoch visit exactly its
   * blobs. A store that changes during the visit may or may not show a changed blob.
   *
   * @param visitor may be slow, and may use the store.
   */
  void forEach(BlobVisitor visitor);
}
