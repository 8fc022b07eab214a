/**
 * What a tier uses of a local store, what a local store uses of a tier, and what both need.
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> Changes since a sequence and the bytes of blobs leave to the
 *       tier; evictions come back, and blobs that were evicted are fetched through {@link
 *       io.ashlar.store.spi.ColdStorage}.
 *   <li><b>Threads.</b> {@link io.ashlar.store.spi.TierSource} is safe from any thread.
 *   <li><b>Memory.</b> The caller owns every segment that it passes.
 *   <li><b>Errors.</b> {@link io.ashlar.store.StoreException}.
 *   <li><b>Forbidden here.</b> Anything that knows an object store.
 * </ul>
 */
@NullMarked
package io.ashlar.store.spi;

import org.jspecify.annotations.NullMarked;
