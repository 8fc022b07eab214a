package io.ashlar.tier;

/**
 * What a tier found, since it was opened, when it checked the objects that evicted blobs rely on.
 *
 * @param presenceChecks complete checks of the chain and of the batches that evicted blobs need.
 * @param lastCheckMs when the last one ended, in milliseconds since 1970; 0 for never.
 * @param missingObjects objects that were missing or altered when last checked; 0 once everything
 *     that is needed was there.
 * @param stopped evictions that a damaged tier stopped before they evicted anything.
 * @param batchesSeen batches whose presence was confirmed before blobs were evicted to them.
 */
public record EvidenceStats(
    long presenceChecks, long lastCheckMs, long missingObjects, long stopped, long batchesSeen) {
  /** No check was made yet. */
  public static final EvidenceStats NONE = new EvidenceStats(0, 0, 0, 0, 0);
}
