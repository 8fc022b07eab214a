package io.ashlar.store;

/**
 * What became of one epoch.
 *
 * @param epoch the epoch's number: higher than that of every epoch that became durable before it.
 * @param putsTotal puts that the epoch was asked for.
 * @param putsFlushed puts whose bytes are durable now.
 * @param deletesTotal deletes that the epoch was asked for.
 * @param deletesApplied deletes that found a blob.
 */
public record CommitReport(
    long epoch, int putsTotal, int putsFlushed, int deletesTotal, int deletesApplied) {}
