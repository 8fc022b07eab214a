/**
 * Restoring a store from its tier. Begin with {@link io.ashlar.tier.restore.Restore}.
 *
 * <ol>
 *   <li><b>What enters and leaves.</b> Manifests and batches enter from an object store. Blobs
 *       leave into a store, through its public API. A store that holds blobs already also says what
 *       it holds, through its service interface.
 *   <li><b>Which thread owns what.</b> The calling thread owns a restore; threads that read ahead
 *       end before it returns.
 *   <li><b>Who frees memory.</b> The restore frees every batch that it fetched before it returns.
 *       Both stores stay the caller's.
 *   <li><b>What is thrown.</b> {@link io.ashlar.store.StoreException}: {@code CorruptionException}
 *       names the object that is damaged or missing, {@code CheckpointDroppedException} the
 *       checkpoints that are retained.
 *   <li><b>What is forbidden.</b> Writing to the object store, except a pin; using a batch whose
 *       checksum was not verified against its manifest.
 * </ol>
 */
@NullMarked
package io.ashlar.tier.restore;

import org.jspecify.annotations.NullMarked;
