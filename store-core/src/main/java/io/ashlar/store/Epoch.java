package io.ashlar.store;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ReadableByteChannel;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A batch of puts and deletes that becomes durable, and visible, as one.
 *
 * <p>Operations apply in the order in which they were added, so a put after a delete of the same id
 * leaves the blob, and the last of two puts wins. An epoch has at most {@value #OPERATIONS_MAX}
 * operations. It belongs to one thread; {@link #commit()} or one of its forms ends it, and {@link
 * #close} abandons one that was not committed, which leaves no trace.
 *
 * <p>Values are copied into the store's bounded buffers. When those run short, or the epoch is
 * large, what it holds is written to free space ahead of the commit (nothing refers to it until
 * then); if no buffer comes free within the configured deadline, {@link
 * BackPressureTimeoutException} is thrown and the epoch can only be closed.
 */
public interface Epoch extends AutoCloseable {

  /** The most operations that one epoch can hold. */
  int OPERATIONS_MAX = 65_536;

  /**
   * Begins another epoch with this object, once the last one has ended: what {@link
   * BlobStore#beginEpoch} does, without an object of 32 bytes. So a thread that commits again and
   * again with one {@code Epoch} allocates nothing.
   *
   * @throws IllegalStateException if the last epoch was neither committed nor closed.
   */
  void begin();

  /**
   * Puts a blob, replacing what {@code id} holds.
   *
   * @param value 0 bytes to 1 GiB, on or off the heap; read before this returns.
   * @throws IllegalArgumentException if the value is longer, or the epoch would hold more of the
   *     data file than {@link StoreConfig#heldBytesMax}.
   * @throws IllegalStateException if the value's memory was freed; that, or a {@link
   *     WrongThreadException}, leaves an epoch that can only be closed.
   * @throws BackPressureTimeoutException if no buffer came free in time, or other epochs held
   *     {@link StoreConfig#heldBytesMax} of the data file until then.
   * @throws StorageFullException if the value had to be written ahead and there is no space.
   */
  void put(BlobId id, MemorySegment value);

  /**
   * Puts a blob whose bytes come from a channel, in bounded memory whatever its length.
   *
   * @param length exactly how many bytes to take, 0 to 1 GiB.
   * @throws IOException if the channel failed or ended early; the epoch can then only be closed.
   */
  void put(BlobId id, ReadableByteChannel source, long length) throws IOException;

  /**
   * Puts a blob that the caller fills in place: no copy.
   *
   * @param length 0 to {@link BlobStore#claimBytesMax()} bytes.
   * @return the memory to fill, of unspecified content, valid until this epoch is committed or
   *     closed, or until its next {@code put}, {@code claim} or {@code delete}.
   */
  MemorySegment claim(BlobId id, long length);

  /**
   * Puts a blob if that takes no waiting: neither for a buffer nor for the disk.
   *
   * @param value 0 to {@link BlobStore#claimBytesMax()} bytes; read before this returns.
   * @return {@link Admission#BACK_PRESSURED} when no buffer is free: the epoch is as it was, and
   *     stays open. An epoch that itself holds the buffers is best committed.
   * @throws IllegalArgumentException if the value is longer.
   * @throws IllegalStateException if the value's memory was freed, as with {@link #put(BlobId,
   *     MemorySegment)}.
   */
  Admission tryPut(BlobId id, MemorySegment value);

  /**
   * Claims memory as {@link #claim} does, if that takes no waiting.
   *
   * @return the memory to fill, or null when no buffer is free: the epoch is as it was.
   */
  @Nullable MemorySegment tryClaim(BlobId id, long length);

  /** Deletes a blob; an id that holds none is no error. */
  void delete(BlobId id);

  /** Returns how many operations were added. */
  int operationCount();

  /** Returns how many bytes of values were added. */
  long valueBytes();

  /**
   * Commits, and returns when the epoch is durable.
   *
   * @return the epoch's number.
   * @throws StorageFullException if there is no space; nothing of the epoch was applied.
   * @throws StoreFailedException if a write or sync failed.
   * @throws BackPressureTimeoutException if the commit queue stayed full; nothing was applied.
   * @throws IllegalStateException if a listener calls it, which would wait for itself; the epoch
   *     stays open.
   */
  long commit();

  /**
   * Commits, and tells {@code listener} later. Allocates nothing.
   *
   * @throws BackPressureTimeoutException if the commit queue stayed full; nothing was applied.
   *     Where a listener commits it does not wait, and the epoch is still open then.
   */
  void commit(AckListener listener);

  /**
   * Commits as {@link #commit(AckListener)} does, if the commit queue has a free slot and nothing
   * that the epoch writes ahead of its commit is under way. Allocates nothing.
   *
   * @return {@link Admission#BACK_PRESSURED} when it would wait: the epoch is still open.
   */
  Admission tryCommit(AckListener listener);

  /**
   * Commits; the future completes, on the store's I/O thread, when the epoch is durable, or
   * exceptionally with what {@link #commit()} would throw. What depends on it without an executor
   * of its own runs on that thread, under the rules of an {@link AckListener}.
   */
  CompletableFuture<CommitReport> commitAsync();

  /** Abandons the epoch unless it was committed. Idempotent. */
  @Override
  void close();
}
