package io.ashlar.tier.object.s3;

import io.ashlar.tier.object.FailureKind;
import io.ashlar.tier.object.ObjectKey;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.PutResult;
import io.ashlar.tier.object.request.CheckedObjectStore;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.AbortedException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;

/**
 * What an answer or a failure of S3 means for the caller.
 *
 * <table>
 *   <caption>Errors</caption>
 *   <tr><th>status</th><th>meaning</th></tr>
 *   <tr><td>404 without a body, NoSuchKey</td><td>absent</td></tr>
 *   <tr><td>412, and 404 to an If-Match</td><td>refused</td></tr>
 *   <tr><td>409 (a conditional write met another)</td><td>retryable; never "exists"</td></tr>
 *   <tr><td>503, 429; SlowDown and its like</td><td>throttled: retryable, more slowly</td></tr>
 *   <tr><td>408, other 5xx but 501; RequestTimeout; no answer; an error in an answer of 2xx</td>
 *       <td>retryable</td></tr>
 *   <tr><td>any other</td><td>not retryable</td></tr>
 * </table>
 *
 * <p>Messages carry code, status and request id, and never the server's text, which may repeat what
 * was signed.
 */
final class S3Errors {
  private static final long RETRY_AFTER_MAX_MS = TimeUnit.MINUTES.toMillis(10);

  private S3Errors() {}

  static boolean absent(AwsServiceException e) {
    // A HEAD has no body, so its 404 has no code.
    return e instanceof NoSuchKeyException
        || (e.statusCode() == 404
            && ("NoSuchKey".equals(code(e)) || "404".equals(code(e)) || code(e).isEmpty()));
  }

  static boolean preconditionFailed(AwsServiceException e) {
    return e.statusCode() == 412;
  }

  static PutResult.Refused refused(AwsServiceException e) {
    return new PutResult.Refused(e.numAttempts() != null && e.numAttempts() > 1);
  }

  static boolean rangeNotSatisfiable(AwsServiceException e) {
    return e.statusCode() == 416;
  }

  static ObjectStoreException failed(
      CheckedObjectStore store, String what, String key, SdkException e) {
    if (e instanceof AwsServiceException service) {
      return new ObjectStoreException(
          what
              + " failed: key="
              + ObjectKey.shown(key)
              + ", store="
              + store
              + ", status="
              + service.statusCode()
              + ", code="
              + ObjectKey.shown(code(service))
              + ", request="
              + ObjectKey.shown(String.valueOf(service.requestId())),
          kind(service),
          retryAfterMs(service),
          e);
    }
    if (e instanceof AbortedException || causedBy(e, InterruptedException.class)) {
      Thread.currentThread().interrupt();
      return new ObjectStoreException(
          what + " was interrupted: key=" + ObjectKey.shown(key) + ", store=" + store,
          FailureKind.INTERRUPTED,
          ObjectStoreException.NOT_SAID,
          e);
    }
    // No answer: time-outs and broken connections have an I/O cause; what the SDK refuses to send
    // (no credentials, no region) has none.
    return new ObjectStoreException(
        what
            + " failed without an answer: key="
            + ObjectKey.shown(key)
            + ", store="
            + store
            + ", reason="
            + e.getMessage(),
        e.retryable() || causedBy(e, IOException.class),
        e);
  }

  private static FailureKind kind(AwsServiceException e) {
    int status = e.statusCode();
    if (status == 503 || status == 429 || e.isThrottlingException() || code(e).equals("SlowDown")) {
      return FailureKind.THROTTLED;
    }
    if (status == 409) {
      return FailureKind.CONFLICT;
    }
    if (status == 408 || code(e).equals("RequestTimeout")) {
      return FailureKind.UNANSWERED;
    }
    if (status == 501) {
      return FailureKind.UNSUPPORTED;
    }
    boolean unavailable = status >= 500 || (status >= 200 && status < 300);
    return unavailable ? FailureKind.UNAVAILABLE : FailureKind.PERMANENT;
  }

  /** The Retry-After header: seconds, or a date. */
  private static long retryAfterMs(AwsServiceException e) {
    if (e.awsErrorDetails() == null || e.awsErrorDetails().sdkHttpResponse() == null) {
      return ObjectStoreException.NOT_SAID;
    }
    String value =
        e.awsErrorDetails().sdkHttpResponse().firstMatchingHeader("Retry-After").orElse("").strip();
    if (value.isEmpty()) {
      return ObjectStoreException.NOT_SAID;
    }
    try {
      long waitMs =
          value.chars().allMatch(c -> c >= '0' && c <= '9')
              ? TimeUnit.SECONDS.toMillis(Long.parseLong(value))
              : Duration.between(
                      Instant.now(),
                      ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant())
                  .toMillis();
      return Math.clamp(waitMs, 0, RETRY_AFTER_MAX_MS);
    } catch (NumberFormatException | DateTimeException notUnderstood) {
      return ObjectStoreException.NOT_SAID;
    }
  }

  private static String code(AwsServiceException e) {
    if (e.awsErrorDetails() == null || e.awsErrorDetails().errorCode() == null) {
      return "";
    }
    return e.awsErrorDetails().errorCode();
  }

  private static boolean causedBy(Throwable e, Class<? extends Throwable> type) {
    for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
      if (type.isInstance(cause)) {
        return true;
      }
    }
    return false;
  }
}
