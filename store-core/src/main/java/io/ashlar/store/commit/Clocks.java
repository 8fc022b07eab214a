package io.ashlar.store.commit;

import java.util.function.LongSupplier;

/**
 * The two clocks of the write path. They are never compared with each other.
 *
 * @param wallMs wall time for log records, ms since 1970; it may jump, and nothing depends on it.
 * @param monotonicNs a monotonic clock, for waiting.
 */
public record Clocks(LongSupplier wallMs, LongSupplier monotonicNs) {}
