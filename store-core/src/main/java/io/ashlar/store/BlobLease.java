package io.ashlar.store;

import java.lang.foreign.MemorySegment;

/**
 * A borrowed, read-only view of one blob, verified against its checksum.
 *
 * <p>It belongs to the thread that took it, and ends at {@link #close} or when its store closes.
 * Close it soon, because it holds a buffer of the pool. When the pool runs dry, reads and commits
 * fail with a {@link BackPressureTimeoutException} that counts the open leases.
 *
 * <p>Wrong uses and their results:
 *
 * <table>
 *   <caption>Wrong uses of a lease</caption>
 *   <tr><th>Use</th><th>Without checks</th><th>With {@code -Dashlar.checks=true}</th></tr>
 *   <tr><td>the value, or a slice of it, after {@code close}</td>
 *       <td>bytes of any other blob</td>
 *       <td>{@link IllegalStateException}</td></tr>
 *   <tr><td>the value after the store's close</td>
 *       <td>{@link IllegalStateException}</td>
 *       <td>{@link #value} throws {@link StoreClosedException}; a view that was kept shows
 *           {@code 0xDB} bytes</td></tr>
 *   <tr><td>by another thread</td>
 *       <td>the bytes, if the lease is still open</td>
 *       <td>{@link WrongThreadException}</td></tr>
 *   <tr><td>{@code close} by another thread</td>
 *       <td>closed; if both threads close it at once, a buffer may be released twice</td>
 *       <td>{@link WrongThreadException}, unless its own thread has ended</td></tr>
 * </table>
 *
 * <p>No use of a lease crashes the JVM. Lease objects are reused by their thread, so that leasing
 * allocates nothing. Do not keep a closed one.
 */
public interface BlobLease extends AutoCloseable {

  /**
   * {@return the blob's bytes, read-only, exactly as long as the blob}
   *
   * @throws IllegalStateException if the lease was closed.
   */
  MemorySegment value();

  /**
   * Returns the memory to the store. A second call has no effect, unless this thread has leased
   * about 60 other blobs since: the object may then be another blob's lease.
   */
  @Override
  void close();
}
