/**
 * Measurements: JMH benchmarks, one class a question, and the scenario runner behind {@code
 * scripts/bench}.
 *
 * <p><b>What enters and leaves.</b> The public API of the store and of its peers enters; numbers
 * leave: JMH's report, or a table, a CSV file and a page with charts. Other programs are run (fio,
 * sync, and JVMs to be killed), never for longer than a deadline. <b>Threads.</b> JMH's, or those
 * of a slice, each with a {@link io.ashlar.jmh.peer.PeerWriter} of its own; everything else belongs
 * to the main thread. <b>Memory.</b> Batches are made once and reused, so that what is allocated
 * while measuring is the store's; each closes what it opened. <b>Errors.</b> A store that fails
 * ends the run: a number beside a failure would say nothing. <b>Forbidden.</b> Depending on this
 * module, and reaching into a package of the store that is not public API.
 */
@NullMarked
package io.ashlar.jmh;

import org.jspecify.annotations.NullMarked;
