/**
 * Reading a store's checkpoints from its tier, without the store: {@link
 * io.ashlar.tier.follow.FollowerStore}.
 *
 * <ol>
 *   <li><b>What enters and leaves.</b> Manifests, indexes and frames enter from an object store;
 *       blobs leave. Only a pin is written.
 *   <li><b>Which thread owns what.</b> A follower serves any thread. The index of a checkpoint
 *       never changes once it is published. Each read holds the index until the read ends.
 *   <li><b>Who frees memory.</b> An index is freed when it was replaced and its last reader left.
 *       The caller closes a lease.
 *   <li><b>What is thrown.</b> {@link io.ashlar.store.StoreException}.
 *   <li><b>What is forbidden.</b> Writing, except a pin; using a frame that does not match its
 *       checksum, or a blob that does not match the CRC-32C in the index.
 * </ol>
 */
@NullMarked
package io.ashlar.tier.follow;

import org.jspecify.annotations.NullMarked;
