/**
 * A store's own counters.
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> Increments enter from every package; sums leave through
 *       {@link io.ashlar.store.StoreStats}.
 *   <li><b>Threads.</b> Safe from any thread, except that only the commit role's holder writes
 *       {@link io.ashlar.store.metrics.RoleTimeline}.
 *   <li><b>Memory.</b> Plain heap objects, one set per store. Counting allocates nothing in steady
 *       state. {@link io.ashlar.store.metrics.StallCounters} has a layout that another process
 *       could map.
 *   <li><b>Errors.</b> None.
 *   <li><b>Forbidden here.</b> Anything that can block or fail.
 * </ul>
 */
@NullMarked
package io.ashlar.store.metrics;

import org.jspecify.annotations.NullMarked;
