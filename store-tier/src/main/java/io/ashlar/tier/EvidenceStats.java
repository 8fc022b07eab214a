package io.ashlar.tier;

/**
 * What a tier found when it asked for the objects that evicted blobs rely on, since it was opened.
 *
 * @param presenceChecks complete checks of the chain and of the batches that evicted blobs need.
 * @param lastCheckMs when the last one ended, in milliseconds since 1970; 0 for never.
 * @param missingObjects objects that were missing, or not as they were written, when they were last
 *     asked for; 0 once everything that is needed was there.
 * @param stopped evictions that damage of the tier stopped: nothing was evicted.
 * @param batchesSeen batches that were seen in the object store before blobs were evicted to them.
 */
public record EvidenceStats(
    long presenceChecks, long lastCheckMs, long missingObjects, long stopped, long batchesSeen) {
  /** Nothing was asked for yet. */
  public static final EvidenceStats NONE = new EvidenceStats(0, 0, 0, 0, 0);
}
