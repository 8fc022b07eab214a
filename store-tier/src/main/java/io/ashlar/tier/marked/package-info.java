/**
 * The object store and the keys of a tier, called so that a call of them which would wait for
 * itself is refused.
 *
 * <ol>
 *   <li><b>What enters and leaves.</b> A store and keys enter; {@link
 *       io.ashlar.tier.marked.TierObjects}, which has both, leaves.
 *   <li><b>Who owns what.</b> Any thread may call. A mark belongs to the thread that is within the
 *       call.
 *   <li><b>Who frees memory.</b> Nobody: both stay with whoever opened them.
 *   <li><b>What is thrown.</b> {@link java.lang.IllegalStateException} for a call of the tier
 *       within such a call; all else is the store's and the keys' own.
 *   <li><b>What is forbidden.</b> Changing a request or its answer.
 * </ol>
 */
@NullMarked
package io.ashlar.tier.marked;

import org.jspecify.annotations.NullMarked;
