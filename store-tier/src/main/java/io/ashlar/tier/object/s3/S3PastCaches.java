package io.ashlar.tier.object.s3;

import io.ashlar.tier.object.ObjectStore;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;

/**
 * Has every read pass the caches on its way: a listing, a hint or an absence that is some seconds
 * old breaks the consistency that {@link ObjectStore} promises, and the second look at an answer
 * that was bad needs another answer (RFC 9111, 5.2.1.4).
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
