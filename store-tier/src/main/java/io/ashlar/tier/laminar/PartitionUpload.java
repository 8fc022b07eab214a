package io.ashlar.tier.laminar;

import io.ashlar.tier.object.ObjectBody;

/**
 * A partition's state on its way to {@link Checkpointer#savePartitions}.
 *
 * @param operator the operator's name, one component of a key.
 * @param partition 0 to {@link CheckpointPaths#PARTITION_MAX}.
 * @param isDelta whether it changes the parent's state, instead of being all of it.
 * @param body the bytes; read by another thread, so it must not be over a confined segment.
 */
public record PartitionUpload(String operator, long partition, boolean isDelta, ObjectBody body) {}
