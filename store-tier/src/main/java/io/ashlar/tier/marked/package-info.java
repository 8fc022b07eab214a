/**
 * The object store and the keys of a tier, with each call of them marked. So a nested call that
 * would wait for itself is refused.
 *
 * <ol>
 *   <li><b>What enters and leaves.</b> A store and keys enter; {@link
 *       io.ashlar.tier.marked.TierObjects}, which has both, leaves.
 *   <li><b>Which thread owns what.</b> Any thread may call. A mark belongs to the thread that is
 *       within the call.
 *   <li><b>Who frees memory.</b> Nothing is freed here: store and keys stay with their opener.
 *   <li><b>What is thrown.</b> {@link java.lang.IllegalStateException} for a call of the tier
 *       within such a call. Everything else comes from the store and the keys.
 *   <li><b>What is forbidden.</b> Changing a request or its answer.
 * </ol>
 */
@NullMarked
package io.ashlar.tier.marked;

import org.jspecify.annotations.NullMarked;
