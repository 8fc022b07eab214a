/**
 * Uploading: the agent that selects, packs, uploads and commits what became durable in a store, and
 * evicts what is remote-durable.
 *
 * <ol>
 *   <li><b>What enters and leaves.</b> Changes and blobs enter through the store's service
 *       interface; batches and manifests leave to an object store; evictions go back.
 *   <li><b>Who owns what.</b> One thread, the tiering agent, owns every class here but {@link
 *       io.ashlar.tier.upload.TieringAgent} itself, which any thread may call. Blobs are read and
 *       compressed by {@link io.ashlar.tier.upload.PackThreads}, each group of them in memory that
 *       one thread has at a time, and batches are sent on one more thread.
 *   <li><b>Who frees memory.</b> What a pass needs is freed at its end; where blobs lie, when the
 *       agent closes. Both stores stay the caller's.
 *   <li><b>What is thrown.</b> {@link io.ashlar.store.StoreException}: {@code FencedException} when
 *       another writer took over, {@code StoreOpenException} when a store may not write to a
 *       prefix, {@code TierUnavailableException} when the object store does not answer.
 *   <li><b>What is forbidden.</b> Deleting objects but in a collection; sending a second manifest
 *       for a sequence; ordering by clocks; evicting before the manifest is committed; a request
 *       when nothing changed.
 * </ol>
 */
@NullMarked
package io.ashlar.tier.upload;

import org.jspecify.annotations.NullMarked;
