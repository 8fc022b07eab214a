package io.ashlar.tier.object;

import java.io.IOException;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
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
 *   <tr><td>408, 429, 5xx; RequestTimeout, SlowDown; no answer</td><td>retryable</td></tr>
 *   <tr><td>any other</td><td>not retryable</td></tr>
 * </table>
 *
 * <p>Messages carry code, status and request id, and never the server's text, which may repeat what
 * was signed.
 */
final class S3Errors {
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
          retryable(service),
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
        e.retryable() || causedByIo(e),
        e);
  }

  private static boolean retryable(AwsServiceException e) {
    int status = e.statusCode();
    return status == 408
        || status == 409
        || status == 429
        || status >= 500
        || e.isThrottlingException()
        || code(e).equals("RequestTimeout");
  }

  private static String code(AwsServiceException e) {
    if (e.awsErrorDetails() == null || e.awsErrorDetails().errorCode() == null) {
      return "";
    }
    return e.awsErrorDetails().errorCode();
  }

  private static boolean causedByIo(Throwable e) {
    for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
      if (cause instanceof IOException) {
        return true;
      }
    }
    return false;
  }
}
