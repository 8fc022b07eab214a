/**
 * Vacuum shortens the data file to its content. Commits and reads continue meanwhile.
 *
 * <pre>
 *   index ──▶ Topmost ──▶ MoveBatch ──▶ BlobCopy: read, check, write ──▶ sync ──▶ epoch of relocations
 *                                                                                     │
 *             cut the file ◀── mark ◀── log moved on, index checkpoints rewritten ◀───┘
 * </pre>
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> The index's entries enter. Copies, an epoch of relocations
 *       for each batch, a shorter file and perhaps holes come out.
 *   <li><b>Threads.</b> A vacuum runs on the thread that called it. Allocator, index writer and log
 *       belong to the commit role's holder. The vacuum reaches them through {@link
 *       io.ashlar.store.vacuum.CommitAccess} (rules L19, L20).
 *   <li><b>Memory.</b> 1 MiB of native memory during a vacuum, whatever it moves.
 *   <li><b>Errors.</b> A damaged blob stays and is reported. A failed write of a copy ends only the
 *       vacuum. A failed sync poisons the store (rule L24).
 *   <li><b>Forbidden here.</b> Freeing an extent that the index has referred to; the relocation's
 *       record frees it (rule L2). Holding the commit role while reading, copying or cutting.
 * </ul>
 */
@NullMarked
package io.ashlar.store.vacuum;

import org.jspecify.annotations.NullMarked;
