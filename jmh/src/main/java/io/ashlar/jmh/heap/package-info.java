/**
 * The scenario {@code heap}: how much Java heap a commit or a read allocates.
 *
 * <p><b>What enters and leaves.</b> A plan enters, rows leave. <b>Threads.</b> The main thread runs
 * the operations; the JVM counts the allocations of all threads. <b>Memory.</b> The loop that
 * counts allocates nothing. <b>Errors.</b> A store that fails ends the run. <b>Forbidden.</b> Two
 * open stores at a time: both would be counted.
 */
@NullMarked
package io.ashlar.jmh.heap;

import org.jspecify.annotations.NullMarked;
