package io.ashlar.tier.laminar;

import java.util.List;

/**
 * What {@link CheckpointRecovery#recover} did.
 *
 * @param manifest the checkpoint that was restored.
 * @param attempts how many were tried, this one included.
 * @param chainLength checkpoints from the first ancestor to this one.
 * @param fulls whole states restored.
 * @param deltas deltas applied.
 * @param unverified objects whose manifest has no SHA-256: only their length was checked.
 * @param failures why earlier attempts failed, the first first.
 */
public record RecoveredCheckpoint(
    CheckpointManifest manifest,
    int attempts,
    int chainLength,
    long fulls,
    long deltas,
    long unverified,
    List<RuntimeException> failures) {
  /** Takes a copy. */
  public RecoveredCheckpoint {
    failures = List.copyOf(failures);
  }
}
