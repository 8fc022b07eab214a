package io.ashlar.tier.object;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.tier.object.probe.DialectProbe;
import io.ashlar.tier.object.retry.RetryingObjectStore;
import io.ashlar.tier.object.s3.S3ObjectStore;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The contract of {@link ObjectStore}; every implementation runs it: in memory, a directory, S3
 * over real HTTP with signatures (the test server S3Proxy), and S3 within a {@link
 * RetryingObjectStore}.
 *
 * <p>What differs, and is therefore not in the contract:
 *
 * <table>
 *   <caption>Differences</caption>
 *   <tr><th></th><th>memory</th><th>directory</th><th>S3 (test server)</th></tr>
 *   <tr><td>etag</td><td>a counter</td><td>inode, time, length: changes when equal bytes are
 *       written again</td><td>MD5: equal bytes have equal etags, so a put-if-match cannot tell
 *       them</td></tr>
 *   <tr><td>put id kept beside the object</td><td>yes</td><td>no: bytes are compared</td>
 *       <td>yes, as metadata; not in listings</td></tr>
 *   <tr><td>a key that is another's leading path</td><td>both stay</td><td>the second is refused
 *       </td><td>both stay</td></tr>
 *   <tr><td>order of listed keys</td><td>UTF-8</td><td>UTF-8</td><td>the test server sorts by
 *       UTF-16, which differs for supplementary characters only; S3 itself by UTF-8</td></tr>
 *   <tr><td>a content that was opened while the object is replaced</td><td>the old version</td>
 *       <td>the old version</td><td>whatever the service sends; a resumed one compares etags</td>
 *       </tr>
 *   <tr><td>put-if-match of two writers at once</td><td>one stores</td><td>one stores</td>
 *       <td>the test server asks and writes then; {@code LockedBlobStore} locks the key</td></tr>
 *   <tr><td>put-if-match of an absent object</td><td>refused</td><td>refused</td><td>404, taken for
 *       refused</td></tr>
 *   <tr><td>a damaged body</td><td>not noticed</td><td>not noticed</td><td>refused by its
 *       CRC-32C; some services ignore or reject that ({@link DialectProbe})</td></tr>
 *   <tr><td>longest key</td><td>1024 bytes</td><td>255 a component</td><td>1024 with its prefix
 *       </td></tr>
 *   <tr><td>a body that ends early</td><td colspan="2">fails before anything is sent</td><td>the
 *       client breaks the request off; nothing is stored</td></tr>
 *   <tr><td>uploads that nobody completed</td><td>gone with the process</td><td>temporary files
 *       that no listing shows</td><td>stay and cost; {@link ObjectStore#abortStaleUploads}</td></tr>
 * </table>
 */
public abstract class ObjectStoreContractTest extends ConditionalPutContract {
  @Test
  void shouldReadBackWhatWasPut() {
    PutResult.Stored stored = store.put("a/b", body("hello"));

    assertThat(text("a/b")).isEqualTo("hello");
    try (ObjectContent content = store.get("a/b")) {
      assertThat(content.length()).isEqualTo(5);
      assertThat(content.object().length()).isEqualTo(5);
      assertThat(content.object().key()).isEqualTo("a/b");
      assertThat(content.object().etag()).isEqualTo(stored.etag());
    }
  }

  @Test
  void shouldReplaceOnPut() {
    String first = store.put("k", body("one")).etag();
    String second = store.put("k", body("two!")).etag();

    assertThat(text("k")).isEqualTo("two!");
    assertThat(second).isNotEqualTo(first);
  }

  @Test
  void shouldHoldAnEmptyObject() {
    store.put("empty", body(""));

    assertThat(text("empty")).isEmpty();
    assertThat(info("empty").length()).isZero();
    assertThatThrownBy(() -> store.get("empty", 0, 1)).isInstanceOf(ObjectStoreException.class);
  }

  @Test
  void shouldTellAnAbsentObjectByType() {
    assertThat(store.head("absent")).isNull();
    assertThatThrownBy(() -> store.get("absent"))
        .isInstanceOfSatisfying(
            ObjectNotFoundException.class,
            e -> {
              assertThat(e.key()).isEqualTo("absent");
              assertThat(e.retryable()).isFalse();
            })
        .hasMessageContaining("absent");
    assertThatThrownBy(() -> store.get("absent", 3, 4)).isInstanceOf(ObjectNotFoundException.class);
  }

  @Test
  void shouldNotTakeALeadingPathForAnObject() {
    store.put("a/b/c", body("x"));

    assertThat(store.head("a/b")).isNull();
    assertThat(store.head("a/b/c/d")).isNull();
    assertThatThrownBy(() -> store.get("a/b")).isInstanceOf(ObjectNotFoundException.class);
    assertThatThrownBy(() -> store.get("a/b/c/d")).isInstanceOf(ObjectNotFoundException.class);
  }

  @Test
  void shouldReadRanges() throws IOException {
    store.put("r", body("0123456789"));

    assertThat(range("r", 0, 4)).isEqualTo("0123");
    assertThat(range("r", 3, 1)).isEqualTo("3");
    assertThat(range("r", 8, 100)).isEqualTo("89");
    assertThat(range("r", 9, Long.MAX_VALUE)).isEqualTo("9");
    try (ObjectContent content = store.get("r", 2, 3)) {
      assertThat(content.length()).isEqualTo(3);
      assertThat(content.object().length()).isEqualTo(10);
    }
    assertThatThrownBy(() -> store.get("r", 10, 1))
        .isInstanceOfSatisfying(
            ObjectStoreException.class, e -> assertThat(e.retryable()).isFalse());
    assertThatThrownBy(() -> store.get("r", -1, 1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store.get("r", 0, 0)).isInstanceOf(IllegalArgumentException.class);
  }

  private String range(String key, long offset, long length) throws IOException {
    try (ObjectContent content = store.get(key, offset, length)) {
      return new String(content.stream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void shouldMoveBodiesBetweenNativeSegments() {
    long length = 3_000_001;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment source = random(arena, length, 7);
      store.put("native", ObjectBody.of(source));

      MemorySegment whole = arena.allocate(length);
      ObjectInfo info = store.get("native", 0, whole);
      assertThat(info.length()).isEqualTo(length);
      assertThat(whole.mismatch(source)).isEqualTo(-1);

      MemorySegment part = arena.allocate(1_000);
      store.get("native", 2_000_000, part);
      assertThat(part.mismatch(source.asSlice(2_000_000, 1_000))).isEqualTo(-1);

      assertThatThrownBy(() -> store.get("native", length - 10, arena.allocate(11)))
          .isInstanceOf(ObjectStoreException.class);
    }
  }

  @Tag("campaign")
  @Test
  void shouldHoldAnObjectAboveTheMultipartThreshold() {
    long length = S3ObjectStore.SINGLE_PUT_BYTES_MAX + 5_000_003;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment source = random(arena, length, 8);
      assertThat(store.putIfAbsent("large", ObjectBody.of(source)).stored()).isTrue();
      assertThat(store.putIfAbsent("large", ObjectBody.of(source)).stored()).isFalse();
      String etag = store.put("large", ObjectBody.of(source)).etag();

      MemorySegment target = arena.allocate(length);
      assertThat(store.get("large", 0, target).etag()).isEqualTo(etag);
      assertThat(target.mismatch(source)).isEqualTo(-1);
    }
  }

  private static MemorySegment random(Arena arena, long length, long seed) {
    MemorySegment bytes = arena.allocate(length);
    Random random = new Random(seed);
    for (long i = 0; i + Long.BYTES <= length; i += Long.BYTES) {
      bytes.set(ValueLayout.JAVA_LONG_UNALIGNED, i, random.nextLong());
    }
    return bytes;
  }

  @Test
  void shouldListInByteOrderOfKeys() {
    List<String> keys =
        List.of("a.txt", "a/1", "a/2/x", "a/2.x", "a0", "b", "é", "\uD83D\uDE00", "Z", "a%41");

    keys.forEach(key -> store.put(key, body(key)));

    List<String> sorted = new ArrayList<>(keys);
    sorted.sort(ObjectKey::compare);
    assertThat(keys("")).isEqualTo(sorted);
    assertThat(keys("a/")).containsExactly("a/1", "a/2.x", "a/2/x");
    assertThat(keys("a/2")).containsExactly("a/2.x", "a/2/x");
    assertThat(keys("a")).containsExactly("a%41", "a.txt", "a/1", "a/2.x", "a/2/x", "a0");
    assertThat(keys("nothing")).isEmpty();
    assertThat(keys("no/such/place/")).isEmpty();
    assertThat(store.list("a/", "a/1").objects())
        .extracting(ObjectInfo::key)
        .containsExactly("a/2.x", "a/2/x");
    assertThat(store.list("", "a/2.y").objects().getFirst().key()).isEqualTo("a/2/x");
    assertThat(text("\uD83D\uDE00")).isEqualTo("\uD83D\uDE00");
  }

  /** Makes many empty objects, where that needs no request for each. */
  protected void putEmpty(List<String> keys) throws Exception {
    concurrently(writer -> {
      for (int i = writer; i < keys.size(); i += WRITERS) {
        store.put(keys.get(i), body(""));
      }
      return true;
    });
  }

  @Test
  void shouldPageThroughAListing() throws Exception {
    int count = ObjectStore.LIST_OBJECTS_MAX + 5;
    List<String> put = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      put.add(String.format("page/%05d", i));
    }
    putEmpty(put);
    ObjectPage first = store.list("page/", null);
    assertThat(first.objects()).hasSize(ObjectStore.LIST_OBJECTS_MAX);
    assertThat(first.more()).isTrue();
    ObjectPage second = store.list("page/", first.objects().getLast().key());
    assertThat(second.objects()).hasSize(5);
    assertThat(second.more()).isFalse();

    long listsBefore = store.requestCounts().lists();
    List<String> keys = keys("page/");
    assertThat(keys).hasSize(count).isSorted().doesNotHaveDuplicates();
    assertThat(store.requestCounts().lists() - listsBefore).isEqualTo(2);

    assertThat(store.deleteAll(keys.subList(0, ObjectStore.DELETE_KEYS_MAX)).failed()).isEmpty();
    assertThat(keys("page/")).hasSize(5);
  }

  @Test
  void shouldDeleteInBulkAndCountAnAbsentKeyAsDeleted() {
    store.put("d/1", body("1"));
    store.put("d/2", body("2"));
    store.put("d/3", body("3"));

    DeleteResult result = store.deleteAll(List.of("d/1", "d/absent", "d/3"));
    assertThat(result.deleted()).containsExactlyInAnyOrder("d/1", "d/absent", "d/3");
    assertThat(result.failed()).isEmpty();
    assertThat(keys("d/")).containsExactly("d/2");

    assertThat(store.deleteAll(List.of()).deleted()).isEmpty();
    List<String> tooMany = new ArrayList<>();
    for (int i = 0; i <= ObjectStore.DELETE_KEYS_MAX; i++) {
      tooMany.add("d/" + i);
    }
    assertThatThrownBy(() -> store.deleteAll(tooMany)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void shouldShowAnUploadOnlyWhenItIsComplete() {
    byte[] first = new byte[(int) MultipartUpload.PART_BYTES_MIN];
    new Random(3).nextBytes(first);
    try (MultipartUpload upload = store.startUpload("parts")) {
      upload.part(2, body("tail"));
      upload.part(1, ObjectBody.of(first));
      assertThat(store.head("parts")).isNull();
      assertThat(keys("")).isEmpty();
      upload.complete();
    }
    assertThat(info("parts").length()).isEqualTo(first.length + 4);
    assertThat(rangeOrFail("parts", first.length, 4)).isEqualTo("tail");
  }

  private String rangeOrFail(String key, long offset, long length) {
    try {
      return range(key, offset, length);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void shouldRefuseToCompleteAnUploadOverAnObject() {
    store.put("taken", body("old"));
    try (MultipartUpload upload = store.startUpload("taken")) {
      upload.part(1, body("new"));
      assertThat(upload.completeIfAbsent().stored()).isFalse();
    }
    assertThat(text("taken")).isEqualTo("old");
    try (MultipartUpload upload = store.startUpload("free")) {
      upload.part(1, body("new"));
      assertThat(upload.completeIfAbsent().stored()).isTrue();
    }
    assertThat(text("free")).isEqualTo("new");
  }

  @Test
  void shouldLeaveNothingOfAnAbortedUpload() {
    try (MultipartUpload upload = store.startUpload("gone")) {
      upload.part(1, body("x"));
      assertThatThrownBy(() -> upload.part(0, body("x")))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(store.head("gone")).isNull();
    assertThat(keys("")).isEmpty();
  }

  @Test
  void shouldCountRequestsAndBytes() throws IOException {
    RequestCounts before = store.requestCounts();
    store.put("c", body("12345"));
    store.putIfAbsent("c", body("1234567"));
    store.head("c");
    text("c");
    range("c", 1, 2);
    keys("");
    store.deleteAll(List.of("c", "d"));

    RequestCounts counts = store.requestCounts().since(before);
    assertThat(counts.puts()).isEqualTo(2);
    assertThat(counts.heads()).isEqualTo(1);
    assertThat(counts.gets()).isEqualTo(2);
    assertThat(counts.lists()).isEqualTo(1);
    assertThat(counts.deletes()).isEqualTo(1);
    assertThat(counts.bytesSent()).isBetween(5L, 12L);
    assertThat(counts.bytesReceived()).isEqualTo(7);
    assertThat(counts.requests()).isEqualTo(7);
  }

  @Test
  void shouldFailAPutWhoseBodyEndsEarlyAndKeepTheOldObject() {
    store.put("torn", body("old"));
    ObjectBody torn =
        new ObjectBody() {
          @Override
          public long length() {
            return 100;
          }

          @Override
          public InputStream newStream() {
            return InputStream.nullInputStream();
          }
        };
    assertThatThrownBy(() -> store.put("torn", torn)).isInstanceOf(ObjectStoreException.class);
    assertThat(text("torn")).isEqualTo("old");
  }

  @ParameterizedTest
  @MethodSource("io.ashlar.tier.object.ObjectKeyTest#badKeys")
  void shouldRefuseABadKeyBeforeAnyRequest(String key) {
    RequestCounts before = store.requestCounts();
    assertThatThrownBy(() -> store.get(key)).isInstanceOf(ObjectKeyException.class);
    assertThatThrownBy(() -> store.get(key, 0, 1)).isInstanceOf(ObjectKeyException.class);
    assertThatThrownBy(() -> store.head(key)).isInstanceOf(ObjectKeyException.class);
    assertThatThrownBy(() -> store.put(key, body("x"))).isInstanceOf(ObjectKeyException.class);
    assertThatThrownBy(() -> store.putIfAbsent(key, body("x")))
        .isInstanceOf(ObjectKeyException.class);
    assertThatThrownBy(() -> store.putIfMatch(key, body("x"), "e"))
        .isInstanceOf(ObjectKeyException.class);
    assertThatThrownBy(() -> store.deleteAll(List.of("fine", key)))
        .isInstanceOf(ObjectKeyException.class);
    assertThatThrownBy(() -> store.startUpload(key)).isInstanceOf(ObjectKeyException.class);
    assertThat(store.requestCounts()).isEqualTo(before);
  }

  @Test
  void shouldTakeTheLongestKeyThatTheRulesAllow() {
    String component = "c".repeat(ObjectKey.COMPONENT_BYTES_MAX);
    String key = component + "/" + component + "/" + component;
    store.put(key, body("long"));
    assertThat(text(key)).isEqualTo("long");
    assertThat(keys("")).containsExactly(key);
  }

  @Test
  void shouldRefuseUseAfterClose() {
    store.close();
    store.close();
    assertThatThrownBy(() -> store.head("k")).isInstanceOf(IllegalStateException.class);
  }
}
