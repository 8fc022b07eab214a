/**
 * The command line, {@code scripts/ashlar} and {@code scripts/demo}: they keep the files of a
 * directory tree as named blobs. Every operation of a store and its tier is a command. The parts,
 * from the bottom: {@code file} (names and trees), {@code console} (what is printed), {@code
 * command} and {@code demo}.
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> Arguments enter; lines on standard output (data) and
 *       standard error (progress and {@code error: …}) and an exit code leave.
 *   <li><b>Threads.</b> Everything runs on the thread that entered {@code main}.
 *   <li><b>Memory.</b> The heap alone.
 *   <li><b>Errors.</b> What the store, the tier and the file system throw becomes one line here,
 *       and a stack trace only with {@code --debug}.
 *   <li><b>Forbidden here.</b> {@code System.exit} anywhere but in {@code main}; being imported by
 *       a package below.
 * </ul>
 */
@NullMarked
package io.ashlar.cli;

import org.jspecify.annotations.NullMarked;
