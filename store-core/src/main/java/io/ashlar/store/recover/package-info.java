/**
 * Opening a store: from the bytes of the data file to an index, a free-space map and the end of the
 * log; and re-reading everything to verify it.
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> A locked disk enters; a {@link
 *       io.ashlar.store.recover.RecoveredStore} leaves.
 *   <li><b>Threads.</b> Recovery runs on the opening thread, before anything is exposed (rule L5);
 *       others read for it ({@link io.ashlar.store.disk.SideTask}), and one of them replays the
 *       log, to which the opening thread lends the index ({@link
 *       io.ashlar.store.recover.EarlyReplay}). All have ended when it returns or throws.
 *   <li><b>Memory.</b> Read windows are freed before recovery returns; the index belongs to the
 *       store.
 *   <li><b>Errors.</b> {@link io.ashlar.store.CorruptionException} when what must be there is not;
 *       {@link io.ashlar.store.FormatVersionException}; {@link io.ashlar.store.StoreOpenException}
 *       for a file that is no store.
 *   <li><b>Forbidden here.</b> Writing anything but the fence, or the first bytes of a new store;
 *       imports of {@code commit} and {@code read}.
 * </ul>
 */
@NullMarked
package io.ashlar.store.recover;

import org.jspecify.annotations.NullMarked;
