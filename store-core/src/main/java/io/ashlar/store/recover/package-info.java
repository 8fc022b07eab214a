/**
 * Opens a store: turns the bytes of the data file into an index, a free-space map and the end of
 * the log. Also re-reads all blobs to verify them.
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> A locked disk enters; a {@link
 *       io.ashlar.store.recover.RecoveredStore} leaves.
 *   <li><b>Threads.</b> Recovery runs on the opening thread, before anything is exposed (rule L5).
 *       Other threads read for it ({@link io.ashlar.store.disk.SideTask}). One of them replays the
 *       log, with the index on loan from the opening thread ({@link
 *       io.ashlar.store.recover.EarlyReplay}). All have ended when recovery returns or throws.
 *   <li><b>Memory.</b> Read windows are freed before recovery returns; the index belongs to the
 *       store.
 *   <li><b>Errors.</b> {@link io.ashlar.store.CorruptionException} if durable data is missing or
 *       damaged; {@link io.ashlar.store.FormatVersionException}; {@link
 *       io.ashlar.store.StoreOpenException} for a file that is not a store.
 *   <li><b>Forbidden here.</b> Any write except the fence and the first bytes of a new store;
 *       imports of {@code commit} and {@code read}.
 * </ul>
 */
@NullMarked
package io.ashlar.store.recover;

import org.jspecify.annotations.NullMarked;
