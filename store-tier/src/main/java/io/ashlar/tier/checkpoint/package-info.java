/**
 * What belongs together on object storage: the manifests of a tier, how they are committed and
 * found, and where a tier's objects are.
 *
 * <ol>
 *   <li><b>What enters and leaves.</b> Manifests as values and as JSON; keys as text. Only {@link
 *       io.ashlar.tier.checkpoint.ManifestStore} and {@link io.ashlar.tier.checkpoint.Boundary}
 *       talk to a store.
 *   <li><b>Who owns what.</b> Everything is immutable or without state; any thread may use it.
 *   <li><b>Who frees memory.</b> There is only the heap, where a manifest is small and bounded.
 *   <li><b>What is thrown.</b> {@link io.ashlar.tier.json.ManifestFormatException} for JSON that is
 *       no manifest; {@link io.ashlar.store.StoreException} by what talks to a store.
 *   <li><b>What is forbidden.</b> Mapping JSON to types by reflection or by names that the input
 *       chooses; sizes and counts that are not bounded before they are used; clocks for ordering.
 * </ol>
 */
@NullMarked
package io.ashlar.tier.checkpoint;

import org.jspecify.annotations.NullMarked;
