package io.ashlar.store;

import java.lang.foreign.MemorySegment;

/**
 * Told once of each get that was begun with it ({@link BlobStore#getAsync(BlobId, MemorySegment,
 * ReadListener)}): the form that allocates nothing.
 *
 * <p>Thread: the store's read thread, or the one that asked, before its call returns. An
 * implementation must neither block nor close the store: every later read waits behind it. It may
 * begin further gets. What it throws is logged and dropped.
 */
public interface ReadListener {

  /**
   * The blob's bytes are in the target, verified.
   *
   * @param length the blob's length in bytes, or {@link BlobStore#NOT_FOUND}.
   */
  void onRead(BlobId id, long length);

  /**
   * The blob could not be read; the target's content is unspecified.
   *
   * @param failure what {@link BlobStore#get(BlobId, MemorySegment)} would have thrown.
   */
  void onFailed(BlobId id, RuntimeException failure);
}
