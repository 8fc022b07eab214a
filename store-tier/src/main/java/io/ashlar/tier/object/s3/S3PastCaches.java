package io.ashlar.tier.object.s3;

import io.ashlar.tier.object.ObjectStore;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;

/**
 * Makes every read bypass caches (RFC 9111, 5.2.1.4). A listing or an absence that is seconds old
 * would break the consistency that {@link ObjectStore} promises. A second look at a bad answer
 * needs a new answer.
 */
final class S3PastCaches implements ExecutionInterceptor {
  @Override
  public SdkHttpRequest modifyHttpRequest(
      Context.ModifyHttpRequest context, ExecutionAttributes attributes) {
    SdkHttpRequest request = context.httpRequest();
    boolean reads = request.method() == SdkHttpMethod.GET || request.method() == SdkHttpMethod.HEAD;
    return reads ? request.toBuilder().putHeader("Cache-Control", "no-cache").build() : request;
  }
}
