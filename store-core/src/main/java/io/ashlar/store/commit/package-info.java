/**
 * The write path as the rest of the store sees it, and the filling of epochs. The queue and what
 * waits in it are {@code commit.epoch}, the holder of the commit role is {@code commit.role}, what
 * it does with a group is {@code commit.group}.
 *
 * <pre>
 *   caller: LocalEpoch ── fills ──▶ EpochBuffer ── commit ──▶ CommitQueue ──▶ CommitAgent (I/O thread)
 *                                        ├── large ──▶ EpochSpill: blobs, to extents held ahead
 *                                        └── role free, queue empty ──┐              │ takes the role
 *                                                                     ▼              ▼
 *                                                              GroupCommitter: place, write
 *                                                                     │
 *                                                              GroupPublisher: index, free space
 *                                                                     │
 *                                                              AckSequencer: durable epoch, acknowledge
 * </pre>
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> Operations and values enter. Each group leaves as one
 *       gathered durable write to the disk, as entries to the index, and as acknowledgements to
 *       callers in epoch order.
 *   <li><b>Threads.</b> An {@code EpochBuffer} belongs to its caller until it is queued, then to
 *       the commit role's holder. In the blocking form it then returns to its caller. {@code
 *       GroupCommitter}, {@code GroupPublisher}, {@code LogTail}, the space and the index writer
 *       belong to the role's holder (rule L19). The holder is the I/O thread, a caller that commits
 *       alone, or one that leads a group while it waits ({@code Leaders}, L33).
 *   <li><b>Memory.</b> Buffers belong to the pool. The epoch that took them returns them at its
 *       end, whatever the outcome.
 *   <li><b>Errors.</b> A lack of space fails one epoch (G7). A failed write or sync poisons the
 *       store (G6), as does an exception while the role is held (L19).
 *   <li><b>Forbidden here.</b> Imports of {@code read} and {@code recover}; waiting for anything
 *       except the disk while holding the role.
 * </ul>
 */
@NullMarked
package io.ashlar.store.commit;

import org.jspecify.annotations.NullMarked;
