/**
 * The tiering agent and its work: passes, eviction, collection and repair.
 *
 * <ol>
 *   <li><b>What enters and leaves.</b> Changes and blobs enter through the store's service
 *       interface. Batches and manifests leave to an object store, evictions to the store.
 *   <li><b>Which thread owns what.</b> One thread, the tiering agent, owns every class here but
 *       {@link io.ashlar.tier.upload.TieringAgent} itself, which any thread may call.
 *   <li><b>Who frees memory.</b> A pass frees its memory at its end. Closing the agent frees the
 *       locations of blobs. Both stores stay the caller's.
 *   <li><b>What is thrown.</b> {@link io.ashlar.store.StoreException}: {@code FencedException} if
 *       another writer took over; {@code StoreOpenException} if a store may not write to a prefix;
 *       {@code TierDamagedException} if objects that evicted blobs rely on are missing; {@code
 *       TierUnavailableException} if the object store does not answer.
 *   <li><b>What is forbidden.</b> Deleting objects outside a collection; sending a second manifest
 *       for a sequence; ordering by clocks; evicting before the manifest is committed and the batch
 *       was seen after it; a request when nothing changed.
 * </ol>
 */
@NullMarked
package io.ashlar.tier.upload;

import org.jspecify.annotations.NullMarked;
