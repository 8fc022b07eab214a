/**
 * The scenario {@code reopen}: child JVMs fill stores, are killed, and open them again.
 *
 * <p><b>What enters and leaves.</b> A plan enters, rows leave; children print {@code name=value}
 * lines. <b>Threads.</b> The main thread of each process. <b>Memory.</b> A child ends by SIGKILL
 * and frees nothing. <b>Errors.</b> A child that ends early, or takes too long, ends the run.
 * <b>Forbidden.</b> A child without a deadline.
 */
@NullMarked
package io.ashlar.jmh.reopen;

import org.jspecify.annotations.NullMarked;
