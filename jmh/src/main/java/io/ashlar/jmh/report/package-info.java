/**
 * Results: as a table for people, as CSV for programs, as charts, and as a page.
 *
 * <p><b>What enters and leaves.</b> Rows enter, text leaves. <b>Threads.</b> Any: everything is a
 * value or a static method. <b>Memory.</b> The heap only. <b>Errors.</b> {@link
 * java.io.UncheckedIOException} where a file cannot be read or written. <b>Forbidden.</b> Knowing
 * what was measured, beyond the names in the rows.
 */
@NullMarked
package io.ashlar.jmh.report;

import org.jspecify.annotations.NullMarked;
