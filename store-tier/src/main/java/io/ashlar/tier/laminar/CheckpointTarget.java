package io.ashlar.tier.laminar;

import io.ashlar.tier.laminar.CheckpointManifest.SourceOffsetEntry;
import java.lang.foreign.MemorySegment;

/**
 * What a checkpoint is restored into. Thread: the one that called {@link
 * CheckpointRecovery#recover}. What is thrown, but for errors, fails the attempt; the next one
 * starts with {@link #clear}.
 */
public interface CheckpointTarget {
  /** Drops everything, so that an attempt starts from a clean state; called before each. */
  void clear();

  /**
   * Takes a partition's whole state; called at most once for each partition in an attempt.
   *
   * @param data valid during the call.
   */
  void restore(String operator, long partition, MemorySegment data);

  /**
   * Applies changes to a partition that was restored, oldest first.
   *
   * @param data valid during the call.
   */
  void applyDelta(String operator, long partition, MemorySegment data);

  /** Sets a source to where it was; called after all state was restored. */
  void seek(String source, SourceOffsetEntry offsets);
}
