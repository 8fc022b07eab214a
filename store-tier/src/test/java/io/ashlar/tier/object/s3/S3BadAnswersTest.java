package io.ashlar.tier.object.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.tier.Campaign;
import io.ashlar.tier.object.FailureKind;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.MultipartUpload;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.PutResult;
import io.ashlar.tier.object.probe.Dialect;
import io.ashlar.tier.object.probe.DialectProbe;
import io.ashlar.tier.object.retry.RetryPolicy;
import io.ashlar.tier.object.retry.RetryingObjectStore;
import io.ashlar.tier.object.s3.S3Front.Bad;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A success is only what the server proved; over real HTTP. */
@Tag("campaign")
class S3BadAnswersTest {
  static final RetryPolicy QUICK = new RetryPolicy(1, 5, 10, 10_000, 10_000, 10_000, 10_000);

  private static S3Front front;
  private InMemoryObjectStore below;
  private ObjectStore once;
  private ObjectStore retrying;

  @BeforeAll
  static void start() throws IOException {
    front = S3Front.start();
  }

  @AfterAll
  static void stop() {
    front.close();
  }

  @BeforeEach
  void open() {
    below = front.renew();
    front.tellsChecksums(true);
    once = front.openOnce();
    retrying = RetryingObjectStore.builder(front.openOnce()).policy(QUICK).build();
  }

  @AfterEach
  void close() {
    once.close();
    retrying.close();
  }

  private static ObjectBody body(String text) {
    return ObjectBody.of(text.getBytes(StandardCharsets.UTF_8));
  }

  /** The next request that begins so is answered badly. */
  private static void badOnce(String request, Bad bad) {
    AtomicInteger left = new AtomicInteger(1);
    front.fault(text -> text.startsWith(request) && left.getAndDecrement() > 0 ? bad : Bad.NO);
  }

