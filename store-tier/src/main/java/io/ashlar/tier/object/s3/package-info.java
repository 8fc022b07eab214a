/**
 * An object store in a bucket of S3 or a compatible service.
 *
 * <ol>
 *   <li><b>What enters and leaves.</b> Requests enter and leave through the AWS SDK's blocking
 *       client, each once; the proven answer comes back.
 *   <li><b>Who owns what.</b> A store serves any thread and blocks it. The client's connections are
 *       its own.
 *   <li><b>Who frees memory.</b> The SDK holds no body; a content holds a connection until it is
 *       closed.
 *   <li><b>What is thrown.</b> As the contract says; {@code S3Errors} turns each of the SDK's
 *       exceptions into one of ours.
 *   <li><b>What is forbidden.</b> Repeating (that is the {@code retry} package's); trusting a
 *       status of 2xx without proof; printing a secret; any of the SDK's types outside of this
 *       package, but for credentials.
 * </ol>
 *
 * <p><b>Logging of the S3 client.</b> The AWS SDK logs through slf4j-api. This module brings no
 * slf4j provider, since an application may have its own. Without a provider, slf4j's notice about
 * it is kept off standard error; see {@code SdkLogging}.
 */
@NullMarked
package io.ashlar.tier.object.s3;

import org.jspecify.annotations.NullMarked;
