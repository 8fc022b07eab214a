/**
 * One small interface to object storage: {@link io.ashlar.tier.object.ObjectStore}.
 *
 * <ol>
 *   <li><b>What enters and leaves.</b> Keys as text (rules: {@link
 *       io.ashlar.tier.object.ObjectKey}), bodies as {@link io.ashlar.tier.object.ObjectBody} and
 *       {@link io.ashlar.tier.object.ObjectContent}, which stream. No object is ever held whole on
 *       the heap. {@link io.ashlar.tier.ObjectStores} opens stores by URL.
 *   <li><b>Who owns what.</b> Every store is safe for any number of threads. A content, and the
 *       stream of a body, belong to one thread. Counters are adders.
 *   <li><b>Who frees memory.</b> The caller owns the segments it passes in. They stay alive until
 *       the call returns and are not kept. The caller closes contents and uploads.
 *   <li><b>What is thrown.</b> {@link io.ashlar.tier.object.ObjectNotFoundException} for an absent
 *       object; {@link io.ashlar.tier.object.ObjectStoreException}, retryable or not, for failures
 *       of the environment; {@link io.ashlar.tier.object.ObjectKeyException} for a key that could
 *       leave its root. A failed precondition is a result, not an exception.
 *   <li><b>What is forbidden.</b> Knowing what the objects mean, or which kind of store holds them;
 *       credentials in URLs, messages or {@code toString}; following links; an object as one heap
 *       array; asynchronous clients.
 * </ol>
 *
 * <p><b>Packages below.</b> {@code request} is what every request goes through. {@code directory}
 * and {@code s3} store objects. {@code retry} repeats, paces and counts the requests of another
 * store. {@code probe} finds out which conditional requests are real.
 */
@NullMarked
package io.ashlar.tier.object;

import org.jspecify.annotations.NullMarked;
