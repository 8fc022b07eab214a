/**
 * Object storage behind one small interface: {@link io.ashlar.tier.object.ObjectStore}.
 *
 * <ol>
 *   <li><b>What enters and leaves.</b> Keys as text (rules: {@link
 *       io.ashlar.tier.object.ObjectKey}), bodies as {@link io.ashlar.tier.object.ObjectBody} and
 *       {@link io.ashlar.tier.object.ObjectContent}, which stream; no object is ever held whole on
 *       the heap. URLs enter through {@link io.ashlar.tier.object.ObjectStores}.
 *   <li><b>Who owns what.</b> Every store is safe for any number of threads. A content, and the
 *       stream of a body, belong to one thread. Counters are adders.
 *   <li><b>Who frees memory.</b> The caller owns the segments it passes in; they must stay alive
 *       until the call returns and are not kept. Contents and uploads are closed by the caller.
 *   <li><b>What is thrown.</b> {@link io.ashlar.tier.object.ObjectNotFoundException} for an absent
 *       object, {@link io.ashlar.tier.object.ObjectStoreException} (retryable or not) for
 *       everything the environment does, {@link io.ashlar.tier.object.ObjectKeyException} for a key
 *       that could leave its root. A failed precondition is a result, not an exception.
 *   <li><b>What is forbidden.</b> Knowing what the objects mean; credentials in URLs, messages or
 *       {@code toString}; following links; an object as one heap array; asynchronous clients.
 * </ol>
 *
 * <p><b>Layers.</b> {@link io.ashlar.tier.object.S3ObjectStore} sends a request once and says what
 * the answer means; {@link io.ashlar.tier.object.RetryingObjectStore} repeats, paces and counts;
 * {@link io.ashlar.tier.object.DialectProbe} finds out which conditional requests are real.
 *
 * <p><b>Logging of the S3 client.</b> The AWS SDK logs through slf4j-api. This module brings no
 * slf4j provider, because an application that has one wants the SDK's messages there and one that
 * has none must not be handed a second. Where there is none, slf4j's notice about it is kept off
 * standard error; see {@code SdkLogging}.
 */
@NullMarked
package io.ashlar.tier.object;

import org.jspecify.annotations.NullMarked;
