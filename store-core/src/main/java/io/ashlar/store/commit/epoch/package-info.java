/**
 * An epoch while it is filled, and the queue in which it waits for the commit role.
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> Operations and values enter an {@link
 *       io.ashlar.store.commit.epoch.EpochBuffer}. It leaves through the {@link
 *       io.ashlar.store.commit.epoch.CommitQueue}, or with its caller to a commit on that thread.
 *   <li><b>Threads.</b> A buffer belongs to its caller until it is queued, then to the holder of
 *       the commit role. Its {@link io.ashlar.store.commit.epoch.EpochOutcome} leads back. Queue
 *       and quotas are safe from any thread.
 *   <li><b>Memory.</b> Values lie in buffers of the pool, which the epoch returns at its end. The
 *       operations' memory is reused by the next epoch with this buffer.
 *   <li><b>Errors.</b> An exception within an operation breaks the epoch off: it can only be closed
 *       then (G13).
 *   <li><b>Forbidden here.</b> I/O, and any access to the index, the space or the log's tail.
 * </ul>
 */
@NullMarked
package io.ashlar.store.commit.epoch;

import org.jspecify.annotations.NullMarked;
