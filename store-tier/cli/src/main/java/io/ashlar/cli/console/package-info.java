/**
 * How commands print.
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> Values enter; lines for people and lines of JSON leave.
 *   <li><b>Threads.</b> Progress may be reported from any thread; all else belongs to the thread
 *       that runs its command.
 *   <li><b>Memory.</b> The heap alone.
 *   <li><b>Errors.</b> Nothing of its own; {@link io.ashlar.cli.console.ErrorText} makes one line
 *       of what others throw.
 *   <li><b>Forbidden here.</b> Printing a secret, or a name that is not made printable.
 * </ul>
 */
@NullMarked
package io.ashlar.cli.console;

import org.jspecify.annotations.NullMarked;
