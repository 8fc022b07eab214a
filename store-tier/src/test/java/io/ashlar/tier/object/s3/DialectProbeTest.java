package io.ashlar.tier.object.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.tier.object.FailureKind;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.directory.FileObjectStore;
import io.ashlar.tier.object.probe.Dialect;
import io.ashlar.tier.object.probe.Dialect.Checksum;
import io.ashlar.tier.object.probe.Dialect.ConditionalDelete;
import io.ashlar.tier.object.probe.Dialect.PutIfAbsent;
import io.ashlar.tier.object.probe.Dialect.PutIfMatch;
import io.ashlar.tier.object.probe.DialectProbe;
import io.ashlar.tier.object.retry.RetryingObjectStore;
import io.ashlar.tier.object.s3.DialectServer.Flaw;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DialectProbeTest {
  private static ObjectBody body(String text) {
    return ObjectBody.of(text.getBytes(StandardCharsets.UTF_8));
  }

  private static RetryingObjectStore open(DialectServer server, String parameters) {
    return S3ObjectStore.openRetrying(
        S3Location.parse(server.url("p") + parameters), DialectServer.credentials());
  }

  private static Dialect probe(Flaw... flaws) throws Exception {
    try (DialectServer server = DialectServer.start(flaws);
        ObjectStore store = open(server, "")) {
      Dialect dialect = DialectProbe.probe(store);
      assertThat(server.keys()).isEmpty();
      return dialect;
    }
  }

  @Tag("campaign")
  @Test
  void shouldFindTheStandard() throws Exception {
    assertThat(probe()).isEqualTo(Dialect.STANDARD);
    assertThat(Dialect.STANDARD.fitForSeveralWriters()).isTrue();
  }

  /** As Ceph does, which ignores conditional deletes and wrong checksums too. */
  @Test
  void shouldFindThatOnlyBareEtagsMatch() throws Exception {
    assertThat(probe(Flaw.BARE_ETAGS_ONLY, Flaw.CHECKSUM_IGNORED, Flaw.DELETE_IGNORES_MATCH))
        .isEqualTo(
            new Dialect(
                PutIfAbsent.REAL,
                PutIfMatch.UNQUOTED,
                Checksum.IGNORED,
                ConditionalDelete.IGNORED));
  }

  @Test
  void shouldFindThatThereIsNoCompareAndSetAtAll() throws Exception {
    Dialect dialect = probe(Flaw.NO_PUT_IF_ABSENT, Flaw.NO_PUT_IF_MATCH);
    assertThat(dialect.putIfAbsent()).isEqualTo(PutIfAbsent.FAKE);
    assertThat(dialect.putIfMatch()).isEqualTo(PutIfMatch.FAKE);
    assertThat(dialect.fitForSeveralWriters()).isFalse();
  }

  @Test
  void shouldFindThatConditionalDeletesAreIgnored() throws Exception {
    Dialect dialect = probe(Flaw.DELETE_IGNORES_MATCH);
    assertThat(dialect.conditionalDelete()).isEqualTo(ConditionalDelete.IGNORED);
    assertThat(dialect.fitForSeveralWriters()).isTrue();
  }

  @Test
  @Tag("campaign")
  void shouldFindThatAQuestionFirstAndAWriteThenIsNoCompareAndSet() throws Exception {
    assertThat(probe(Flaw.RACING_PUT_IF_ABSENT).putIfAbsent()).isEqualTo(PutIfAbsent.FAKE);
  }

  @Test
  void shouldFindThatPutIfAbsentIsRefused() throws Exception {
    assertThat(probe(Flaw.REFUSES_PUT_IF_ABSENT).putIfAbsent()).isEqualTo(PutIfAbsent.UNSUPPORTED);
  }

  @Tag("campaign")
  @Test
  void shouldFindTheTestServersDialect() throws Exception {
    try (S3TestServer server = S3TestServer.start();
        ObjectStore store = server.open("probed")) {
      Dialect dialect = DialectProbe.probe(store);
      assertThat(dialect.putIfAbsent()).isEqualTo(PutIfAbsent.REAL);
      assertThat(dialect.putIfMatch()).isEqualTo(PutIfMatch.QUOTED);
      assertThat(dialect.checksum()).isEqualTo(Checksum.VERIFIED);
      assertThat(dialect.conditionalDelete()).isNotNull();
      assertThat(store.listAll("")).isEmpty();
    }
  }

  @Test
  void shouldProbeADirectoryToo(@TempDir Path folder) {
    try (FileObjectStore store = FileObjectStore.open(folder.resolve("store"))) {
      assertThat(DialectProbe.probe(store))
          .isEqualTo(
              new Dialect(
                  PutIfAbsent.REAL,
                  PutIfMatch.QUOTED,
                  Checksum.REJECTED,
                  ConditionalDelete.UNSUPPORTED));
      assertThat(store.listAll("")).isEmpty();
    }
  }

  // What a store does with it.

  @Test
  void shouldRefuseConditionalPutsWhereTheyAreFakeAndSayWhatToChange() throws Exception {
    try (DialectServer server = DialectServer.start(Flaw.NO_PUT_IF_ABSENT, Flaw.NO_PUT_IF_MATCH);
        ObjectStore store = open(server, "")) {
      String etag = store.put("k", body("old")).etag();
      assertThatThrownBy(() -> store.putIfAbsent("k", body("new")))
          .isInstanceOfSatisfying(
              ObjectStoreException.class,
              e -> assertThat(e.kind()).isEqualTo(FailureKind.UNSUPPORTED))
          .hasMessageContaining("use a service that has them")
          .hasMessageContaining("writers=one");
      assertThatThrownBy(() -> store.putIfMatch("k", body("new"), etag))
          .isInstanceOf(ObjectStoreException.class)
          .hasMessageContaining("writers=one");
      assertThat(server.contents()).isEqualTo(Map.of("p/k", "old"));
    }
  }

  @Test
  void shouldTakeTheUsersWordThatThereIsOneWriter() throws Exception {
    try (DialectServer server = DialectServer.start(Flaw.NO_PUT_IF_ABSENT, Flaw.NO_PUT_IF_MATCH);
        ObjectStore store = open(server, "&writers=one")) {
      assertThat(store.putIfAbsent("k", body("old")).stored()).isTrue();
      assertThat(store.putIfAbsent("k", body("new")).stored()).isFalse();
      String etag = java.util.Objects.requireNonNull(store.head("k")).etag();
      assertThat(store.putIfMatch("k", body("new"), "other").stored()).isFalse();
      assertThat(store.putIfMatch("k", body("new"), etag).stored()).isTrue();
      assertThat(server.contents()).isEqualTo(Map.of("p/k", "new"));
    }
  }

  @Test
  void shouldSpeakTheDialectItFound() throws Exception {
    try (DialectServer server = DialectServer.start(Flaw.BARE_ETAGS_ONLY, Flaw.CHECKSUM_REJECTED);
        ObjectStore store = open(server, "")) {
      String etag = store.put("k", body("old")).etag();
      assertThat(store.putIfMatch("k", body("other"), "f".repeat(32)).stored()).isFalse();
      assertThat(store.putIfMatch("k", body("new"), etag).stored()).isTrue();
      assertThat(store.putIfAbsent("k", body("other")).stored()).isFalse();
      assertThat(server.contents()).isEqualTo(Map.of("p/k", "new"));
    }
  }

  @Test
  void shouldProbeAnEndpointAndBucketOnceAndOnlyForWriters() throws Exception {
    try (DialectServer server = DialectServer.start()) {
      try (ObjectStore reader = open(server, "")) {
        assertThat(reader.head("k")).isNull();
        assertThat(server.requests()).isEqualTo(1);
      }
      try (ObjectStore first = open(server, "")) {
        first.put("k", body("x"));
      }
      long before = server.requests();
      assertThat(before).isGreaterThan(20);
      try (ObjectStore second = open(server, "&region=eu-north-1")) {
        assertThat(second.putIfAbsent("l", body("x")).stored()).isTrue();
        assertThat(second.putIfAbsent("l", body("x")).stored()).isFalse();
      }
      assertThat(server.requests() - before).isEqualTo(2);
    }
  }
}
