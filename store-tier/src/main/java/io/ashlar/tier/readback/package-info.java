/**
 * Reading batches, and evicted blobs, back from object storage.
 *
 * <ol>
 *   <li><b>What enters and leaves.</b> Batch objects, their frames and indexes enter; decoded
 *       batches and the bytes of blobs leave. {@link io.ashlar.tier.readback.ColdReferenceCodec}
 *       specifies what a local index keeps of an evicted blob.
 *   <li><b>Which thread owns what.</b> {@link io.ashlar.tier.readback.BatchReadBack} and its cache
 *       serve any thread. A table and a decoded batch have one writer and, once published, any
 *       number of readers.
 *   <li><b>Who frees memory.</b> The receiver of a decoded batch closes it. The cache frees its own
 *       batches when they are dropped and unused.
 *   <li><b>What is thrown.</b> {@code CorruptionException} for an object that is gone or damaged,
 *       {@code TierUnavailableException} for one that cannot be had now.
 *   <li><b>What is forbidden.</b> A heap array as large as a batch or blob; trusting a length
 *       before it is bounded; failing one reader because another was interrupted.
 * </ol>
 */
@NullMarked
package io.ashlar.tier.readback;

import org.jspecify.annotations.NullMarked;
