/**
 * Draws charts as SVG. Decision record 0069 says why no library does.
 *
 * <p><b>What enters and leaves.</b> Charts enter, SVG leaves: the same bytes on every machine.
 * <b>Threads.</b> Any, for the public methods. <b>Memory.</b> The heap only. <b>Errors.</b> None.
 * <b>Forbidden.</b> Measuring text with the fonts of the machine: the picture would depend on them.
 */
@NullMarked
package io.ashlar.jmh.chart;

import org.jspecify.annotations.NullMarked;
