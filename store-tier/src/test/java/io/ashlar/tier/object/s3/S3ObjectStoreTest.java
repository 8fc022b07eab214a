package io.ashlar.tier.object.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectKey;
import io.ashlar.tier.object.ObjectKeyException;
import io.ashlar.tier.object.ObjectNotFoundException;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreContractTest;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.PutResult;
import io.ashlar.tier.object.RequestCounts;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.gaul.s3proxy.blobstore.S3Exceptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;

@Tag("campaign")
class S3ObjectStoreTest extends ObjectStoreContractTest {
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
    return server.open("contract/" + PREFIXES.incrementAndGet());
  }

  @Override
  protected void putEmpty(List<String> keys) {
    keys.forEach(key -> server.putEmpty(((S3ObjectStore) store).fullKey(key)));
  }

  @AfterEach
  void clearHook() {
    server.blobs().clearHook();
  }

  @Test
  void shouldSeeNothingOfOtherPrefixes() {
    try (ObjectStore other = open()) {
      other.put("theirs", body("x"));
      store.put("ours", body("y"));
      assertThat(keys("")).containsExactly("ours");
    }
  }

  @Test
  void shouldRefuseAKeyThatIsTooLongWithItsPrefix() {
    String component = "c".repeat(ObjectKey.COMPONENT_BYTES_MAX);
    String key = String.join("/", component, component, component, component);
    assertThatThrownBy(() -> store.put(key, body("x"))).isInstanceOf(ObjectKeyException.class);
  }

  @Test
  void shouldNeverShowCredentials() {
    String secret = "wrongSecretThatMustNotShow";
    String identity = "AKIAWRONGIDENTITY000";
    try (ObjectStore wrong =
        S3ObjectStore.open(
            S3Location.parse(server.url("x")),
            StaticCredentialsProvider.create(AwsBasicCredentials.create(identity, secret)))) {
      assertThat(wrong.toString()).isEqualTo("s3://" + S3TestServer.BUCKET + "/x/");
      assertThatThrownBy(() -> wrong.put("k", body("x")))
          .isInstanceOfSatisfying(
              ObjectStoreException.class,
              e -> {
                assertThat(e.retryable()).isFalse();
                assertThat(e).hasMessageContaining("status=403");
                ByteArrayOutputStream trace = new ByteArrayOutputStream();
                PrintWriter writer = new PrintWriter(trace, true, StandardCharsets.UTF_8);
                e.printStackTrace(writer);
                assertThat(trace.toString(StandardCharsets.UTF_8))
                    .doesNotContain(secret)
                    .doesNotContain(identity);
              });
    }
  }

  @Test
  void shouldTellAMissingBucketFromAMissingObject() {
    String url = server.url("x").replace(S3TestServer.BUCKET, "no-such-bucket");
    try (ObjectStore wrong = S3ObjectStore.open(S3Location.parse(url), server.credentials())) {
      assertThatThrownBy(() -> wrong.get("k"))
          .isInstanceOf(ObjectStoreException.class)
          .isNotInstanceOf(ObjectNotFoundException.class)
          .hasMessageContaining("NoSuchBucket");
    }
  }

  @Test
  void shouldTellAServiceThatDoesNotAnswerAsRetryable() {
    try (ObjectStore nowhere =
        S3ObjectStore.open(
            S3Location.parse("s3://bucket/x?endpoint=http://127.0.0.1:9&pathStyle=true"),
            server.credentials())) {
      assertThatThrownBy(() -> nowhere.head("k"))
          .isInstanceOfSatisfying(
              ObjectStoreException.class, e -> assertThat(e.retryable()).isTrue());
    }
  }

  @Test
  void shouldCountEachAttemptOfAPutThatTheServerRefusesAtFirst() {
    AtomicInteger failures = new AtomicInteger(1);
    server
        .blobs()
        .hook(
            new LockedBlobStore.Hook() {
              @Override
              public void before(LockedBlobStore.Operation operation, String key) {
                if (operation == LockedBlobStore.Operation.PUT && failures.getAndDecrement() > 0) {
                  throw S3Exceptions.fromStatusCode(503);
                }
              }
            });
    RequestCounts before = store.requestCounts();
    store.put("retried", body("x"));
    assertThat(store.requestCounts().since(before).puts()).isEqualTo(2);
    assertThat(text("retried")).isEqualTo("x");
  }

  @Test
  void shouldHaveAnUploadThatWasDamagedRefused() {
    ObjectBody damaged =
        new ObjectBody() {
          @Override
          public long length() {
            return 3;
          }

          @Override
          public InputStream newStream() {
            return new ByteArrayInputStream(new byte[] {1, 2, 3});
          }

          @Override
          public int crc32c() {
            return 0x12345678;
          }
        };
    assertThatThrownBy(() -> store.put("damaged", damaged))
        .isInstanceOf(ObjectStoreException.class);
    assertThat(store.head("damaged")).isNull();
  }

  @Test
  void shouldTellARefusalThatMayBeItsOwnUnansweredAttempt() {
    AtomicInteger failures = new AtomicInteger(1);
    server
        .blobs()
        .hook(
            new LockedBlobStore.Hook() {
              @Override
              public void after(LockedBlobStore.Operation operation, String key) {
                if (operation == LockedBlobStore.Operation.PUT && failures.getAndDecrement() > 0) {
                  throw S3Exceptions.fromStatusCode(503);
                }
              }
            });
    assertThat(store.putIfAbsent("unanswered", body("mine")))
        .isEqualTo(new PutResult.Refused(true));
    assertThat(text("unanswered")).isEqualTo("mine");
    assertThat(store.putIfAbsent("unanswered", body("mine")))
        .isEqualTo(new PutResult.Refused(false));
  }

  @Test
  void shouldAbortInsteadOfDrainingWhenALargeContentIsClosedEarly() throws Exception {
    store.put("long", ObjectBody.of(new byte[8 << 20]));
    RequestCounts before = store.requestCounts();
    for (int i = 0; i < 100; i++) {
      try (ObjectContent content = store.get("long")) {
        assertThat(content.stream().read()).isZero();
      }
    }
    assertThat(store.requestCounts().since(before).bytesReceived()).isEqualTo(100);
    assertThat(store.deleteAll(List.of("long")).failed()).isEmpty();
  }
}
