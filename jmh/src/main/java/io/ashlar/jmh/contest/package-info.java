/**
 * Contestants, the cells in which they meet, and how their rounds are compared.
 *
 * <p><b>What enters and leaves.</b> A {@link io.ashlar.jmh.contest.Plan} says what to measure;
 * {@link io.ashlar.jmh.contest.Standing} turns rounds into rows. <b>Threads.</b> The main thread.
 * <b>Memory.</b> An {@link io.ashlar.jmh.contest.Entrant} closes its store. <b>Errors.</b> As the
 * stores throw them. <b>Forbidden.</b> Knowing a scenario.
 */
@NullMarked
package io.ashlar.jmh.contest;

import org.jspecify.annotations.NullMarked;
