/**
 * The native fence: io_uring, files and memory, through downcalls into liburing and libc.
 *
 * <p><b>What enters and leaves.</b> In: native {@link java.lang.foreign.MemorySegment}s, paths,
 * byte offsets, opaque tokens. Out: byte counts, completions, and typed failures. No descriptor or
 * address is handed to a caller that has to manage it.
 *
 * <p><b>Which thread owns what.</b> {@link Uring} and its registered files and buffers belong to
 * the platform thread that opened it; every call is checked. {@link IoVectors} belongs to one
 * thread at a time. {@link NativeFile}, {@link NativeMemory} and {@link EventFd#signal()} are safe
 * from any thread. {@link UringSupport} and {@link LibraryLoader} are immutable answers.
 *
 * <p><b>Who frees memory.</b> Whoever made it, by {@code close()}. Memory that was submitted to a
 * ring must stay until the ring has delivered its completion: an arena guards running downcalls,
 * not operations in flight. A ring keeps the segments of its operations reachable until then.
 *
 * <p><b>What is thrown.</b> A system call that fails: {@link NativeException}, with call, errno and
 * subject. Use after close, from the wrong thread, or of a poisoned ring: {@link
 * IllegalStateException}. A segment or offset that cannot be meant: {@link
 * IllegalArgumentException}. Native access denied: {@link IllegalCallerException} that names the
 * flag.
 *
 * <p><b>What is forbidden here.</b> Retrying a failed sync; closing anything because a thread was
 * interrupted; a shared arena that is closed once per operation; {@code Linker.Option.critical} for
 * a call that can block; touching {@code Liburing} before {@link LibraryLoader} has found a
 * library; editing the generated packages {@code .libc} and {@code .liburing}.
 */
@NullMarked
package io.ashlar.uring;

import org.jspecify.annotations.NullMarked;
