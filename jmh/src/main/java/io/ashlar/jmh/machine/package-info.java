/**
 * What is measured of the machine: its description, its device, its page cache, space on its disk.
 *
 * <p><b>What enters and leaves.</b> Folders enter; figures of the kernel and of other programs
 * leave. <b>Threads.</b> Any, unless a class says otherwise. <b>Memory.</b> None that outlives a
 * call. <b>Errors.</b> {@link java.io.UncheckedIOException} where a figure cannot be had.
 * <b>Forbidden.</b> Running a program without a deadline.
 */
@NullMarked
package io.ashlar.jmh.machine;

import org.jspecify.annotations.NullMarked;
