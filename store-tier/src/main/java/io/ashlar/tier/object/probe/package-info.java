/**
 * Which conditional and checked requests an endpoint really honours.
 *
 * <ol>
 *   <li><b>What enters and leaves.</b> A store enters; a {@link
 *       io.ashlar.tier.object.probe.Dialect} leaves. A probe writes small objects below {@code
 *       _probe/} and deletes them.
 *   <li><b>Who owns what.</b> A probe belongs to its thread; what was found for an endpoint is
 *       shared by all.
 *   <li><b>Who frees memory.</b> There is only the heap, and little of it.
 *   <li><b>What is thrown.</b> {@link io.ashlar.tier.object.ObjectStoreException} if the store
 *       cannot be written to, or does not answer.
 *   <li><b>What is forbidden.</b> Believing a status without reading back; knowing how a store
 *       spells its requests.
 * </ol>
 */
@NullMarked
package io.ashlar.tier.object.probe;

import org.jspecify.annotations.NullMarked;
