/**
 * The local blob store: builder, wiring and lifecycle. The only package that knows all the others.
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> A folder and settings enter; a {@link
 *       io.ashlar.store.BlobStore} leaves.
 *   <li><b>Threads.</b> {@link io.ashlar.store.local.LocalBlobStore} is safe from any thread; it
 *       starts one I/O thread, and one for growth when that is needed.
 *   <li><b>Memory.</b> The store owns all native memory of its parts and frees it in {@code close},
 *       in the order that rule L22 asks for.
 *   <li><b>Errors.</b> {@link io.ashlar.store.StoreException}: failures of the system are made that
 *       here when a store is opened.
 *   <li><b>Forbidden here.</b> Logic that belongs to a part.
 * </ul>
 */
@NullMarked
package io.ashlar.store.local;

import org.jspecify.annotations.NullMarked;
