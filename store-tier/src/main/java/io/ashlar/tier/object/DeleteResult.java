package io.ashlar.tier.object;

import java.util.List;
import java.util.Map;

/**
 * What became of each key of a bulk delete.
 *
 * @param deleted keys that are gone; an absent key counts, since deleting is idempotent.
 * @param failed keys that may still be there, each with the reason.
 */
public record DeleteResult(List<String> deleted, Map<String, String> failed) {
  /** The reason for a key of a bulk delete that the answer does not mention. */
  public static final String NOT_ANSWERED = "the store did not answer for it";

  /** Takes unmodifiable copies. */
  public DeleteResult {
    deleted = List.copyOf(deleted);
    failed = Map.copyOf(failed);
  }
}
