/**
 * The command that {@code scripts/bench} runs: it measures scenarios and writes their results.
 *
 * <p><b>What enters and leaves.</b> Options enter. A table, a CSV file and a page with charts
 * leave. <b>Threads.</b> The main thread; the scenarios make their own. <b>Memory.</b> None of its
 * own. <b>Errors.</b> A store that fails ends the run: figures beside a failure would mean nothing.
 * <b>Forbidden.</b> In this module: to depend on it from another one, and to use a package of the
 * store that is not public API.
 *
 * <p>The packages import each other one way, in this order.
 *
 * <table>
 * <caption>Packages</caption>
 * <tr><th>package</th><th>idea</th></tr>
 * <tr><td>{@code jmh}</td><td>the command</td></tr>
 * <tr><td>{@code heap}, {@code overhead}</td><td>the scenarios of these names</td></tr>
 * <tr><td>{@code commit}, {@code read}, {@code reopen}, {@code tier}</td>
 *     <td>the other scenarios</td></tr>
 * <tr><td>{@code contest}</td><td>contestants, rounds, and how they are compared</td></tr>
 * <tr><td>{@code micro}</td><td>the JMH benchmarks, one class for each question</td></tr>
 * <tr><td>{@code report}</td><td>charts, tables and a page of results</td></tr>
 * <tr><td>{@code machine}</td><td>what is measured of the machine, and other programs</td></tr>
 * <tr><td>{@code peer}</td><td>the stores</td></tr>
 * <tr><td>{@code chart}</td><td>drawing in SVG</td></tr>
 * <tr><td>{@code result}</td><td>results as values, as CSV and as a table</td></tr>
 * </table>
 */
@NullMarked
package io.ashlar.jmh;

import org.jspecify.annotations.NullMarked;
