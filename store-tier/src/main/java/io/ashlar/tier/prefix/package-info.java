/**
 * The claim of a store on a prefix: how the one writer of a prefix is chosen, and what it knows and
 * commits.
 *
 * <ol>
 *   <li><b>What enters and leaves.</b> The newest manifests and the store's notes of them enter;
 *       claims and later manifests leave. Where each live blob lies is read from batch indexes.
 *   <li><b>Which thread owns what.</b> The tiering agent owns every class here.
 *   <li><b>Who frees memory.</b> The locations of blobs lie off the heap; the agent's close frees
 *       them. Both stores stay the caller's.
 *   <li><b>What is thrown.</b> {@code FencedException} if another writer took over; {@code
 *       StoreOpenException} if a store may not write to a prefix; {@code WrongKeyException} if its
 *       key is missing; {@code TierUnavailableException} if the object store does not answer.
 *   <li><b>What is forbidden.</b> Sending a second manifest for a sequence; trusting a store's file
 *       over its tier without its lineage; ordering by clocks; uploading batches.
 * </ol>
 */
@NullMarked
package io.ashlar.tier.prefix;

import org.jspecify.annotations.NullMarked;
