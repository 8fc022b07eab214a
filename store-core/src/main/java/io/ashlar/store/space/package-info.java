/**
 * Space in the data file: which blocks are free, and when a freed one may be used again.
 *
 * <ul>
 *   <li><b>Enters and leaves:</b> block numbers and lengths in blocks of 4 KiB; never bytes.
 *   <li><b>Threads:</b> everything belongs to the holder of the commit role (rule L19). Only the
 *       zeroing of new space runs elsewhere, on the executor of {@link
 *       io.ashlar.store.space.DataFile}.
 *   <li><b>Memory:</b> free space is in native memory that the garbage collector unmaps; extents
 *       that wait for a mark are in heap arrays; {@code DataFile} frees its native block of zeroes.
 *   <li><b>Thrown:</b> {@link java.lang.IllegalStateException} for a double free, {@link
 *       java.lang.IllegalArgumentException} for an extent that cannot be; both are bugs of the
 *       caller. A return value reports a lack of space.
 *   <li><b>Forbidden:</b> locks, and freeing a superseded extent without {@link
 *       io.ashlar.store.space.DeferredFrees} (rule L2).
 * </ul>
 */
@NullMarked
package io.ashlar.store.space;

import org.jspecify.annotations.NullMarked;
