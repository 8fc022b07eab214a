package io.ashlar.store;

import java.lang.foreign.MemorySegment;

/**
 * A borrowed, read-only view of one blob, verified against its checksum.
 *
 * <p>Belongs to the thread that got it. The memory goes back to the store at {@link #close}; using
 * the view after that is a bug, which {@code -Dashlar.checks=true} makes visible.
 *
 * <p>A thread's leases are used again, so that leasing allocates nothing: nobody holds on to one
 * that is closed.
 */
public interface BlobLease extends AutoCloseable {

  /** Returns the blob's bytes, read-only, exactly as long as the blob. */
  MemorySegment value();

  /**
   * Gives the memory back. Once more has no effect, unless this thread has leased some 60 other
   * blobs meanwhile: the object may then be another blob's lease.
   */
  @Override
  void close();
}
