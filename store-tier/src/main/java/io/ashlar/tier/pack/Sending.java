package io.ashlar.tier.pack;

import io.ashlar.store.spi.BackgroundWork;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/**
 * How batches are packed and leave.
 *
 * @param sender runs what puts a batch.
 * @param bytesTarget body bytes of a batch, at most {@link
 *     io.ashlar.tier.batch.FramedBatchFormat#BATCH_BYTES_MAX}.
 * @param background begins work that the store paces, on the calling thread.
 */
public record Sending(
    Executor sender, long bytesTarget, Supplier<? extends BackgroundWork> background) {}
