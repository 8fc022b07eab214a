/**
 * The service interface between a local store and its tier, and the classes that both use.
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> Changes since a sequence and the bytes of blobs leave to the
 *       tier. Evictions come back. Evicted blobs are read back through {@link
 *       io.ashlar.store.spi.ReadBack}.
 *   <li><b>Threads.</b> {@link io.ashlar.store.spi.TierSource} is safe from any thread.
 *   <li><b>Memory.</b> The caller owns every segment that it passes.
 *   <li><b>Errors.</b> {@link io.ashlar.store.StoreException}.
 *   <li><b>Forbidden here.</b> Anything that knows an object store.
 * </ul>
 */
@NullMarked
package io.ashlar.store.spi;

import org.jspecify.annotations.NullMarked;
