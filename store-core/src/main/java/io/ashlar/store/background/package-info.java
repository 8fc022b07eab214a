/**
 * Makes background work yield to commits.
 *
 * <pre>
 *   vacuum, verification, index checkpoint, growth, tier ──step──▶ PacedWork ──▶ Governor ──▶ rest
 *                                                                                   ▲
 *                                            commits ──▶ CommitLatency ──▶ YieldLevel
 * </pre>
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> Steps of background work enter, with their bytes and
 *       processor time. Rests come out.
 *   <li><b>Threads.</b> A {@link io.ashlar.store.background.PacedWork} belongs to the thread that
 *       works. The governor is safe from any thread. Commits never call it.
 *   <li><b>Memory.</b> Plain heap objects, one for each piece of work.
 *   <li><b>Errors.</b> None: a rest that is cut short is no failure.
 *   <li><b>Forbidden here.</b> Waiting without a bound. Delaying work that a commit waits for.
 * </ul>
 */
@NullMarked
package io.ashlar.store.background;

import org.jspecify.annotations.NullMarked;
