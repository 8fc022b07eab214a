/**
 * Vacuum: makes the data file as short as what it holds, while commits and reads go on.
 *
 * <pre>
 *   index ──▶ Topmost ──▶ MoveBatch ──▶ BlobCopy: read, check, write ──▶ sync ──▶ epoch of relocations
 *                                                                                     │
 *             cut the file ◀── mark ◀── log moved on, index checkpoints rewritten ◀───┘
 * </pre>
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> The index's entries enter; copies, an epoch of relocations
 *       for each batch, a shorter file and perhaps holes leave.
 *   <li><b>Threads.</b> All of it runs on the thread that asked for the vacuum; allocator, index
 *       writer and log belong to the commit role's holder and are reached through {@link
 *       io.ashlar.store.vacuum.CommitAccess} (rules L19, L20).
 *   <li><b>Memory.</b> 1 MiB of native memory for the time of a vacuum, whatever is moved.
 *   <li><b>Errors.</b> A damaged blob stays and is reported; a failed write of a copy ends the
 *       vacuum, the store goes on; a failed sync poisons (rule L24).
 *   <li><b>Forbidden here.</b> Freeing an extent that the index has referred to: the relocation's
 *       record does that (rule L2). Holding the commit role while reading, copying or cutting.
 * </ul>
 */
@NullMarked
package io.ashlar.store.vacuum;

import org.jspecify.annotations.NullMarked;
