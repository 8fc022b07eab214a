/**
 * Space in the data file: which blocks are free, and when a freed one may be used again.
 *
 * <ul>
 *   <li><b>Enters and leaves:</b> block numbers and lengths in blocks of 4 KiB; never bytes.
 *   <li><b>Threads:</b> {@link io.ashlar.store.space.ExtentAllocator} and {@link
 *       io.ashlar.store.space.DeferredFrees} belong to the holder of the commit role (rule L19).
 *   <li><b>Memory:</b> both live in plain heap arrays; nobody frees anything.
 *   <li><b>Thrown:</b> {@link java.lang.IllegalStateException} for a double free, {@link
 *       java.lang.IllegalArgumentException} for an extent that cannot be; both are bugs of the
 *       caller. A lack of space is a return value.
 *   <li><b>Forbidden:</b> locks, and freeing a superseded extent past {@link
 *       io.ashlar.store.space.DeferredFrees} (rule L2).
 * </ul>
 */
@NullMarked
package io.ashlar.store.space;

import org.jspecify.annotations.NullMarked;
