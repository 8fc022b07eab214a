package io.ashlar.tier.object.s3;

import java.io.InputStream;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.gaul.s3proxy.blobstore.BlobStore;
import org.gaul.s3proxy.blobstore.ForwardingBlobStore;
import org.gaul.s3proxy.blobstore.S3Exceptions;
import org.gaul.s3proxy.blobstore.domain.MultipartUpload;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.services.s3.model.CompleteMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.CompleteMultipartUploadResponse;
import software.amazon.awssdk.services.s3.model.DeleteObjectRequest;
import software.amazon.awssdk.services.s3.model.DeleteObjectResponse;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.HeadObjectRequest;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Request;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.PutObjectResponse;
import software.amazon.awssdk.services.s3.model.UploadPartRequest;
import software.amazon.awssdk.services.s3.model.UploadPartResponse;

/**
 * The test server's storage: one writer of a key at a time, because the server implements If-Match
 * as a question and then a put, and a {@link Hook} around every operation, which is where faults
 * are put.
 */
public final class LockedBlobStore extends ForwardingBlobStore {
  /** What the server is asked to do. */
  public enum Operation {
    GET,
    HEAD,
    PUT,
    PART,
    COMPLETE,
    LIST,
    DELETE
  }

  /** Sees each operation before and after it is applied, and may throw or wait at either. */
  public interface Hook {
    /** Nothing has been applied yet. */
    default void before(Operation operation, String key) {}

    /** It has been applied and not answered. */
    default void after(Operation operation, String key) {}
  }

  private static final Hook NO_HOOK = new Hook() {};

  private final ConcurrentHashMap<String, ReentrantLock> locks = new ConcurrentHashMap<>();
  private volatile Hook hook = NO_HOOK;

  public LockedBlobStore(BlobStore delegate) {
    super(delegate);
  }

  /** Sets what sees the operations from now on. */
  public void hook(Hook newHook) {
    hook = newHook;
  }

  /** Back to no hook. */
  public void clearHook() {
    hook = NO_HOOK;
  }

  private <T> T run(Operation operation, String key, Supplier<T> action) {
    Hook current = hook;
    current.before(operation, key);
    T result = action.get();
    current.after(operation, key);
    return result;
  }

  private <T> T locked(Operation operation, String key, Supplier<T> action) {
    ReentrantLock lock = locks.computeIfAbsent(key, k -> new ReentrantLock());
    lock.lock();
    try {
      return run(operation, key, action);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public PutObjectResponse putBlob(PutObjectRequest request, InputStream body) {
    return locked(
        Operation.PUT,
        request.key(),
        () -> {
          checkMatch(request);
          return super.putBlob(request, body);
        });
  }

  /** The server has asked this before it had the lock; here the answer holds. */
  private void checkMatch(PutObjectRequest request) {
    if (request.ifMatch() != null) {
      HeadObjectResponse current =
          super.blobMetadataIfPresent(
              HeadObjectRequest.builder().bucket(request.bucket()).key(request.key()).build());
      if (current == null
          || !S3Values.etag(current.eTag()).equals(S3Values.etag(request.ifMatch()))) {
        throw S3Exceptions.fromStatusCode(412);
      }
    }
  }

  @Override
  public CompleteMultipartUploadResponse completeMultipartUpload(
      MultipartUpload upload, CompleteMultipartUploadRequest request) {
    return locked(
        Operation.COMPLETE,
        String.valueOf(request.key()),
        () -> super.completeMultipartUpload(upload, request));
  }

  @Override
  public DeleteObjectResponse removeBlob(DeleteObjectRequest request) {
    return locked(Operation.DELETE, request.key(), () -> super.removeBlob(request));
  }

  @Override
  public UploadPartResponse uploadMultipartPart(
      MultipartUpload upload, UploadPartRequest request, InputStream body) {
    return run(
        Operation.PART,
        String.valueOf(request.key()),
        () -> super.uploadMultipartPart(upload, request, body));
  }

  @Override
  public ResponseInputStream<GetObjectResponse> getBlob(GetObjectRequest request) {
    return run(Operation.GET, request.key(), () -> super.getBlob(request));
  }

  @Override
  public HeadObjectResponse blobMetadata(HeadObjectRequest request) {
    return run(Operation.HEAD, request.key(), () -> super.blobMetadata(request));
  }

  @Override
  public ListObjectsV2Response list(ListObjectsV2Request request) {
    return run(Operation.LIST, String.valueOf(request.prefix()), () -> super.list(request));
  }
}
