/**
 * Results as values, as CSV for programs, and as a table for a terminal.
 *
 * <p><b>What enters and leaves.</b> Rows enter, text leaves, and back. <b>Threads.</b> Any:
 * everything is a value or a static method. <b>Memory.</b> The heap only. <b>Errors.</b> {@link
 * java.io.UncheckedIOException} where a file cannot be read. <b>Forbidden.</b> Knowing what was
 * measured.
 */
@NullMarked
package io.ashlar.jmh.result;

import org.jspecify.annotations.NullMarked;
