package io.ashlar.tier.object.s3;

import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.request.CheckedObjectStore;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.model.ListMultipartUploadsResponse;
import software.amazon.awssdk.services.s3.model.MultipartUpload;

/** Multipart uploads that will never be completed. Thread: any; there is no state. */
final class S3StaleUploads {
  private static final int PAGES_MAX = 1_000;

  private S3StaleUploads() {}

  /** Aborts those below {@code prefix}; see {@link ObjectStore#abortStaleUploads}. */
  static long abort(S3ObjectStore store, String prefix, long olderThanMs) {
    CheckedObjectStore.checkStaleAge(olderThanMs);
    return abortBefore(store, prefix, Instant.now().minusMillis(olderThanMs));
  }

  /** A failed listing aborts nothing more; an upload that is gone meanwhile counts as not ours. */
  static long abortBefore(S3ObjectStore store, String prefix, Instant limit) {
    try {
      long aborted = 0;
      for (MultipartUpload upload : list(store, prefix)) {
        Instant started = upload.initiated();
        if (started == null || !started.isBefore(limit) || !upload.key().startsWith(prefix)) {
          continue;
        }
        var _ =
            store.client.abortMultipartUpload(
                r -> r.bucket(store.bucket()).key(upload.key()).uploadId(upload.uploadId()));
        aborted++;
      }
      return aborted;
    } catch (SdkException e) {
      throw S3Errors.failed(store, "abort stale uploads", prefix, e);
    }
  }

  private static List<MultipartUpload> list(S3ObjectStore store, String prefix) {
    List<MultipartUpload> uploads = new ArrayList<>();
    String afterKey = null;
    String afterId = null;
    for (int page = 0; page < PAGES_MAX; page++) {
      ListMultipartUploadsResponse response = page(store, prefix, afterKey, afterId);
      uploads.addAll(response.uploads());
      if (!Boolean.TRUE.equals(response.isTruncated()) || response.nextKeyMarker() == null) {
        break;
      }
      afterKey = response.nextKeyMarker();
      afterId = response.nextUploadIdMarker();
    }
    return uploads;
  }

  private static ListMultipartUploadsResponse page(
      S3ObjectStore store, String prefix, @Nullable String afterKey, @Nullable String afterId) {
    return store.client.listMultipartUploads(r -> {
      r.bucket(store.bucket()).prefix(prefix);
      if (afterKey != null) {
        r.keyMarker(afterKey).uploadIdMarker(afterId);
      }
    });
  }
}
