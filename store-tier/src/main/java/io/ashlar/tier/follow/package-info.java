/**
 * Reading a store's checkpoints from its tier, without the store: {@link
 * io.ashlar.tier.follow.FollowerStore}.
 *
 * <ol>
 *   <li><b>What enters and leaves.</b> Manifests, indexes and frames enter from an object store;
 *       blobs leave. Nothing is written but a pin.
 *   <li><b>Who owns what.</b> A follower serves any thread. What it knows of a checkpoint is an
 *       index that never changes once it is published; who reads by it holds it until he is done.
 *   <li><b>Who frees memory.</b> An index is freed when it was replaced and its last reader left; a
 *       lease by who was given it.
 *   <li><b>What is thrown.</b> {@link io.ashlar.store.StoreException}.
 *   <li><b>What is forbidden.</b> Writing; believing a frame whose checksum, or a blob whose
 *       CRC-32C in the index, does not match.
 * </ol>
 */
@NullMarked
package io.ashlar.tier.follow;

import org.jspecify.annotations.NullMarked;
