package io.ashlar.tier.object.s3;

import io.ashlar.tier.ObjectStores;
import io.ashlar.tier.object.retry.RetryPolicy;
import io.ashlar.tier.object.retry.RetryingObjectStore;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.nio2blob.TransientNio2BlobStore;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;

/**
 * An S3 service in this process: real HTTP on a free port of the loopback interface, real
 * signatures, objects in memory. Its credentials are made up and open nothing else.
 */
public final class S3TestServer implements AutoCloseable {
  /** The bucket that exists from the start. */
  public static final String BUCKET = "ashlar-test";

  private static final String ACCESS_KEY_ID = "test-identity";
  private static final String SECRET_KEY = "test-credential";

  private final LockedBlobStore blobs;
  private final S3Proxy proxy;

  private S3TestServer(LockedBlobStore blobs, S3Proxy proxy) {
    this.blobs = blobs;
    this.proxy = proxy;
  }

  /** Starts a server; close it. */
  public static S3TestServer start() throws Exception {
    SdkLogging.quietWithoutProvider();
    LockedBlobStore blobs = new LockedBlobStore(new TransientNio2BlobStore());
    blobs.createContainer(BUCKET);
    S3Proxy proxy =
        S3Proxy.builder()
            .blobStore(blobs)
            .endpoint(URI.create("http://127.0.0.1:0"))
            .awsAuthentication(AuthenticationType.AWS_V4, ACCESS_KEY_ID, SECRET_KEY)
            .build();
    proxy.start();
    return new S3TestServer(blobs, proxy);
  }

  /** Where it listens. */
  public URI endpoint() {
    return URI.create("http://127.0.0.1:" + proxy.getPort());
  }

  /** A URL for {@link ObjectStores#open} below {@code prefix} of the bucket. */
  public String url(String prefix) {
    return "s3://" + BUCKET + "/" + prefix + "?endpoint=" + endpoint() + "&pathStyle=true";
  }

  /** A store below {@code prefix}, with this server's credentials. */
  public S3ObjectStore open(String prefix) {
    return S3ObjectStore.open(S3Location.parse(url(prefix)), credentials());
  }

  /** The same, as {@link ObjectStores#open} wraps it. */
  public RetryingObjectStore openRetrying(String prefix, RetryPolicy policy) {
    return RetryingObjectStore.builder(
            S3ObjectStore.openSingleAttempt(S3Location.parse(url(prefix)), credentials()))
        .policy(policy)
        .build();
  }

  /** The made-up credentials. */
  public AwsCredentialsProvider credentials() {
    return StaticCredentialsProvider.create(AwsBasicCredentials.create(ACCESS_KEY_ID, SECRET_KEY));
  }

  /** Makes an empty object without a request. */
  void putEmpty(String fullKey) {
    var _ =
        blobs.putBlob(
            PutObjectRequest.builder().bucket(BUCKET).key(fullKey).contentLength(0L).build(),
            InputStream.nullInputStream());
  }

  /** The storage behind it, for faults. */
  public LockedBlobStore blobs() {
    return blobs;
  }

  @Override
  public void close() {
    try {
      proxy.stop();
    } catch (Exception e) {
      throw new IllegalStateException("the test server did not stop", e);
    }
  }

  /**
   * Runs a server until it is killed: prints its endpoint, bucket and credentials as shell
   * variables, to standard output or, with an argument, to that file.
   */
  @SuppressWarnings("SystemOut")
  public static void main(String[] args) throws Exception {
    try (S3TestServer server = start()) {
      String variables =
          "ASHLAR_S3_URL='"
              + server.url("demo")
              + "'\nAWS_ACCESS_KEY_ID="
              + ACCESS_KEY_ID
              + "\nAWS_SECRET_ACCESS_KEY="
              + SECRET_KEY
              + "\n";
      if (args.length == 0) {
        System.out.print(variables);
      } else {
        Path target = Path.of(args[0]);
        Path whole = target.resolveSibling(target.getFileName() + ".part");
        Files.writeString(whole, variables);
        Files.move(whole, target);
      }
      new CountDownLatch(1).await();
    }
  }
}
