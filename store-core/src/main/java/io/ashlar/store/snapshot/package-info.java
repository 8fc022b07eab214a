/**
 * Snapshots: the state of the store after one log record, readable while writes continue (rule
 * L27).
 *
 * <pre>
 *   index (now)            what changed since, by the newest snapshot that was open then
 *   id ─▶ entry            s1: id ─▶ superseded entry     s2: id ─▶ superseded entry   …
 *                              extents pinned                 extents pinned
 * </pre>
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> The index's {@link io.ashlar.store.index.OperationApplier}
 *       passes in the entries that an operation is about to supersede. Lookups and walks of a
 *       snapshot go through {@link io.ashlar.store.snapshot.SnapshotView}.
 *   <li><b>Threads.</b> The holder of the commit role makes all changes and never waits for a
 *       reader. Any thread looks up, without a lock.
 *   <li><b>Memory.</b> Superseded entries are in native memory, bounded by a setting. A view's
 *       memory is freed once the view is closed and its last reader has left.
 *   <li><b>Errors.</b> {@link io.ashlar.store.SnapshotEndedException} once the memory is used up.
 *   <li><b>Forbidden here.</b> I/O; waiting in a commit; freeing an extent past rule L2.
 * </ul>
 */
@NullMarked
package io.ashlar.store.snapshot;

import org.jspecify.annotations.NullMarked;
