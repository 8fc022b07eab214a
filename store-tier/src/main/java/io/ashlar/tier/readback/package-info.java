/**
 * Reading batches, and evicted blobs, back from object storage.
 *
 * <ol>
 *   <li><b>What enters and leaves.</b> Batch objects, their frames and indexes enter; decoded
 *       batches and the bytes of blobs leave. {@link io.ashlar.tier.readback.ColdReferenceCodec}
 *       specifies what a local index keeps of an evicted blob.
 *   <li><b>Who owns what.</b> The cold storage and its cache serve any thread. A table and a
 *       decoded batch have one writer and, once published, any number of readers.
 *   <li><b>Who frees memory.</b> Whoever was given a decoded batch closes it; the cache frees its
 *       own when they are dropped and unused.
 *   <li><b>What is thrown.</b> {@code CorruptionException} for an object that is gone or damaged,
 *       {@code TierUnavailableException} for one that cannot be had now.
 *   <li><b>What is forbidden.</b> A heap array as large as a batch or blob; believing a length
 *       before it is bounded; failing one reader because another was interrupted.
 * </ol>
 */
@NullMarked
package io.ashlar.tier.readback;

import org.jspecify.annotations.NullMarked;
