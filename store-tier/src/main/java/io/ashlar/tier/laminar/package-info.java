/**
 * LaminarDB's checkpoints: its batches and its layout on object storage. It stands beside the tier,
 * which uses none of it.
 *
 * <ol>
 *   <li><b>What enters and leaves.</b> Partition state, source offsets and entries enter; objects
 *       in LaminarDB's layout leave, and come back by {@link
 *       io.ashlar.tier.laminar.CheckpointRecovery}. LaminarDB reads what {@link
 *       io.ashlar.tier.laminar.Checkpointer} and {@link io.ashlar.tier.laminar.CheckpointBatcher}
 *       write.
 *   <li><b>Who owns what.</b> A batcher belongs to one thread. Its metrics are written by that one
 *       and read by any. Everything else is immutable or without state.
 *   <li><b>Who frees memory.</b> A batcher frees its buffers when it is closed; a partition's state
 *       goes where the caller's allocator says.
 *   <li><b>What is thrown.</b> {@link io.ashlar.tier.json.ManifestFormatException} for JSON that is
 *       no manifest; {@link io.ashlar.tier.laminar.EpochAlreadyFlushedException}; {@link
 *       io.ashlar.store.StoreException} by what talks to a store.
 *   <li><b>What is forbidden.</b> A field that LaminarDB does not know; sizes and counts that are
 *       not bounded before they are used; a dependency on the tier's own manifests.
 * </ol>
 */
@NullMarked
package io.ashlar.tier.laminar;

import org.jspecify.annotations.NullMarked;
