package io.ashlar.store;

import java.lang.foreign.MemorySegment;

/**
 * Receives the outcome of each get that was given it, once ({@link BlobReads#getAsync(BlobId,
 * MemorySegment, ReadListener)}). This form of get allocates nothing.
 *
 * <p>Thread: the store's read thread, a virtual thread, or the calling thread before its call
 * returns. An implementation must not block: every later read waits for it. The table of <a
 * href="package-summary.html#callbacks">callbacks</a> lists the calls it may make. An exception it
 * throws is logged and dropped.
 */
public interface ReadListener {

  /**
   * The blob's bytes are in the target, verified.
   *
   * @param id the blob's id.
   * @param length the blob's length in bytes, or {@link BlobStore#NOT_FOUND}.
   */
  void onRead(BlobId id, long length);

  /**
   * The blob could not be read; the target's content is unspecified.
   *
   * @param id the blob's id.
   * @param failure what {@link BlobReads#get(BlobId, MemorySegment)} would have thrown.
   */
  void onFailed(BlobId id, RuntimeException failure);
}
