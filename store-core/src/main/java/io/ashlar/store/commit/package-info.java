/**
 * The write path: from an epoch being filled to its acknowledgement.
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
 *   <li><b>What enters and leaves.</b> Operations and values enter; one gathered durable write a
 *       group leaves to the disk, entries to the index, acknowledgements to callers, in epoch
 *       order.
 *   <li><b>Threads.</b> An {@code EpochBuffer} belongs to its caller until it is queued, then to
 *       the commit role's holder, then (blocking form) to its caller again. {@code GroupCommitter},
 *       {@code GroupPublisher}, {@code LogTail}, the space and the index writer belong to the
 *       role's holder (rule L19), which is the I/O thread or, for a lone blocking commit, its
 *       caller.
 *   <li><b>Memory.</b> Buffers belong to the pool; the epoch that took them gives them back when it
 *       ends, however it ends.
 *   <li><b>Errors.</b> No space fails one epoch (G7); a failed write or sync poisons (G6); an
 *       exception while holding the role poisons (L19).
 *   <li><b>Forbidden here.</b> Imports of {@code read} and {@code recover}; waiting for anything
 *       but the disk while holding the role.
 * </ul>
 */
@NullMarked
package io.ashlar.store.commit;

import org.jspecify.annotations.NullMarked;
