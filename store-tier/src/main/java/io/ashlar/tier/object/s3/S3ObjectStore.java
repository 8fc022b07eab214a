package io.ashlar.tier.object.s3;

import io.ashlar.tier.object.DeleteResult;
import io.ashlar.tier.object.FailureKind;
import io.ashlar.tier.object.MultipartUpload;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectKey;
import io.ashlar.tier.object.ObjectNotFoundException;
import io.ashlar.tier.object.ObjectPage;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.PutResult;
import io.ashlar.tier.object.probe.Dialect;
import io.ashlar.tier.object.probe.DialectProbe;
import io.ashlar.tier.object.probe.ProbeRequests;
import io.ashlar.tier.object.probe.ProbedStore;
import io.ashlar.tier.object.request.CheckedObjectStore;
import io.ashlar.tier.object.request.StampedBody;
import io.ashlar.tier.object.retry.RetryingObjectStore;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.ResponseTransformer;
import software.amazon.awssdk.retries.api.RetryStrategy;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.ChecksumMode;
import software.amazon.awssdk.services.s3.model.DeleteObjectsResponse;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.ObjectIdentifier;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.PutObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * An object store in a bucket of S3 or a compatible service, by the AWS SDK's blocking client.
 *
 * <ul>
 *   <li>Credentials come from the SDK's provider chain, or from a provider that the caller gives.
 *   <li>TLS, unless the endpoint says http.
 *   <li>Each put sends the CRC-32C of its body, so that a damaged upload is refused, unless the
 *       endpoint rejects that; other checksums only where S3 demands them (older services reject
 *       the SDK's own).
 *   <li>An answer of 2xx is believed only with proof ({@code S3Proof}); without one the outcome of
 *       a put is unknown, and a read or a listing counts as unanswered.
 *   <li>No read may be answered by a cache on the way.
 *   <li>A body longer than {@link #SINGLE_PUT_BYTES_MAX} is uploaded in parts of {@link
 *       MultipartUpload#PART_BYTES}, one after another; concurrency is the caller's.
 *   <li>The SDK repeats throttled and broken attempts (its standard mode, three in all): a
 *       put-if-absent may then be refused by its own first attempt; {@link PutResult.Refused} says
 *       when that can be.
 * </ul>
 *
 * <p>Thread: any; requests block on the caller's thread.
 */
public final class S3ObjectStore extends CheckedObjectStore implements ProbedStore {
  /** Longest body sent as one request. */
  public static final long SINGLE_PUT_BYTES_MAX = 32L << 20;

  /**
   * A stream may stay unread for any time. A limit would need a thread of the SDK that outlives the
   * store by a minute or two. Every stream here is read or closed.
   */
  private static final Duration NO_TIMEOUT = Duration.ZERO;

  /** Bytes worth reading to keep a connection when a content is closed before its end. */
  private static final long DRAIN_BYTES_MAX = 64 << 10;

  private final S3Location location;
  final S3Client client;
  final S3Proof proof = new S3Proof(this);

  /** Null until it is known; written by whichever thread probes first. */
  private volatile @Nullable Dialect dialect = Dialect.STANDARD;

  private S3ObjectStore(
      S3Location location, AwsCredentialsProvider credentials, RetryStrategy retries) {
    this.location = location;
    this.client = S3ClientSetup.client(location, credentials, retries, counters);
  }

  /**
   * Opens a store with the caller's credentials. Sends nothing.
   *
   * @param location the bucket, the prefix and the endpoint.
   * @param credentials asked at every request; stays the caller's.
   * @return the store; the caller closes it.
   * @throws ObjectStoreException if no region is given or found.
   */
  public static S3ObjectStore open(S3Location location, AwsCredentialsProvider credentials) {
    return open(location, credentials, AwsRetryStrategy.standardRetryStrategy());
  }

  /**
   * Opens a store as {@link #open(S3Location, AwsCredentialsProvider)} does, but sends each request
   * once: for a {@link RetryingObjectStore}, which repeats it with better knowledge.
   *
   * @param location the bucket, the prefix and the endpoint.
   * @param credentials asked at every request; stays the caller's.
   * @return the store; the caller closes it.
   * @throws ObjectStoreException if no region is given or found.
   */
  public static S3ObjectStore openSingleAttempt(
      S3Location location, AwsCredentialsProvider credentials) {
    return open(location, credentials, AwsRetryStrategy.doNotRetry());
  }

  /**
   * Opens a store as {@link #openRetrying(S3Location, AwsCredentialsProvider)} does, with the
   * credentials of the SDK's provider chain.
   *
   * @param location the bucket, the prefix and the endpoint.
   * @return the store; the caller closes it.
   * @throws ObjectStoreException if no region is given or found.
   */
  public static RetryingObjectStore openRetrying(S3Location location) {
    SdkLogging.quietWithoutProvider();
    return openRetrying(location, DefaultCredentialsProvider.builder().build());
  }

  /**
   * Opens a store that repeats its requests, and is probed before its first write. Sends nothing.
   *
   * @param location the bucket, the prefix and the endpoint.
   * @param credentials asked at every request; stays the caller's.
   * @return the store; the caller closes it.
   * @throws ObjectStoreException if no region is given or found.
   */
  public static RetryingObjectStore openRetrying(
      S3Location location, AwsCredentialsProvider credentials) {
    S3ObjectStore store = openSingleAttempt(location, credentials);
    store.probeBeforeWriting();
    return RetryingObjectStore.builder(store).build();
  }

  private static S3ObjectStore open(
      S3Location location, AwsCredentialsProvider credentials, RetryStrategy retries) {
    SdkLogging.quietWithoutProvider();
    try {
      return new S3ObjectStore(location, credentials, retries);
    } catch (SdkException e) {
      throw new ObjectStoreException(
          "opening an S3 store failed: store=" + location + ", reason=" + e.getMessage(), false, e);
    }
  }

  /** Has the endpoint probed before the first write, instead of assuming the standard. */
  void probeBeforeWriting() {
    dialect = null;
  }

  @Override
  public ProbeRequests probeRequests() {
    return new S3ProbeRequests(this);
  }

  /** What the endpoint does with conditional and checked requests; may have to ask it. */
  Dialect dialect() {
    Dialect known = dialect;
    if (known == null) {
      known = DialectProbe.cached(location.place(), this);
      dialect = known;
    }
    return known;
  }

  String bucket() {
    return location.bucket();
  }

  /** The key in the bucket. Root and key together must keep the limit. */
  String fullKey(String key) {
    return location.prefix().isEmpty() ? key : ObjectKey.check(location.prefix() + key);
  }

  /** Returns what a response holds; one that makes no sense ends the request. */
  private ObjectContent content(
      String key,
      boolean ranged,
      long offset,
      long length,
      ResponseInputStream<GetObjectResponse> stream) {
    boolean made = false;
    try {
      GetObjectResponse response = stream.response();
      Long count = response.contentLength();
      long whole =
          count == null
              ? -1
              : ranged
                  ? S3Values.wholeLength(response.contentRange(), offset, length, count)
                  : count;
      String etag = S3Values.etag(response.eTag());
      if (count == null || whole < 0 || etag.isEmpty()) {
        throw notAnswered("get", key);
      }
      ObjectInfo info =
          new ObjectInfo(
              key,
              whole,
              etag,
              response.lastModified() == null ? 0 : response.lastModified().toEpochMilli(),
              S3Values.putId(response.metadata()),
              null);
      ObjectContent content =
          new ObjectContent(info, count, new S3Stream(stream, count, DRAIN_BYTES_MAX));
      made = true;
      return content;
    } finally {
      if (!made) {
        stream.abort();
      }
    }
  }

  @Override
  protected ObjectContent doGet(String key, long offset, long length) {
    String full = fullKey(key);
    boolean ranged = offset > 0 || length != Long.MAX_VALUE;
    try {
      ResponseInputStream<GetObjectResponse> stream =
          client.getObject(
              r -> {
                r.bucket(bucket()).key(full);
                if (ranged) {
                  r.range(S3Values.range(offset, length));
                }
              },
              ResponseTransformer.toInputStream(NO_TIMEOUT));
      return content(key, ranged, offset, length, stream);
    } catch (AwsServiceException e) {
      if (S3Errors.absent(e)) {
        throw new ObjectNotFoundException(toString(), key, e);
      }
      if (S3Errors.rangeNotSatisfiable(e)) {
        throw noByteAt(key, offset, -1);
      }
      throw S3Errors.failed(this, "get", key, e);
    } catch (SdkException e) {
      throw S3Errors.failed(this, "get", key, e);
    }
  }

  @Override
  protected Optional<ObjectInfo> doHead(String key) {
    String full = fullKey(key);
    try {
      HeadObjectResponse response =
          client.headObject(r -> r.bucket(bucket()).key(full).checksumMode(ChecksumMode.ENABLED));
      String etag = S3Values.etag(response.eTag());
      if (response.contentLength() == null || etag.isEmpty()) {
        throw notAnswered("head", key);
      }
      return Optional.of(
          new ObjectInfo(
              key,
              response.contentLength(),
              etag,
              response.lastModified() == null ? 0 : response.lastModified().toEpochMilli(),
              S3Values.putId(response.metadata()),
              S3Values.crc32c(response.checksumCRC32C())));
    } catch (AwsServiceException e) {
      if (S3Errors.absent(e)) {
        return Optional.empty();
      }
      throw S3Errors.failed(this, "head", key, e);
    } catch (SdkException e) {
      throw S3Errors.failed(this, "head", key, e);
    }
  }

  /** What a read means whose answer of 2xx cannot be S3's: it lacks what each such answer has. */
  private ObjectStoreException notAnswered(String what, String key) {
    return new ObjectStoreException(
        what
            + " was answered by something else than S3, or in part: key="
            + ObjectKey.shown(key)
            + ", store="
            + this,
        true,
        null);
  }

  @Override
  protected PutResult.Stored doPut(String key, ObjectBody body) throws IOException {
    if (body.length() > SINGLE_PUT_BYTES_MAX) {
      try (S3Upload upload = upload(key, body)) {
        return upload.complete();
      }
    }
    try {
      return put(key, body, PutObjectRequest.builder());
    } catch (SdkException e) {
      throw S3Errors.failed(this, "put", key, e);
    }
  }

  @Override
  protected PutResult doPutIfAbsent(String key, ObjectBody body) throws IOException {
    if (!dialect().fitForSeveralWriters()) {
      checkOneWriter("put if absent", key);
      return doHead(key).isPresent() ? new PutResult.Refused(false) : doPut(key, body);
    }
    if (body.length() > SINGLE_PUT_BYTES_MAX) {
      try (S3Upload upload = upload(key, body)) {
        return upload.completeIfAbsent();
      }
    }
    return conditional(key, body, PutObjectRequest.builder().ifNoneMatch("*"), false);
  }

  @Override
  protected PutResult doPutIfMatch(String key, ObjectBody body, String etag) throws IOException {
    if (!dialect().comparesAndSets()) {
      checkOneWriter("put if match", key);
      boolean same = doHead(key).filter(info -> info.etag().equals(etag)).isPresent();
      return same ? doPut(key, body) : new PutResult.Refused(false);
    }
    boolean bare = dialect().putIfMatch() == Dialect.PutIfMatch.UNQUOTED;
    String value = bare ? etag : S3Values.quoted(etag);
    return conditional(key, body, PutObjectRequest.builder().ifMatch(value), true);
  }

  void checkOneWriter(String what, String key) {
    if (!location.oneWriter()) {
      throw new ObjectStoreException(
          what
              + " refused: this endpoint's conditional writes are not real, and two writers would"
              + " overwrite each other; use a service that has them, or add writers=one to the URL"
              + " if there is never another writer: key="
              + ObjectKey.shown(key)
              + ", store="
              + this
              + ", dialect="
              + dialect,
          FailureKind.UNSUPPORTED,
          ObjectStoreException.NOT_SAID,
          null);
    }
  }

  private PutResult conditional(
      String key, ObjectBody body, PutObjectRequest.Builder request, boolean absentRefuses)
      throws IOException {
    try {
      return put(key, body, request);
    } catch (AwsServiceException e) {
      if (S3Errors.preconditionFailed(e) || (absentRefuses && S3Errors.absent(e))) {
        return S3Errors.refused(e);
      }
      throw S3Errors.failed(this, "conditional put", key, e);
    } catch (SdkException e) {
      throw S3Errors.failed(this, "conditional put", key, e);
    }
  }

  private PutResult.Stored put(String key, ObjectBody bytes, PutObjectRequest.Builder request)
      throws IOException {
    ObjectBody body = StampedBody.stamp(bytes);
    request
        .bucket(bucket())
        .key(fullKey(key))
        .contentLength(body.length())
        .metadata(S3Values.metadata(body.putId()));
    if (sendsChecksums()) {
      request.checksumCRC32C(S3Values.checksum(body.crc32c()));
    }
    PutObjectResponse response = client.putObject(request.build(), S3Values.requestBody(body));
    counters.bytesSent.add(body.length());
    return proof.stored(key, body, response);
  }

  boolean sendsChecksums() {
    return dialect().checksum() != Dialect.Checksum.REJECTED;
  }

  private S3Upload upload(String key, ObjectBody body) {
    S3Upload upload = S3Upload.start(this, key);
    try {
      int number = 1;
      long partBytes = MultipartUpload.partBytes(body.length());
      for (long offset = 0; offset < body.length(); offset += partBytes) {
        upload.part(number++, body.slice(offset, Math.min(partBytes, body.length() - offset)));
      }
      return upload;
    } catch (RuntimeException e) {
      upload.close();
      throw e;
    }
  }

  @Override
  protected ObjectPage doList(String prefix, @Nullable String startAfter) {
    try {
      ListObjectsV2Response response =
          client.listObjectsV2(r -> {
            r.bucket(bucket())
                .prefix(location.prefix() + prefix)
                .maxKeys(ObjectStore.LIST_OBJECTS_MAX);
            if (startAfter != null) {
              r.startAfter(fullKey(startAfter));
            }
          });
      if (response.isTruncated() == null && response.keyCount() == null) {
        throw notAnswered("list", prefix);
      }
      List<ObjectInfo> objects = new ArrayList<>(response.contents().size());
      for (S3Object object : response.contents()) {
        if (!object.key().startsWith(location.prefix() + prefix)) {
          throw notAnswered("list", prefix);
        }
        objects.add(
            new ObjectInfo(
                object.key().substring(location.prefix().length()),
                object.size(),
                S3Values.etag(object.eTag()),
                object.lastModified() == null ? 0 : object.lastModified().toEpochMilli()));
      }
      return new ObjectPage(objects, Boolean.TRUE.equals(response.isTruncated()));
    } catch (SdkException e) {
      throw S3Errors.failed(this, "list", prefix, e);
    }
  }

  @Override
  protected DeleteResult doDelete(Set<String> keys) {
    Map<String, String> byFullKey = new LinkedHashMap<>();
    keys.forEach(key -> byFullKey.put(fullKey(key), key));
    List<ObjectIdentifier> objects =
        byFullKey.keySet().stream().map(k -> ObjectIdentifier.builder().key(k).build()).toList();
    try {
      DeleteObjectsResponse response =
          client.deleteObjects(r -> r.bucket(bucket()).delete(d -> d.objects(objects)));
      return S3Values.deleteResult(byFullKey, response);
    } catch (SdkException e) {
      throw S3Errors.failed(this, "delete", keys.iterator().next(), e);
    }
  }

  @Override
  protected MultipartUpload doStartUpload(String key) {
    return S3Upload.start(this, key);
  }

  @Override
  public long singlePutBytesMax() {
    return SINGLE_PUT_BYTES_MAX;
  }

  @Override
  public long abortStaleUploads(long olderThanMs) {
    return S3StaleUploads.abort(this, location.prefix(), olderThanMs);
  }

  @Override
  protected void doClose() {
    client.close();
  }

  @Override
  public String toString() {
    return location.toString();
  }
}
