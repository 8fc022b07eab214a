package io.ashlar.tier.object.s3;

import io.ashlar.tier.object.request.RequestCounters;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.services.s3.model.DeleteObjectsRequest;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Request;

/** Counts what is really sent: once an attempt, by the class it is billed as. */
final class S3RequestCount implements ExecutionInterceptor {
  private final RequestCounters counters;

  S3RequestCount(RequestCounters counters) {
    this.counters = counters;
  }

  @Override
  public void beforeTransmission(
      Context.BeforeTransmission context, ExecutionAttributes attributes) {
    if (context.request() instanceof ListObjectsV2Request) {
      counters.lists.increment();
    } else if (context.request() instanceof DeleteObjectsRequest) {
      counters.deletes.increment();
    } else {
      SdkHttpMethod method = context.httpRequest().method();
      switch (method) {
        case GET -> counters.gets.increment();
        case HEAD -> counters.heads.increment();
        case DELETE -> counters.deletes.increment();
        default -> counters.puts.increment();
      }
    }
  }
}
