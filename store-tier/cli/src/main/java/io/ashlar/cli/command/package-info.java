/**
 * The commands, one class each, and the options that they share.
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> Parsed arguments enter; what a command did leaves through
 *       its {@link io.ashlar.cli.console.Output}, and an exit code.
 *   <li><b>Threads.</b> Every class belongs to the thread that runs its command.
 *   <li><b>Memory.</b> Bounded by the store's pool and the catalogue; each command closes what it
 *       opened.
 *   <li><b>Errors.</b> What the store, the tier and the file system throw passes through to the
 *       root.
 *   <li><b>Forbidden here.</b> Writing where a command only reads; {@code System.exit}.
 * </ul>
 */
@NullMarked
package io.ashlar.cli.command;

import org.jspecify.annotations.NullMarked;
