/**
 * What every request to any kind of store goes through: checks, counts, put ids, and a second look
 * at a bad answer.
 *
 * <ol>
 *   <li><b>What enters and leaves.</b> Requests with unchecked keys and ranges enter; checked ones
 *       leave for an implementation, which extends {@link
 *       io.ashlar.tier.object.request.CheckedObjectStore}.
 *   <li><b>Who owns what.</b> A store is safe for any thread; counters are adders. Everything else
 *       has no state.
 *   <li><b>Who frees memory.</b> Nothing is freed here: bodies and contents stay their owners'.
 *   <li><b>What is thrown.</b> As the contract says, {@link
 *       io.ashlar.tier.object.ObjectStoreException} first of all. An I/O error of an implementation
 *       becomes one here.
 *   <li><b>What is forbidden.</b> Knowing what kind of store answers; believing the first answer
 *       that an object is absent or damaged.
 * </ol>
 */
@NullMarked
package io.ashlar.tier.object.request;

import org.jspecify.annotations.NullMarked;
