package io.ashlar.tier.prefix;

import io.ashlar.tier.checkpoint.BatchReference;
import org.jspecify.annotations.Nullable;

/**
 * A batch that was stored.
 *
 * @param reference what its manifest says of it.
 * @param etag the version that the object store answered with when this process stored it; null if
 *     another one did.
 */
public record StoredBatch(BatchReference reference, @Nullable String etag) {}
