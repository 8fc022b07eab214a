/**
 * The scenario {@code overhead}: what the engine costs where the device costs next to nothing.
 *
 * <p><b>What enters and leaves.</b> A plan enters, rows leave. <b>Threads.</b> The main thread
 * starts slices; the threads of a cell run the operations. <b>Memory.</b> Each thread's buffers are
 * native and end with the cell. <b>Errors.</b> A store that fails ends the run; without a folder in
 * memory nothing is measured. <b>Forbidden.</b> Files on a device.
 */
@NullMarked
package io.ashlar.jmh.overhead;

import org.jspecify.annotations.NullMarked;
