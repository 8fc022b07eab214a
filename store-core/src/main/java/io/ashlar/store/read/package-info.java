/**
 * The read path: index lookup, one direct read, checksum, and a check that the entry is unchanged.
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> Ids enter. Verified bytes leave, into the caller's memory or
 *       in a lent pooled buffer.
 *   <li><b>Threads.</b> Any. The read ring belongs to a thread of its own, {@code ashlar-read}. A
 *       caller's thread refers only weakly to its reusable read state ({@code ThreadContexts}), so
 *       it keeps no class loader alive.
 *   <li><b>Memory.</b> Pooled buffers return to the pool before a call returns, or when the lease
 *       is closed. The memory of a blob that left the cache is freed by its last reader.
 *   <li><b>Errors.</b> {@link io.ashlar.store.CorruptionException}, only after a check that the
 *       entry is unchanged (rule L21); {@link io.ashlar.store.TierUnavailableException}.
 *   <li><b>Forbidden here.</b> Locks in the path of a read, pins, writing; imports of {@code
 *       commit} and {@code recover}.
 * </ul>
 */
@NullMarked
package io.ashlar.store.read;

import org.jspecify.annotations.NullMarked;
