/**
 * The scenario {@code read}: random reads, cold from the device and hot from memory.
 *
 * <p><b>What enters and leaves.</b> A plan enters, rows leave. <b>Threads.</b> {@code ReadThreads}
 * owns the reading threads, platform or virtual; each has a reader and a target of its own.
 * <b>Memory.</b> Targets are made once and freed with the threads. <b>Errors.</b> A value that is
 * missing or of another length ends the run. <b>Forbidden.</b> Cold cells without an empty page
 * cache: they are left out where it cannot be dropped.
 */
@NullMarked
package io.ashlar.jmh.read;

import org.jspecify.annotations.NullMarked;
