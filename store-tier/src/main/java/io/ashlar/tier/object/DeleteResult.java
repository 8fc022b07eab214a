package io.ashlar.tier.object;

import java.util.List;
import java.util.Map;

/**
 * The outcome of a bulk delete for each key.
 *
 * @param deleted keys that are gone; an absent key counts, since deleting is idempotent.
 * @param failed keys that may still be there, each with the reason.
 */
public record DeleteResult(List<String> deleted, Map<String, String> failed) {
  /** The reason for a key of a bulk delete that the answer does not mention. */
  public static final String NOT_ANSWERED = "the store did not answer for it";

  /**
   * Copies both collections.
   *
   * @param deleted copied.
   * @param failed copied.
   */
  public DeleteResult {
    deleted = List.copyOf(deleted);
    failed = Map.copyOf(failed);
  }
}
