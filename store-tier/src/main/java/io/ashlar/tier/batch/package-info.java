/**
 * Batches: many entries packed into one compressed object. Versions 1 and 2 are LaminarDB's LCB1;
 * version 3 is Ashlar's own, in frames that are read one by one.
 *
 * <ol>
 *   <li><b>What enters and leaves.</b> Keys and data as segments, on or off the heap; whole objects
 *       as one segment or file, or ranges of them. {@link io.ashlar.tier.batch.BatchCodec}
 *       specifies versions 1 and 2, {@link io.ashlar.tier.batch.FramedBatchFormat} version 3.
 *   <li><b>Who owns what.</b> A codec, decoder or reader has no state and serves any thread. An
 *       encoder and a batch belong to one thread each.
 *   <li><b>Who frees memory.</b> An encoder frees what it packed into when it is closed. A decoded
 *       batch lies in the arena that the caller gave, or frees itself when closed if it was opened
 *       from a file.
 *   <li><b>What is thrown.</b> {@link io.ashlar.tier.batch.BatchFormatException} for bytes that are
 *       no batch, with the check that failed; {@link io.ashlar.tier.batch.FrameKeyException} for an
 *       intact batch whose key is not at hand.
 *   <li><b>What is forbidden.</b> Talking to an object store. Allocating for a length that was read
 *       before it is bounded by what the input can hold and by the configured cap; LZ4's fast
 *       (unchecked) decompressors; a heap array as large as a value.
 * </ol>
 */
@NullMarked
package io.ashlar.tier.batch;

import org.jspecify.annotations.NullMarked;
