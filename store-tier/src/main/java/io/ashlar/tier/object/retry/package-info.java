/**
 * Repeats the failed requests of another store, within limits, until they have a final answer.
 *
 * <ol>
 *   <li><b>What enters and leaves.</b> Requests enter and leave for the other store, each as often
 *       as needed. The first definite answer comes back.
 *   <li><b>Who owns what.</b> A store serves any thread. Each request waits on its own thread;
 *       pacing is shared.
 *   <li><b>Who frees memory.</b> Nothing is freed here. A body is read again for each attempt, and
 *       a content is continued where it broke off.
 *   <li><b>What is thrown.</b> What the other store threw last, once repeating cannot help; {@code
 *       OVER_BUDGET} and {@code INTERRUPTED} as kinds of {@link
 *       io.ashlar.tier.object.ObjectStoreException}.
 *   <li><b>What is forbidden.</b> Reporting a conditional put as refused because of its own first
 *       attempt; a request that no caller asked for; sleeping past the deadline.
 * </ol>
 */
@NullMarked
package io.ashlar.tier.object.retry;

import org.jspecify.annotations.NullMarked;
