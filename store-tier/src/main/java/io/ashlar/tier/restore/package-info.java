/**
 * Bringing a store back from its tier.
 *
 * <ol>
 *   <li><b>What enters and leaves.</b> Manifests and batches enter from an object store; blobs
 *       leave into a store, through its public API and, onto one that holds blobs, what it says of
 *       its changes.
 *   <li><b>Who owns what.</b> A restore belongs to the thread that called it; it reads ahead on
 *       threads that end before it returns.
 *   <li><b>Who frees memory.</b> The restore frees every batch it fetched before it returns. Both
 *       stores stay the caller's.
 *   <li><b>What is thrown.</b> {@link io.ashlar.store.StoreException}: {@code CorruptionException}
 *       names the object that is damaged or missing, {@code CheckpointDroppedException} the
 *       checkpoints that are retained.
 *   <li><b>What is forbidden.</b> Writing to the object store; using a batch whose checksum was not
 *       verified against its manifest.
 * </ol>
 */
@NullMarked
package io.ashlar.tier.restore;

import org.jspecify.annotations.NullMarked;
