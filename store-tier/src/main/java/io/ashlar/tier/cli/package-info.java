/**
 * The command line, {@code scripts/ashlar} and {@code scripts/demo}: files of a directory tree kept
 * as blobs under names, and every operation of a store and its tier on them.
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> Arguments, files and object-store addresses enter; lines on
 *       standard output (data) and standard error (progress and {@code error: …}), files below a
 *       named target and an exit code leave.
 *   <li><b>Threads.</b> Every class belongs to the thread that runs its command, except what an
 *       acknowledgement listener touches, which says so. {@link io.ashlar.tier.cli.ChildProcess}
 *       has one reader thread of its own.
 *   <li><b>Memory.</b> Bounded by the store's pool, a few MiB of file buffer, and a catalogue of
 *       names on the heap; {@link io.ashlar.tier.cli.EpochWriter} frees its buffer at its close.
 *   <li><b>Errors.</b> What the store, the tier and the file system throw passes through; {@link
 *       io.ashlar.tier.cli.ErrorText} makes one line of it at the root, and a stack trace only with
 *       {@code --debug}.
 *   <li><b>Forbidden here.</b> Following a symbolic link that was met on the way, writing outside
 *       the target, {@code System.exit} anywhere but in {@code main}, and being imported by any
 *       other package.
 * </ul>
 */
@NullMarked
package io.ashlar.tier.cli;

import org.jspecify.annotations.NullMarked;
