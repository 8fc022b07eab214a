/**
 * The JMH benchmarks, one class for each question.
 *
 * <p><b>What enters and leaves.</b> JMH's parameters enter, JMH's report leaves. <b>Threads.</b>
 * JMH's. <b>Memory.</b> Each trial closes what it opened. <b>Errors.</b> A failure ends the fork.
 * <b>Forbidden.</b> Comparing forks of each other on a device whose speed drifts; {@code
 * scripts/bench} does that.
 */
@NullMarked
package io.ashlar.jmh.micro;

import org.jspecify.annotations.NullMarked;
