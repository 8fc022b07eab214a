/**
 * The tiering agent and its passes: upload, evict, collect and repair what became durable in a
 * store.
 *
 * <ol>
 *   <li><b>What enters and leaves.</b> Changes and blobs enter through the store's service
 *       interface; batches and manifests leave to an object store; evictions go back.
 *   <li><b>Who owns what.</b> One thread, the tiering agent, owns every class here but {@link
 *       io.ashlar.tier.upload.TieringAgent} itself, which any thread may call.
 *   <li><b>Who frees memory.</b> What a pass needs is freed at its end; where blobs lie, when the
 *       agent closes. Both stores stay the caller's.
 *   <li><b>What is thrown.</b> {@link io.ashlar.store.StoreException}: {@code FencedException} when
 *       another writer took over, {@code StoreOpenException} when a store may not write to a
 *       prefix, {@code TierDamagedException} when what evicted blobs rely on is missing, {@code
 *       TierUnavailableException} when the object store does not answer.
 *   <li><b>What is forbidden.</b> Deleting objects but in a collection; sending a second manifest
 *       for a sequence; ordering by clocks; evicting before the manifest is committed and the batch
 *       was seen after it; a request when nothing changed.
 * </ol>
 */
@NullMarked
package io.ashlar.tier.upload;

import org.jspecify.annotations.NullMarked;
