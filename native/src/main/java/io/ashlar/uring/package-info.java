/**
 * The native fence: io_uring, files and memory, through downcalls into liburing and libc.
 *
 * <p><b>What enters and leaves.</b> In: native {@link java.lang.foreign.MemorySegment}s, paths,
 * byte offsets, opaque tokens. Out: byte counts, completions, and typed failures. No caller has to
 * manage a descriptor or an address.
 *
 * <p><b>Which thread owns what.</b> {@link Uring} and its registered files belong to the platform
 * thread that opened it, and every call checks this. {@link IoVectors} belongs to one thread at a
 * time. {@link NativeFile}, {@link NativeMemory} and {@link EventFd#signal()} are safe from any
 * thread. {@link UringSupport} and {@link LibraryLoader} are immutable results.
 *
 * <p><b>Who frees memory.</b> Its creator, by {@code close()}. Memory submitted to a ring must stay
 * valid until the ring has delivered its completion. An arena guards running downcalls, not
 * operations in flight. A ring keeps the segments of its operations reachable until their
 * completions.
 *
 * <p><b>What is thrown.</b> {@link NativeException}, with call, errno and subject, if a system call
 * fails. {@link IllegalStateException} for use after close, from the wrong thread, or of a poisoned
 * ring. {@link IllegalArgumentException} for an invalid segment or offset. {@link
 * IllegalCallerException}, which names the flag, if native access is denied.
 *
 * <p><b>What is forbidden here.</b>
 *
 * <ul>
 *   <li>Retrying a failed sync.
 *   <li>Closing anything because a thread was interrupted.
 *   <li>A shared arena that is closed once per operation.
 *   <li>{@code Linker.Option.critical} for a call that can block.
 *   <li>A thread-local value of a class of this project: a thread that outlives the store would
 *       keep its class loader.
 *   <li>Touching {@code Liburing} before {@link LibraryLoader} has found a library.
 *   <li>Editing the generated packages {@code .libc} and {@code .liburing}.
 * </ul>
 */
@NullMarked
package io.ashlar.uring;

import org.jspecify.annotations.NullMarked;
