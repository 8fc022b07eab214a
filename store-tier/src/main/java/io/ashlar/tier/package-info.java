/**
 * The tier: what became durable in a local store, packed into compressed batches on object storage,
 * and brought back from there. {@link io.ashlar.tier.TieredBlobStore} puts it together; the parts
 * are packages of their own: {@code object} (storage), {@code batch} (the packed form), {@code
 * checkpoint} (what belongs together), {@code fetch} (reading back), {@code gc} (what is kept, and
 * what may go), {@code upload} (the agent), {@code restore} and {@code follow}.
 *
 * <ol>
 *   <li><b>What enters and leaves.</b> Blobs enter through the store's service interface and leave
 *       as objects; restoring goes the other way.
 *   <li><b>Who owns what.</b> Each class says so; nothing here is owned by the store's threads.
 *   <li><b>Who frees memory.</b> Whoever opened an arena, a content or a store closes it.
 *   <li><b>What is thrown.</b> {@link io.ashlar.store.StoreException}, one kind for each thing that
 *       a caller can do; by the packages below, their own.
 *   <li><b>What is forbidden.</b> Reaching into the store beyond its API and service interface;
 *       native calls; deserialising Java objects.
 * </ol>
 */
@NullMarked
package io.ashlar.tier;

import org.jspecify.annotations.NullMarked;
