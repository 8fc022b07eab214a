package io.ashlar.tier.object.s3;

import io.ashlar.tier.object.FailureKind;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectNotFoundException;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.probe.ProbeRequests;
import io.ashlar.tier.object.request.SecondLook;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.PutObjectResponse;

/** A probe's requests to S3, by the store's own client. Thread: any; there is no state. */
record S3ProbeRequests(S3ObjectStore store) implements ProbeRequests {

  @Override
  public Answer put(
      String key,
      String body,
      @Nullable String ifNoneMatch,
      @Nullable String ifMatch,
      @Nullable Integer crc32c) {
    PutObjectRequest.Builder request =
        PutObjectRequest.builder().bucket(store.bucket()).key(store.fullKey(key));
    if (ifNoneMatch != null) {
      request.ifNoneMatch(ifNoneMatch);
    }
    if (ifMatch != null) {
      request.ifMatch(ifMatch);
    }
    if (crc32c != null) {
      request.checksumCRC32C(S3Values.checksum(crc32c));
    }
    return answer(
        key,
        () -> {
          PutObjectResponse response =
              store.client.putObject(
                  request.build(), RequestBody.fromString(body, StandardCharsets.UTF_8));
          if (S3Values.etag(response.eTag()).isEmpty()) {
            throw store.failed("probe", key, true, null); // the answer is not that of S3
          }
          return response;
        });
  }

  @Override
  public Answer delete(String key, @Nullable String ifMatch) {
    return answer(
        key,
        () ->
            store.client.deleteObject(r -> {
              r.bucket(store.bucket()).key(store.fullKey(key));
              if (ifMatch != null) {
                r.ifMatch(ifMatch);
              }
            }));
  }

  private interface Request {
    Object send();
  }

  private Answer answer(String key, Request request) {
    try {
      var _ = request.send();
      return Answer.APPLIED;
    } catch (AwsServiceException e) {
      ObjectStoreException failure = S3Errors.failed(store, "probe", key, e);
      int status = e.statusCode();
      boolean refused = status == 412 || status == 409 || S3Errors.absent(e);
      if (refused) {
        return Answer.REFUSED;
      }
      boolean aboutTheRequest =
          failure.kind() == FailureKind.UNSUPPORTED
              || (failure.kind() == FailureKind.PERMANENT
                  && status != 401
                  && status != 403
                  && status != 404);
      if (aboutTheRequest) {
        return Answer.REJECTED;
      }
      throw failure;
    } catch (SdkException e) {
      throw S3Errors.failed(store, "probe", key, e);
    }
  }

  @Override
  public @Nullable String read(String key) {
    try (ObjectContent content = store.get(key)) {
      return new String(content.stream().readAllBytes(), StandardCharsets.UTF_8);
    } catch (ObjectNotFoundException absent) {
      return null;
    } catch (IOException e) {
      throw store.failed("probe", key, true, e);
    }
  }

  @Override
  public String etag(String key) {
    ObjectInfo info = SecondLook.head(store, key);
    return info == null ? "" : info.etag();
  }
}
