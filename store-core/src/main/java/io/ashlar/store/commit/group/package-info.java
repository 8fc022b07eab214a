/**
 * The commit of one group: its place in the log, its write, its publication, its acknowledgement.
 *
 * <pre>
 *   GroupCommitter ──▶ LogTail: a place ──▶ RecordEncoder, GroupWrites: the write
 *         │                │ no run is long enough
 *         │                └──▶ ScatteredGroup ── no space ──▶ Refusals
 *         └── durable ──▶ GroupPublisher: index, free space ──▶ AckSequencer: callers are told
 * </pre>
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> Epochs enter. A record with its blobs leaves to the disk,
 *       entries to the index, outcomes to callers in epoch order.
 *   <li><b>Threads.</b> The holder of the commit role owns everything here (rule L19). Any thread
 *       may ask for durable and marked sequences, and wait for an epoch.
 *   <li><b>Memory.</b> The record's and the vectors' memory lies in the write path's arena. It is
 *       reused for each group.
 *   <li><b>Errors.</b> A lack of space fails one epoch (G7). A failed write or sync poisons the
 *       store (G6).
 *   <li><b>Forbidden here.</b> Waiting for anything except the disk, and allocation per group.
 * </ul>
 */
@NullMarked
package io.ashlar.store.commit.group;

import org.jspecify.annotations.NullMarked;
