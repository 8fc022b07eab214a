package io.ashlar.store;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ReadableByteChannel;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A batch of puts and deletes that becomes durable, and visible, as one.
 *
 * <p>Operations apply in the order in which they were added. A put after a delete of the same id
 * therefore leaves the blob, and the last of two puts wins. An epoch has at most {@value
 * #OPERATIONS_MAX} operations. {@link #commit()} or one of its forms ends the epoch. {@link #close}
 * abandons an epoch that was not committed; the store keeps no trace of it. Use after its end
 * throws {@link IllegalStateException}.
 *
 * <p>An epoch belongs to the thread that began it. Another thread may only call {@link #close},
 * once the owner no longer uses the epoch. With {@code -Dashlar.checks=true} any other call from
 * another thread throws {@link WrongThreadException}. Without checks, two threads that use one
 * epoch at once may commit any mixture of their values. An epoch that is never ended holds buffers,
 * and space of the data file, until the store is closed ({@link StoreStats#openEpochs}).
 *
 * <p>Values are copied into the store's bounded buffers. When buffers run short, or the epoch is
 * large, its values are written to free space ahead of the commit. Nothing refers to them until the
 * commit. If no buffer becomes free within the configured deadline, the call throws {@link
 * BackPressureTimeoutException}, and the epoch can then only be closed.
 *
 * <p><b>Claims.</b> The memory that {@link #claim} lends stays the caller's until the epoch is
 * committed or closed. A caller can have several claims at once, and add other operations
 * meanwhile. The commit takes the memory's content at that moment; {@link #finish} takes it
 * earlier. Until then the claim is <i>open</i>: its memory cannot be written ahead or lent again.
 * Open claims are therefore bounded:
 *
 * <table>
 *   <caption>Limits of claims</caption>
 *   <tr><th>of</th><th>at most</th><th>beyond it</th></tr>
 *   <tr><td>one epoch</td>
 *       <td>open claims of {@link StoreConfig#groupBytesMax} bytes, or of a quarter of the pool if
 *        that is less; the last claim may exceed it</td>
 *       <td>{@link IllegalArgumentException}</td></tr>
 *   <tr><td>all epochs</td>
 *       <td>buffers of three quarters of the pool, including those of finished claims until they
 *        are written</td>
 *       <td>a wait until the deadline, then {@link BackPressureTimeoutException}</td></tr>
 * </table>
 *
 * <p>Any thread may fill a claim's memory, if it finishes before the claim ends. With {@code
 * -Dashlar.checks=true} every later access throws {@link IllegalStateException}. Without checks a
 * late write is not detected. It may change that blob, another blob that uses the memory by then,
 * or the value of a lease.
 */
public interface Epoch extends AutoCloseable {

  /** The most operations that one epoch can hold. */
  int OPERATIONS_MAX = 65_536;

  /**
   * Begins another epoch with this object, once the last one has ended. Unlike {@link
   * BlobStore#beginEpoch} it creates no object of 32 bytes. A thread that reuses one {@code Epoch}
   * for all its commits allocates nothing.
   *
   * @throws IllegalStateException if the last epoch was not yet committed or closed.
   */
  void begin();

  /**
   * Puts a blob, replacing the blob that {@code id} holds.
   *
   * @param id the blob's id.
   * @param value 0 bytes to 1 GiB, on or off the heap; read before this returns.
   * @throws IllegalArgumentException if the value is longer, or the epoch would hold more of the
   *     data file than {@link StoreConfig#heldBytesMax}.
   * @throws IllegalStateException if the value's memory was freed; the epoch can then only be
   *     closed. The same holds after a {@link WrongThreadException}.
   * @throws BackPressureTimeoutException if no buffer became free in time, or other epochs held
   *     {@link StoreConfig#heldBytesMax} of the data file until the deadline.
   * @throws StorageFullException if there is no space to write the value ahead.
   */
  void put(BlobId id, MemorySegment value);

  /**
   * Puts a blob whose bytes come from a channel. Uses bounded memory at any length.
   *
   * @param id the blob's id.
   * @param source the channel to read.
   * @param length exactly how many bytes to take, 0 to 1 GiB.
   * @throws IOException if the channel failed or ended early; the epoch can then only be closed.
   */
  void put(BlobId id, ReadableByteChannel source, long length) throws IOException;

  /**
   * Puts a blob that the caller fills in place, without a copy.
   *
   * @param id the blob's id.
   * @param length 0 to {@link BlobStore#claimBytesMax()} bytes.
   * @return the memory to fill, of unspecified content, valid until this epoch is committed or
   *     closed, or {@link #finish} ends the claim.
   * @throws IllegalArgumentException if the length is out of range, or the open claims of this
   *     epoch have reached their limit: finish some.
   * @throws BackPressureTimeoutException if no buffer became free in time, or the claims of all
   *     epochs held three quarters of the pool until the deadline.
   * @throws StorageFullException if there is no space to write the epoch's values ahead.
   */
  MemorySegment claim(BlobId id, long length);

  /**
   * Ends a claim before its epoch ends: takes the memory's content as {@link #put} takes a value.
   * The value can then be written ahead of the commit, and the claim no longer counts as open. If
   * an epoch claims more than a few megabytes, the device can work while the caller fills the rest.
   *
   * @param claim the memory that {@link #claim} or {@link #tryClaim} returned, not a part of it.
   *     Invalid after this call.
   * @throws IllegalArgumentException if {@code claim} is not the memory of an open claim of this
   *     epoch.
   */
  void finish(MemorySegment claim);

  /**
   * Puts a blob if that needs no wait for a buffer or the disk.
   *
   * @param id the blob's id.
   * @param value 0 to {@link BlobStore#claimBytesMax()} bytes; read before this returns.
   * @return {@link Admission#BACK_PRESSURED} if no buffer is free; the epoch is unchanged and stays
   *     open. If this epoch holds many of the buffers, commit it.
   * @throws IllegalArgumentException if the value is longer.
   * @throws IllegalStateException if the value's memory was freed, as with {@link #put(BlobId,
   *     MemorySegment)}.
   */
  Admission tryPut(BlobId id, MemorySegment value);

  /**
   * Claims memory as {@link #claim} does, if that needs no wait.
   *
   * @param id the blob's id.
   * @param length 0 to {@link BlobStore#claimBytesMax()} bytes.
   * @return the memory to fill, or null if no buffer is free or open claims have reached their
   *     limit. After null the epoch is unchanged.
   */
  @Nullable MemorySegment tryClaim(BlobId id, long length);

  /**
   * Deletes a blob. An id without a blob is no error.
   *
   * @param id the blob's id.
   */
  void delete(BlobId id);

  /** {@return how many operations were added} */
  int operationCount();

  /** {@return how many bytes of values were added} */
  long valueBytes();

  /**
   * Commits, and returns when the epoch is durable.
   *
   * @return the epoch's number.
   * @throws StorageFullException if there is no space. Nothing of the epoch was applied.
   * @throws StoreFailedException if a write or sync failed.
   * @throws BackPressureTimeoutException if the commit queue stayed full; nothing was applied.
   * @throws IllegalStateException in a listener, which would wait for itself. The epoch stays open.
   */
  long commit();

  /**
   * Commits, and calls {@code listener} later. Allocates nothing.
   *
   * @param listener receives the outcome, once.
   * @throws BackPressureTimeoutException if the commit queue stayed full; nothing was applied. In a
   *     listener this method does not wait for the queue, and after the exception the epoch is
   *     still open.
   */
  void commit(AckListener listener);

  /**
   * Commits as {@link #commit(AckListener)} does, if the commit queue has a free slot and none of
   * the epoch's writes ahead is in progress. Allocates nothing.
   *
   * @param listener receives the outcome, once.
   * @return {@link Admission#BACK_PRESSURED} if the call would wait; the epoch and its claims are
   *     still open.
   */
  Admission tryCommit(AckListener listener);

  /**
   * Commits; the future completes on the store's I/O thread when the epoch is durable. It completes
   * exceptionally with the exception that {@link #commit()} would throw. A dependent stage without
   * an executor runs on that thread, under the rules of an {@link AckListener}.
   *
   * @return the future of the commit.
   */
  CompletableFuture<CommitReport> commitAsync();

  /** Abandons the epoch unless it was committed. Idempotent. */
  @Override
  void close();
}
