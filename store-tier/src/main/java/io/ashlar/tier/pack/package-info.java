/**
 * Packing changed blobs into batches and putting those to the object store.
 *
 * <ol>
 *   <li><b>What enters and leaves.</b> Changes in the order of their ids and a snapshot of the
 *       store enter; batch objects leave, and references to them.
 *   <li><b>Which thread owns what.</b> The tiering agent owns a packer and a list. Blobs are read
 *       and compressed by {@link io.ashlar.tier.pack.PackThreads}, each group of them in memory
 *       that one thread has at a time. Batches are sent on one more thread.
 *   <li><b>Who frees memory.</b> A packer, a list and the threads free what they have when they are
 *       closed, at the end of a pass.
 *   <li><b>What is thrown.</b> {@code TierUnavailableException} when a batch could not be put;
 *       {@code FencedException} when its number is no longer this writer's.
 *   <li><b>What is forbidden.</b> Committing a manifest; a heap array as large as a blob; more
 *       groups at a time than there is memory for.
 * </ol>
 */
@NullMarked
package io.ashlar.tier.pack;

import org.jspecify.annotations.NullMarked;
