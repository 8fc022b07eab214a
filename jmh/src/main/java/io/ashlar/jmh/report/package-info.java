/**
 * What is published of results: charts, tables in Markdown, and a page.
 *
 * <p><b>What enters and leaves.</b> Rows enter; SVG, Markdown and HTML leave. <b>Threads.</b> Any:
 * everything is a value or a static method. <b>Memory.</b> The heap only. <b>Errors.</b> {@link
 * java.io.UncheckedIOException} where a file cannot be read or written. <b>Forbidden.</b> A figure
 * that is not in a CSV file.
 */
@NullMarked
package io.ashlar.jmh.report;

import org.jspecify.annotations.NullMarked;
