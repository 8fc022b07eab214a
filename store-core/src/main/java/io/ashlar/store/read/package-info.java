/**
 * The read path: index lookup, one direct read, checksum, and a look whether the entry is
 * unchanged.
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> Ids enter; verified bytes leave, into the caller's memory or
 *       in a pooled buffer that is lent.
 *   <li><b>Threads.</b> Any. The read ring belongs to a thread of its own, {@code ashlar-read}.
 *   <li><b>Memory.</b> Pooled buffers go back before a call returns, or when the lease is closed;
 *       the cache's memory with the last reader of a blob that it has let go of.
 *   <li><b>Errors.</b> {@link io.ashlar.store.CorruptionException}, only once the entry is known to
 *       be unchanged (rule L21); {@link io.ashlar.store.TierUnavailableException}.
 *   <li><b>Forbidden here.</b> Locks on the way of a read, pins, writing; imports of {@code commit}
 *       and {@code recover}.
 * </ul>
 */
@NullMarked
package io.ashlar.store.read;

import org.jspecify.annotations.NullMarked;
