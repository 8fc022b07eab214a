package io.ashlar.tier.object.s3;

import io.ashlar.tier.object.MultipartUpload;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectKey;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.PutResult;
import io.ashlar.tier.object.request.CheckedObjectStore;
import io.ashlar.tier.object.request.StampedBody;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.model.ChecksumAlgorithm;
import software.amazon.awssdk.services.s3.model.CompleteMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.UploadPartResponse;

/** A multipart upload to S3; each part is checked by its CRC-32C, and the whole by a HEAD. */
final class S3Upload implements MultipartUpload {
  private final S3ObjectStore store;
  private final String key;
  private final String fullKey;
  private final String uploadId;
  private final String putId;
  private final ConcurrentSkipListMap<Integer, Part> parts = new ConcurrentSkipListMap<>();
  private volatile boolean done;

  private record Part(CompletedPart part, long length) {}

  private S3Upload(S3ObjectStore store, String key, String fullKey, String uploadId, String putId) {
    this.store = store;
    this.key = key;
    this.fullKey = fullKey;
    this.uploadId = uploadId;
    this.putId = putId;
  }

  static S3Upload start(S3ObjectStore store, String key) {
    String fullKey = store.fullKey(key);
    String putId = StampedBody.newId();
    try {
      String uploadId =
          store
              .client
              .createMultipartUpload(r -> {
                r.bucket(store.bucket()).key(fullKey).metadata(S3Values.metadata(putId));
                if (store.sendsChecksums()) {
                  r.checksumAlgorithm(ChecksumAlgorithm.CRC32_C);
                }
              })
              .uploadId();
      if (uploadId == null || uploadId.isEmpty()) {
        throw new ObjectStoreException(
            "start upload was answered without an id: key="
                + ObjectKey.shown(key)
                + ", store="
                + store,
            true,
            null);
      }
      return new S3Upload(store, key, fullKey, uploadId, putId);
    } catch (SdkException e) {
      throw S3Errors.failed(store, "start upload", key, e);
    }
  }

  @Override
  public String putId() {
    return putId;
  }

  @Override
  public void part(int number, ObjectBody body) {
    CheckedObjectStore.checkPartNumber(number);
    checkOpen();
    try {
      parts.put(number, store.request("put part", key, () -> send(number, body)));
    } catch (SdkException e) {
      throw S3Errors.failed(store, "put part " + number, key, e);
    }
  }

  private Part send(int number, ObjectBody body) throws java.io.IOException {
    String checksum = store.sendsChecksums() ? S3Values.checksum(body.crc32c()) : null;
    UploadPartResponse response =
        store.client.uploadPart(
            r ->
                r.bucket(store.bucket())
                    .key(fullKey)
                    .uploadId(uploadId)
                    .partNumber(number)
                    .contentLength(body.length())
                    .checksumCRC32C(checksum),
            S3Values.requestBody(body));
    store.counters.bytesSent.add(body.length());
    CompletedPart part =
        CompletedPart.builder()
            .partNumber(number)
            .eTag(store.proof.storedPart(key, body, response))
            .checksumCRC32C(checksum)
            .build();
    return new Part(part, body.length());
  }

  @Override
  public PutResult.Stored complete() {
    try {
      return complete(CompleteMultipartUploadRequest.builder());
    } catch (SdkException e) {
      throw S3Errors.failed(store, "complete upload", key, e);
    }
  }

  @Override
  public PutResult completeIfAbsent() {
    if (!store.dialect().fitForSeveralWriters()) {
      store.checkOneWriter("completing an upload if absent", key);
      if (store.head(key) != null) {
        close();
        return new PutResult.Refused(false);
      }
      return complete();
    }
    try {
      return complete(CompleteMultipartUploadRequest.builder().ifNoneMatch("*"));
    } catch (AwsServiceException e) {
      if (S3Errors.preconditionFailed(e)) {
        close();
        return S3Errors.refused(e);
      }
      throw S3Errors.failed(store, "complete upload", key, e);
    } catch (SdkException e) {
      throw S3Errors.failed(store, "complete upload", key, e);
    }
  }

  private PutResult.Stored complete(CompleteMultipartUploadRequest.Builder request) {
    checkOpen();
    if (parts.isEmpty()) {
      throw new IllegalStateException("upload has no part: key=" + ObjectKey.shown(key));
    }
    List<CompletedPart> list = parts.values().stream().map(Part::part).toList();
    var _ =
        store.client.completeMultipartUpload(
            request
                .bucket(store.bucket())
                .key(fullKey)
                .uploadId(uploadId)
                .multipartUpload(m -> m.parts(list))
                .build());
    // An object that is whole and ours is proof, regardless of the answer.
    PutResult.Stored stored =
        store.proof.completed(key, parts.values().stream().mapToLong(Part::length).sum(), putId);
    done = true;
    return stored;
  }

  private void checkOpen() {
    if (done) {
      throw new IllegalStateException("upload is closed: key=" + ObjectKey.shown(key));
    }
  }

  @Override
  public void close() {
    if (done) {
      return;
    }
    done = true;
    try {
      store.client.abortMultipartUpload(
          r -> r.bucket(store.bucket()).key(fullKey).uploadId(uploadId));
    } catch (SdkException ignored) {
      // The bucket's own expiry of incomplete uploads collects it.
    }
  }
}