  private String text(String key) {
    try (ObjectContent content = below.get(key)) {
      return new String(content.stream().readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static String etag(PutResult result) {
    return ((PutResult.Stored) result).etag();
  }

  @ParameterizedTest
  @EnumSource(names = {"NOTHING_IN_200", "ERROR_IN_200", "PAGE_IN_200"})
  void shouldNotTakeAnAnswerWithoutProofForAPut(Bad bad) {
    for (boolean checksums : new boolean[] {true, false}) {
      front.tellsChecksums(checksums);
      badOnce("PUT", bad);
      assertThatThrownBy(() -> once.put("once", body("x")))
          .isInstanceOfSatisfying(
              ObjectStoreException.class,
              e -> assertThat(e.kind()).isEqualTo(FailureKind.UNANSWERED));
      assertThat(below.head("once")).isNull();

      assertStoresThreeTimes(bad);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"NO_ETAG", "STORED_SHORT", "STORED_WRONG"})
  void shouldProveWhatWasStoredOrReplaceIt(Bad bad) {
    for (boolean checksums : new boolean[] {true, false}) {
      front.tellsChecksums(checksums);
      // From one that was stored well it is known whether etags are MD5s.
      assertThat(once.put("first", body("hello")).etag()).isNotEmpty();
      assertThat(retrying.put("first", body("hello")).etag()).isNotEmpty();
      badOnce("PUT", bad);
      if (bad == Bad.NO_ETAG) {
        assertThat(once.put("once", body("hello")).etag()).isEqualTo(etagBelow("once"));
      } else {
        assertThatThrownBy(() -> once.put("once", body("hello")))
            .isInstanceOfSatisfying(
                ObjectStoreException.class,
                e -> assertThat(e.kind()).isEqualTo(FailureKind.UNANSWERED));
      }
      assertStoresThreeTimes(bad);
    }
  }

  private String etagBelow(String key) {
    return front.openOnce().listAll(key).findFirst().orElseThrow().etag();
  }

  private void assertStoresThreeTimes(Bad bad) {
    var _ = below.deleteAll(List.of("k"));
    badOnce("PUT", bad);
    retrying.put("k", body("one"));
    assertThat(text("k")).isEqualTo("one");

    var _ = below.deleteAll(List.of("k"));
    badOnce("PUT", bad);
    String etag = etag(retrying.putIfAbsent("k", body("two")));
    assertThat(text("k")).isEqualTo("two");
    assertThat(etag).isEqualTo(etagBelow("k"));
    assertThat(retrying.putIfAbsent("k", body("other")).stored()).isFalse();

    badOnce("PUT", bad);
    assertThat(retrying.putIfMatch("k", body("three"), etag).stored()).isTrue();
    assertThat(text("k")).isEqualTo("three");
    assertThat(retrying.putIfMatch("k", body("four"), etag).stored()).isFalse();
    assertThat(text("k")).isEqualTo("three");
  }

  /** Where nothing tells checksums, a body of another length is still found by a HEAD. */
  @Test
  void shouldFindAShortBodyWhereNoEtagWasAnMd5Before() {
    front.tellsChecksums(false);
    badOnce("PUT", Bad.STORED_SHORT);
    assertThat(etag(retrying.putIfAbsent("k", body("first of all")))).isNotEmpty();
    assertThat(text("k")).isEqualTo("first of all");
  }

  @Test
  void shouldNotReplaceAnothersObjectThatIsFoundAfterAnAnswerWithoutProof() {
    below.put("k", body("another's"));
    badOnce("PUT", Bad.NOTHING_IN_200);
    assertThat(retrying.putIfAbsent("k", body("ours"))).isEqualTo(new PutResult.Refused(false));
    assertThat(text("k")).isEqualTo("another's");
  }

  @ParameterizedTest
  @EnumSource(names = {"NOTHING_IN_200", "ERROR_IN_200", "NO_ETAG", "STORED_SHORT", "STORED_WRONG"})
  void shouldWriteAPartAgainThatNothingProves(Bad bad) {
    byte[] first = new byte[(int) MultipartUpload.PART_BYTES_MIN];
    new Random(5).nextBytes(first);
    try (MultipartUpload upload = retrying.startUpload("large")) {
      badOnce("PART", bad);
      upload.part(1, ObjectBody.of(first));
      upload.part(2, body("tail"));
      upload.complete();
    }
    assertThat(front.requests()).filteredOn(r -> r.startsWith("PART")).hasSize(3);
    byte[] whole = Arrays.copyOf(first, first.length + 4);
    System.arraycopy("tail".getBytes(StandardCharsets.UTF_8), 0, whole, first.length, 4);
    assertThat(bytes("large")).isEqualTo(whole);
  }

  private byte[] bytes(String key) {
    try (ObjectContent content = below.get(key)) {
      return content.stream().readAllBytes();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"NOTHING_IN_200", "ERROR_IN_200", "PAGE_IN_200"})
  void shouldCompleteAnUploadAgainThatNothingProves(Bad bad) {
    for (String request : List.of("START", "COMPLETE")) {
      try (MultipartUpload upload = started(request, bad)) {
        upload.part(1, body("all"));
        badOnce(request.equals("COMPLETE") ? request : "none", bad);
        assertThat(upload.completeIfAbsent().stored()).isTrue();
      }
      assertThat(text(request)).isEqualTo("all");
    }
  }

  private MultipartUpload started(String request, Bad bad) {
    badOnce(request.equals("START") ? request : "none", bad);
    return retrying.startUpload(request);
  }

  /** A part that was stored short is found at the latest when the whole is asked for. */
  @Test
  void shouldNotCallAnUploadCompleteThatIsShort() {
    front.tellsChecksums(false);
    MultipartUpload upload = once.startUpload("large");
    badOnce("PART", Bad.STORED_SHORT);
    upload.part(1, body("only part"));
    assertThatThrownBy(upload::complete)
        .isInstanceOf(ObjectStoreException.class)
        .hasMessageContaining("without proof");
  }

  @ParameterizedTest
  @EnumSource(names = {"NOTHING_IN_200", "ERROR_IN_200", "PAGE_IN_200", "NO_RANGE"})
  void shouldNotTakeAnAnswerOfSomethingElseForARead(Bad bad) throws IOException {
    below.put("a/k", body("0123456789"));
    badOnce("GET", bad);
    try (ObjectContent content = retrying.get("a/k", 3, 4)) {
      assertThat(new String(content.stream().readAllBytes(), StandardCharsets.UTF_8))
          .isEqualTo("3456");
      assertThat(content.object().length()).isEqualTo(10);
    }
    badOnce("GET", bad);
    try (ObjectContent content = retrying.get("a/k")) {
      assertThat(content.stream().readAllBytes()).hasSize(10);
    }
    badOnce("HEAD", bad);
    assertThat(retrying.head("a/k")).isNotNull();
    badOnce("HEAD", bad);
    assertThat(retrying.head("a/absent")).isNull();
    badOnce("LIST", bad);
    assertThat(retrying.listAll("a/").map(ObjectInfo::key)).containsExactly("a/k");
    badOnce("DELETES", bad);
    assertThat(retrying.deleteAll(List.of("a/k")).failed()).isEmpty();
    assertThat(below.head("a/k")).isNull();
  }

  @Test
  void shouldForbidCachesToAnswer() throws IOException {
    below.put("k", body("x"));
    once.get("k").close();
    assertThat(once.head("k")).isNotNull();
    assertThat(once.list("", null).objects()).hasSize(1);
    assertThat(front.cacheControls()).containsExactly("no-cache", "no-cache", "no-cache");
  }

  /** Whatever request of the probe it is: a verdict holds for the life of the process. */
  @Test
  void shouldProbeTheSameDialectWithOneBadAnswer() {
    Dialect right = DialectProbe.probe(once);
    assertThat(right.fitForSeveralWriters() && right.comparesAndSets()).isTrue();
    int requests = front.requests().size();
    Bad[] bad = {Bad.NOTHING_IN_200, Bad.ABSENT, Bad.WRONG};
    int stride = Campaign.stride("test.stride", 11);
    for (int at = 1; at <= requests; at += stride) {
      AtomicInteger number = new AtomicInteger();
      int victim = at;
      Bad what = bad[at / stride % bad.length];
      front.fault(text -> number.incrementAndGet() == victim ? what : Bad.NO);
      Dialect found = DialectProbe.probe(once);
      assertThat(found.putIfAbsent()).as("%s at %s", what, at).isEqualTo(right.putIfAbsent());
      assertThat(found.putIfMatch()).as("%s at %s", what, at).isEqualTo(right.putIfMatch());
      assertThat(found.checksum()).as("%s at %s", what, at).isEqualTo(right.checksum());
    }
  }
}
