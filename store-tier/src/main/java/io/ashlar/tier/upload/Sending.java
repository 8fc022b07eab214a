package io.ashlar.tier.upload;

import java.util.concurrent.Executor;

/**
 * How batches leave.
 *
 * @param sender runs what puts a batch.
 * @param bytesTarget bytes of blobs at which a batch is full.
 */
record Sending(Executor sender, long bytesTarget) {}
