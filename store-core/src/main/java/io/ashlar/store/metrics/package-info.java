/**
 * A store's own counters.
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> Increments enter from every package; sums leave through
 *       {@link io.ashlar.store.StoreStats}.
 *   <li><b>Threads.</b> Safe from any thread.
 *   <li><b>Memory.</b> Plain heap objects, one set per store. Counting allocates nothing in steady
 *       state.
 *   <li><b>Errors.</b> None.
 *   <li><b>Forbidden here.</b> Anything that can block or fail.
 * </ul>
 */
@NullMarked
package io.ashlar.store.metrics;

import org.jspecify.annotations.NullMarked;
