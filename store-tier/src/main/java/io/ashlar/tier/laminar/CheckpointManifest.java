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
 * and where the sources were. Its JSON form is {@link CheckpointManifestCodec}'s. Ashlar's own tier
 * has another manifest, {@link TierManifest}.
 *
 * <p>Maps iterate in the order of their keys, so that equal manifests are equal bytes. Thread: any;
 * immutable.
 *
 * @param checkpointId the checkpoint.
 * @param epoch the epoch, unsigned.
 * @param timestampMs when it was made, unsigned; for people only.
 * @param operators by name.
 * @param sources where the sources were.
 * @param parentId the checkpoint that deltas build upon, or null if there is none.
 * @param totalSizeBytes bytes of all objects, unsigned.
 */
public record CheckpointManifest(
    CheckpointId checkpointId,
    long epoch,
    long timestampMs,
    Map<String, OperatorSnapshotEntry> operators,
    Sources sources,
    @Nullable CheckpointId parentId,
    long totalSizeBytes) {

  /** The only version. */
  public static final int VERSION = 2;

  private static final Pattern SHA256 = Pattern.compile("[0-9a-fA-F]{64}");

  /** Takes a copy in the order of the keys. */
  public CheckpointManifest {
    operators = Collections.unmodifiableMap(new TreeMap<>(operators));
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
   * Where the sources were.
   *
   * @param offsets by name of the source.
   * @param watermark the global watermark, or null.
   */
  public record Sources(Map<String, SourceOffsetEntry> offsets, @Nullable Long watermark) {
    /** No source, no watermark. */
    public static final Sources NONE = new Sources(Map.of(), null);

    /** Takes a copy in the order of the keys. */
    public Sources {
      offsets = Collections.unmodifiableMap(new TreeMap<>(offsets));
    }
  }

  /**
   * Where one source was.
   *
   * @param sourceType what kind of source it is.
   * @param offsets by partition, or by what the source has instead.
   * @param epoch the epoch of these offsets, unsigned.
   */
  public record SourceOffsetEntry(String sourceType, Map<String, String> offsets, long epoch) {
    /** Takes a copy in the order of the keys. */
    public SourceOffsetEntry {
      offsets = Collections.unmodifiableMap(new TreeMap<>(offsets));
    }
  }

  /** A manifest, made now, of the operators that {@link Checkpointer#savePartitions} returned. */
  public static CheckpointManifest of(
      CheckpointId id,
      long epoch,
      Map<String, OperatorSnapshotEntry> operators,
      @Nullable CheckpointId parentId) {
    long total = operators.values().stream().mapToLong(OperatorSnapshotEntry::totalBytes).sum();
    return new CheckpointManifest(
        id, epoch, System.currentTimeMillis(), operators, Sources.NONE, parentId, total);
  }

  /** This manifest with these sources. */
  public CheckpointManifest with(Sources newSources) {
    return new CheckpointManifest(
        checkpointId, epoch, timestampMs, operators, newSources, parentId, totalSizeBytes);
  }
}
