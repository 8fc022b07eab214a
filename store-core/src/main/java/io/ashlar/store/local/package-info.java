/**
 * The local blob store: builder, wiring and lifecycle. Only this package knows all the others.
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> A folder and settings enter; a {@link
 *       io.ashlar.store.BlobStore} leaves.
 *   <li><b>Threads.</b> {@link io.ashlar.store.local.LocalBlobStore} is safe from any thread. It
 *       starts one I/O thread, and a thread for growth when needed.
 *   <li><b>Memory.</b> The store owns all native memory of its parts. It frees the memory in {@code
 *       close}, in the order that rule L22 requires.
 *   <li><b>Errors.</b> {@link io.ashlar.store.StoreException}. While a store is opened, this
 *       package turns failures of system calls into it.
 *   <li><b>Forbidden here.</b> Logic that belongs to a part.
 * </ul>
 */
@NullMarked
package io.ashlar.store.local;

import org.jspecify.annotations.NullMarked;
