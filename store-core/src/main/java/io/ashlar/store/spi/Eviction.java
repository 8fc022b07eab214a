package io.ashlar.store.spi;

/**
 * A request to drop the local bytes of a blob that is durable remotely.
 *
 * @param change the change that was tiered; does nothing when the id changed since.
 * @param reference where the tier keeps it.
 */
public record Eviction(BlobChange change, ColdReference reference) {}
