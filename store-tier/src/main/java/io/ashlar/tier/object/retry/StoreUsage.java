package io.ashlar.tier.object.retry;

import io.ashlar.tier.object.RequestCounts;

/**
 * What a {@code RetryingObjectStore} used since it was opened.
 *
 * @param requests what was really sent, attempts counted each.
 * @param retries attempts beyond the first.
 * @param throttled answers that asked for fewer requests.
 * @param readBacks writes of unknown outcome that were settled by reading back.
 * @param resumedReads contents that broke off and were continued.
 * @param concurrency requests that may be in flight now.
 */
public record StoreUsage(
    RequestCounts requests,
    long retries,
    long throttled,
    long readBacks,
    long resumedReads,
    int concurrency) {}
