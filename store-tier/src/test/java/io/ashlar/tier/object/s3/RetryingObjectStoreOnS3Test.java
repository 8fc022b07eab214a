package io.ashlar.tier.object.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.tier.ObjectStores;
import io.ashlar.tier.object.MultipartUpload;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreContractTest;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.RequestCounts;
import io.ashlar.tier.object.retry.RetryPolicy;
import io.ashlar.tier.object.retry.RetryingObjectStore;
import io.ashlar.tier.object.retry.StoreUsage;
import io.ashlar.tier.object.s3.LockedBlobStore.Operation;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.gaul.s3proxy.blobstore.S3Exceptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The contract over real HTTP, as {@link ObjectStores#open} gives it, and with faults. */
@Tag("campaign")
class RetryingObjectStoreOnS3Test extends ObjectStoreContractTest {
  private static final RetryPolicy QUICK =
      new RetryPolicy(1, 5, 10, 10_000, 10_000, 10_000, 10_000);
  private static final AtomicInteger PREFIXES = new AtomicInteger();
  private static S3TestServer server;

  @BeforeAll
  static void startServer() throws Exception {
    server = S3TestServer.start();
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  @Override
  protected ObjectStore open() {
    return server.openRetrying("retrying/" + PREFIXES.incrementAndGet(), QUICK);
  }

  @Override
  protected void putEmpty(List<String> keys) {
    S3ObjectStore plain = (S3ObjectStore) ((RetryingObjectStore) store).repeated();
    keys.forEach(key -> server.putEmpty(plain.fullKey(key)));
  }

  @AfterEach
  void clearHook() {
    server.blobs().clearHook();
  }

  private StoreUsage usage() {
    return ((RetryingObjectStore) store).usage();
  }

  /** Answers the first {@code times} of an operation with a status, applied or not. */
  private static void fail(int times, Operation failing, int status, boolean applied) {
    AtomicInteger left = new AtomicInteger(times);
    server
        .blobs()
        .hook(
            new LockedBlobStore.Hook() {
              @Override
              public void before(Operation operation, String key) {
                if (!applied && operation == failing && left.getAndDecrement() > 0) {
                  throw S3Exceptions.fromStatusCode(status);
                }
              }

              @Override
              public void after(Operation operation, String key) {
                if (applied && operation == failing && left.getAndDecrement() > 0) {
                  throw S3Exceptions.fromStatusCode(status);
                }
              }
            });
  }

  @Test
  void shouldRecogniseItsOwnPutByItsIdOverHttp() {
    for (int status : new int[] {500, 503}) {
      fail(1, Operation.PUT, status, true);
      RequestCounts before = store.requestCounts();
      assertThat(store.putIfAbsent("applied" + status, body("mine")).stored()).isTrue();
      RequestCounts used = store.requestCounts().since(before);
      assertThat(used.puts()).isEqualTo(1);
      assertThat(used.heads()).isEqualTo(1); // the id tells, no byte is read back
      assertThat(used.gets()).isZero();
      assertThat(store.putIfAbsent("applied" + status, body("mine")).stored()).isFalse();
    }
  }

  @Test
  void shouldNotTakeAConflictForExistsOverHttp() {
    fail(2, Operation.PUT, 409, false);
    assertThat(store.putIfAbsent("conflict", body("mine")).stored()).isTrue();
    fail(2, Operation.PUT, 409, false);
    String etag = info("conflict").etag();
    assertThat(store.putIfMatch("conflict", body("next"), etag).stored()).isTrue();
    assertThat(text("conflict")).isEqualTo("next");
  }

  @Test
  void shouldSlowDownWhenTheServerSaysSo() {
    fail(2, Operation.LIST, 503, false);
    assertThat(keys("")).isEmpty();
    assertThat(usage().retries()).isEqualTo(2);
    fail(Integer.MAX_VALUE, Operation.GET, 503, false);
    assertThatThrownBy(() -> store.get("k"))
        .isInstanceOfSatisfying(ObjectStoreException.class, e -> assertThat(e.retryable()).isTrue())
        .hasMessageContaining("attempts=10");
    assertThat(usage().throttled()).isGreaterThan(0);
    assertThat(usage().concurrency()).isLessThan(64);
  }

  @Test
  void shouldRepeatOnlyThePartThatFailedAndSettleTheCompletion() {
    ObjectBody large = ObjectBody.of(new byte[(int) S3ObjectStore.SINGLE_PUT_BYTES_MAX + 1]);
    fail(1, Operation.PART, 500, false);
    RequestCounts before = store.requestCounts();
    store.put("large", large);
    // Start, three parts, one of them again, completion.
    assertThat(store.requestCounts().since(before).puts()).isEqualTo(6);
    assertThat(info("large").length()).isEqualTo(large.length());

    fail(1, Operation.COMPLETE, 500, true);
    assertThat(store.putIfAbsent("large2", large).stored()).isTrue();
    assertThat(store.putIfAbsent("large2", large).stored()).isFalse();
  }

  @Test
  void shouldAbortTheUploadThatFailsAndThoseThatACrashLeft() {
    S3ObjectStore plain = (S3ObjectStore) ((RetryingObjectStore) store).repeated();
    String prefix = plain.fullKey("x").replaceFirst("x$", "");
    ObjectBody large = ObjectBody.of(new byte[(int) S3ObjectStore.SINGLE_PUT_BYTES_MAX + 1]);
    fail(Integer.MAX_VALUE, Operation.PART, 403, false);
    assertThatThrownBy(() -> store.put("large", large)).isInstanceOf(ObjectStoreException.class);
    server.blobs().clearHook();
    Instant later = Instant.now().plusSeconds(3600);
    assertThat(S3StaleUploads.abortBefore(plain, prefix, later)).isZero();

    MultipartUpload forgotten = store.startUpload("forgotten");
    forgotten.part(1, body("x"));
    assertThat(store.abortStaleUploads(3_600_000)).isZero(); // it may be in progress
    assertThatThrownBy(() -> store.abortStaleUploads(1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(S3StaleUploads.abortBefore(plain, prefix, later)).isEqualTo(1);
    assertThat(S3StaleUploads.abortBefore(plain, prefix, later)).isZero();
  }
}
