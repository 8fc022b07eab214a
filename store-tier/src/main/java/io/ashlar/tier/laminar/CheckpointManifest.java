package io.ashlar.tier.laminar;

import io.ashlar.tier.checkpoint.TierManifest;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * LaminarDB's manifest of a checkpoint, version 2: which objects hold the state of which partition,
 * and where the sources were. The JSON form is {@link CheckpointManifestCodec}'s. (The manifests of
 * our own tier are {@link TierManifest}.)
 *
 * <p>Maps iterate in the order of their keys, so that equal manifests are equal bytes. Thread: any;
 * immutable.
 *
 * @param checkpointId the checkpoint.
 * @param epoch the epoch, unsigned.
 * @param timestampMs when it was made, unsigned; for people only.
 * @param operators by name.
 * @param sourceOffsets by name of the source.
 * @param parentId the checkpoint that deltas build upon, or null if there is none.
 * @param watermark the global watermark, or null.
 * @param totalSizeBytes bytes of all objects, unsigned.
 */
public record CheckpointManifest(
    CheckpointId checkpointId,
    long epoch,
    long timestampMs,
    Map<String, OperatorSnapshotEntry> operators,
    Map<String, SourceOffsetEntry> sourceOffsets,
    @Nullable CheckpointId parentId,
    @Nullable Long watermark,
    long totalSizeBytes) {

  /** The only version. */
  public static final int VERSION = 2;

  private static final Pattern SHA256 = Pattern.compile("[0-9a-fA-F]{64}");

  /** Takes copies in the order of the keys. */
  public CheckpointManifest {
    operators = Collections.unmodifiableMap(new TreeMap<>(operators));
    sourceOffsets = Collections.unmodifiableMap(new TreeMap<>(sourceOffsets));
  }

  /**
   * One operator's state.
   *
   * @param partitions in the order in which they were given.
   * @param totalBytes bytes of their objects, unsigned.
   */
  public record OperatorSnapshotEntry(List<PartitionSnapshotEntry> partitions, long totalBytes) {
    /** Takes a copy. */
    public OperatorSnapshotEntry {
      partitions = List.copyOf(partitions);
    }
  }

  /**
   * One object of a partition.
   *
   * @param partitionId 0 to {@link CheckpointPaths#PARTITION_MAX}.
   * @param isDelta whether it changes the state before, instead of being all of it.
   * @param path where it is, relative to the checkpoint's directory; LaminarDB stores whole keys.
   * @param sizeBytes its length, unsigned.
   * @param sha256 its SHA-256 as 64 hexadecimal digits, or null if it was not computed.
   */
  public record PartitionSnapshotEntry(
      long partitionId, boolean isDelta, String path, long sizeBytes, @Nullable String sha256) {
    /** Checks the partition's number and the digest's form. */
    public PartitionSnapshotEntry {
      if (partitionId < 0 || partitionId > CheckpointPaths.PARTITION_MAX) {
        throw new IllegalArgumentException("partition_id out of range: value=" + partitionId);
      }
      if (sha256 != null && !SHA256.matcher(sha256).matches()) {
        throw new IllegalArgumentException("sha256 is not 64 hexadecimal digits");
      }
    }
  }

  /**
   * Where one source was.
   *
   * @param sourceType what kind of source it is.
   * @param offsets by partition or whatever the source calls it.
   * @param epoch the epoch of these offsets, unsigned.
   */
  public record SourceOffsetEntry(String sourceType, Map<String, String> offsets, long epoch) {
    /** Takes a copy in the order of the keys. */
    public SourceOffsetEntry {
      offsets = Collections.unmodifiableMap(new TreeMap<>(offsets));
    }
  }

  /**
   * A manifest of the operators that {@link Checkpointer#savePartitions} gave, with their bytes
   * added up.
   */
  public static CheckpointManifest of(
      CheckpointId id,
      long epoch,
      Map<String, OperatorSnapshotEntry> operators,
      @Nullable CheckpointId parentId) {
    long total = operators.values().stream().mapToLong(OperatorSnapshotEntry::totalBytes).sum();
    return new CheckpointManifest(
        id, epoch, System.currentTimeMillis(), operators, Map.of(), parentId, null, total);
  }

  /** This manifest with these sources and watermark. */
  public CheckpointManifest with(
      Map<String, SourceOffsetEntry> sources, @Nullable Long newWatermark) {
    return new CheckpointManifest(
        checkpointId,
        epoch,
        timestampMs,
        operators,
        sources,
        parentId,
        newWatermark,
        totalSizeBytes);
  }
}
