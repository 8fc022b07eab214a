/**
 * Snapshots: the store as it was after one log record, while writes go on (rule L27).
 *
 * <pre>
 *   index (now)            what changed since, by the newest snapshot that was open then
 *   id ─▶ entry            s1: id ─▶ superseded entry     s2: id ─▶ superseded entry   …
 *                              extents pinned                 extents pinned
 * </pre>
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> Entries that an operation is about to supersede enter, asked
 *       about by the index's {@link io.ashlar.store.index.OperationApplier}; lookups and walks as
 *       of a snapshot leave through {@link io.ashlar.store.snapshot.SnapshotView}.
 *   <li><b>Threads.</b> All changes by the holder of the commit role, which never waits for a
 *       reader; lookups by any thread, without a lock.
 *   <li><b>Memory.</b> Superseded entries lie in native memory, bounded by a setting; it goes when
 *       the last of a view's close and the readers that are looking into it has come.
 *   <li><b>Errors.</b> {@link io.ashlar.store.SnapshotEndedException} once the memory is used up.
 *   <li><b>Forbidden here.</b> I/O; waiting in a commit; freeing an extent past rule L2.
 * </ul>
 */
@NullMarked
package io.ashlar.store.snapshot;

import org.jspecify.annotations.NullMarked;
