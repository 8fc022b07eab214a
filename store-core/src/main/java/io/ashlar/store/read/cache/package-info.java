/**
 * The cache: verified blobs in native memory, found by the entry that the index has for them.
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> A reader fills room that it reserved, or copies a blob in. A
 *       blob leaves retained, until its reader releases it.
 *   <li><b>Threads.</b> Everything is safe from any thread. A hit takes no lock and allocates
 *       nothing.
 *   <li><b>Memory.</b> One mapping for each cache, which {@link
 *       io.ashlar.store.read.cache.BlobCache#close} frees. A blob's part of it is free when the
 *       policy and the last reader have let go.
 *   <li><b>Errors.</b> {@link io.ashlar.store.StoreOpenException} if Caffeine is missing. A lack of
 *       room is no error: the blob is read without the cache.
 *   <li><b>Forbidden here.</b> I/O; serving a blob that the given entry does not name (L21).
 * </ul>
 */
@NullMarked
package io.ashlar.store.read.cache;

import org.jspecify.annotations.NullMarked;
