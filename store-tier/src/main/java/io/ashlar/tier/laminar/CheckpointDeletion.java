package io.ashlar.tier.laminar;

import java.util.Map;

/**
 * What deleting a checkpoint did.
 *
 * @param removed objects that were there and are gone.
 * @param failed keys that may still be there, each with the reason; delete again for these.
 */
public record CheckpointDeletion(long removed, Map<String, String> failed) {
  /** Takes a copy. */
  public CheckpointDeletion {
    failed = Map.copyOf(failed);
  }

  /** Whether nothing is left. */
  public boolean complete() {
    return failed.isEmpty();
  }
}
