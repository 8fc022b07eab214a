/**
 * Index checkpoints bound the log that an open must replay, and free old records.
 *
 * <pre>
 *   role: enough log since the last one ──▶ note the log position ──▶ background: copy the index, chunk
 *   by chunk, while commits go on ──▶ sync ──▶ role: flip the older superblock copy ──▶ free what only
 *   the generation before needed
 * </pre>
 *
 * <p>A checkpoint is <i>fuzzy</i>: an entry may be newer than the position that the checkpoint
 * covers. It is never newer than a durable record (rule L12). Replay from that position brings
 * every id to its last state, whatever the checkpoint holds. Puts and deletes overwrite, and a
 * conditional operation changes nothing unless it matches (rule L16). The superblock therefore also
 * names the last record that an entry can come from. The log must reach that record.
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> The index and the log's position enter; chunks and
 *       superblock copies go to the disk.
 *   <li><b>Threads.</b> The writer runs on an executor. It takes and frees space, and flips,
 *       through the commit role's holder (rules L19, L20).
 *   <li><b>Memory.</b> One chunk of native memory while a checkpoint is written, four while one is
 *       read.
 *   <li><b>Errors.</b> A failed write abandons the checkpoint. A failed sync or flip poisons the
 *       store (rule L24).
 *   <li><b>Forbidden here.</b> Any work that a commit would have to wait for.
 * </ul>
 */
@NullMarked
package io.ashlar.store.checkpoint;

import org.jspecify.annotations.NullMarked;
