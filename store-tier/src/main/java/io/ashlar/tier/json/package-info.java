/**
 * JSON as manifests and small objects have it: parsed by hand, and sealed with a CRC-32C.
 *
 * <ol>
 *   <li><b>What enters and leaves.</b> Bytes enter; scalar fields and checked bodies leave. {@link
 *       io.ashlar.tier.json.SealedJson} specifies the seal.
 *   <li><b>Who owns what.</b> The fields of an object belong to the thread that reads them; all
 *       else has no state.
 *   <li><b>Who frees memory.</b> There is only the heap; at most 64 fields of an object are kept.
 *   <li><b>What is thrown.</b> {@link io.ashlar.tier.json.ManifestFormatException}, with the field
 *       and the rule.
 *   <li><b>What is forbidden.</b> Mapping JSON to types by reflection or by names that the input
 *       chooses; believing bytes whose checksum is wrong.
 * </ol>
 */
@NullMarked
package io.ashlar.tier.json;

import org.jspecify.annotations.NullMarked;
