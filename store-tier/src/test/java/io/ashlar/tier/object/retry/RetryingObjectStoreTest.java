package io.ashlar.tier.object.retry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.tier.object.DeleteResult;
import io.ashlar.tier.object.FailureKind;
import io.ashlar.tier.object.FaultyObjectStore.Outcome;
import io.ashlar.tier.object.MultipartUpload;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectNotFoundException;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.PriceList;
import io.ashlar.tier.object.RequestCounts;
import io.ashlar.tier.object.RequestLimits;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RetryingObjectStoreTest extends OnAFaultyStore {
  /** Defect 7: only one kind of error was repeated, and reads never. */
  @ParameterizedTest
  @EnumSource(names = {"THROTTLED", "UNAVAILABLE", "UNANSWERED", "CONFLICT"})
  void defect7ShouldRepeatEveryKindOfFailureOfEveryRequest(FailureKind kind) {
    faulty.failAs(kind, ObjectStoreException.NOT_SAID);
    memory.put("k", body("0123456789"));

    failFirst(3, "get", Outcome.NOT_APPLIED);
    assertThat(text(store, "k")).isEqualTo("0123456789");
    failFirst(3, "get", Outcome.NOT_APPLIED);
    try (ObjectContent content = store.get("k", 2, 3)) {
      assertThat(content.length()).isEqualTo(3);
    }
    failFirst(3, "head", Outcome.NOT_APPLIED);
    assertThat(Objects.requireNonNull(store.head("k")).length()).isEqualTo(10);
    failFirst(3, "list", Outcome.NOT_APPLIED);
    assertThat(store.list("", null).objects()).hasSize(1);
    failFirst(3, "put", Outcome.NOT_APPLIED);
    String etag = store.put("k", body("new")).etag();
    failFirst(3, "putIfMatch", Outcome.NOT_APPLIED);
    assertThat(store.putIfMatch("k", body("newer"), etag).stored()).isTrue();
    failFirst(3, "putIfAbsent", Outcome.NOT_APPLIED);
    assertThat(store.putIfAbsent("l", body("x")).stored()).isTrue();
    failFirst(3, "delete", Outcome.APPLIED_UNANSWERED);
    assertThat(store.deleteAll(List.of("l")).deleted()).containsExactly("l");
    failFirst(3, "startUpload", Outcome.NOT_APPLIED);
    try (MultipartUpload upload = store.startUpload("u")) {
      failFirst(3, "part", Outcome.APPLIED_UNANSWERED);
      upload.part(1, body("part"));
      failFirst(3, "complete", Outcome.NOT_APPLIED);
      assertThat(upload.completeIfAbsent().stored()).isTrue();
    }
    assertThat(text(memory, "k") + text(memory, "u")).isEqualTo("newerpart");
    assertThat(store.usage().retries()).isEqualTo(3 * 11);
  }

  @Test
  void shouldAskAgainForKeysThatADeleteNamesAndSayWhichAreLeft() {
    for (String key : List.of("a", "b", "c")) {
      memory.put(key, body(key));
    }
    faulty.refuseDeletes(key -> key.equals("a") ? "AccessDenied" : null);
    DeleteResult refused = store.deleteAll(List.of("a", "b"));
    assertThat(refused.deleted()).containsExactly("b");
    assertThat(refused.failed()).containsExactly(Map.entry("a", "AccessDenied"));
    assertThat(requests("delete")).isEqualTo(1); // that it will be refused again is certain

    faulty.refuseDeletes(key -> key.equals("a") ? "SlowDown" : null);
    DeleteResult slow = store.deleteAll(List.of("a", "c"));
    assertThat(slow.deleted()).containsExactly("c");
    assertThat(slow.failed()).containsExactly(Map.entry("a", "SlowDown"));
    long rounds = requests("delete") - 1;
    assertThat(rounds).isBetween(2L, 10L);
    assertThat(store.usage().retries()).isEqualTo(rounds - 1);

    AtomicInteger times = new AtomicInteger(1);
    faulty.refuseDeletes(key -> times.getAndDecrement() > 0 ? "SlowDown" : null);
    DeleteResult later = store.deleteAll(List.of("a"));
    assertThat(later.deleted()).containsExactly("a");
    assertThat(later.failed()).isEmpty();
    assertThat(memory.listAll("")).isEmpty();
  }

  @Test
  void shouldNotRepeatWhatSomebodyMustRepairNorAnAbsentObject() {
    faulty.failAs(FailureKind.PERMANENT, ObjectStoreException.NOT_SAID);
    failFirst(1, "put", Outcome.NOT_APPLIED);
    assertThatThrownBy(() -> store.put("k", body("x")))
        .isInstanceOfSatisfying(
            ObjectStoreException.class, e -> assertThat(e.kind()).isEqualTo(FailureKind.PERMANENT));
    assertThatThrownBy(() -> store.get("absent")).isInstanceOf(ObjectNotFoundException.class);
    assertThat(faulty.requests()).hasSize(2);
    assertThat(clock.pausesMs()).isEmpty();
  }

  @Test
  void shouldStillTellAnAbsentObjectByTypeAfterARepetition() {
    failFirst(1, "get", Outcome.NOT_APPLIED);
    assertThatThrownBy(() -> store.get("absent")).isInstanceOf(ObjectNotFoundException.class);
  }

  @Test
  void shouldDoubleTheBackoffUpToItsMostAndWaitARandomPartOfIt() {
    failFirst(6, "head", Outcome.NOT_APPLIED);
    assertThat(store.head("k")).isNull();
    assertThat(clock.pausesMs()).containsExactly(100L, 200L, 400L, 800L, 800L, 800L);

    ManualClock other = new ManualClock();
    RetryingObjectStore random =
        RetryingObjectStore.builder(faulty)
            .policy(POLICY)
            .clock(other)
            .random(new Random(3))
            .build();
    failFirst(20, "head", Outcome.NOT_APPLIED);
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 20; i++) {
                assertThat(random.head("k")).isNull();
              }
              throw new IllegalStateException("done");
            })
        .isInstanceOfAny(IllegalStateException.class, ObjectStoreException.class);
    assertThat(other.pausesMs()).allMatch(ms -> ms <= 800);
    assertThat(other.pausesMs().stream().distinct().count()).isGreaterThan(5);
  }

  @ParameterizedTest
  @EnumSource(names = {"THROTTLED", "UNAVAILABLE", "UNANSWERED", "CONFLICT"})
  void shouldGiveUpAtTheDeadlineOfTheKind(FailureKind kind) {
    faulty.failAs(kind, ObjectStoreException.NOT_SAID);
    failFirst(Integer.MAX_VALUE, "get", Outcome.NOT_APPLIED);
    assertThatThrownBy(() -> store.get("k"))
        .isInstanceOfSatisfying(
            ObjectStoreException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(kind);
              assertThat(e.retryable()).isTrue();
            })
        .hasMessageContaining("attempts=");
    assertThat(clock.sumMs())
        .isLessThanOrEqualTo(POLICY.deadlineMs(kind))
        .isGreaterThan(POLICY.deadlineMs(kind) - 800);
  }

  @Test
  void shouldGiveUpAfterTheAttemptsThatArePaidFor() {
    RetryingObjectStore few =
        RetryingObjectStore.builder(faulty)
            .policy(new RetryPolicy(1, 1, 4, 1000, 1000, 1000, 1000))
            .clock(clock)
            .build();
    failFirst(Integer.MAX_VALUE, "list", Outcome.NOT_APPLIED);
    assertThatThrownBy(() -> few.list("", null)).hasMessageContaining("attempts=4");
    assertThat(requests("list")).isEqualTo(4);
  }

  @Test
  void shouldWaitAsLongAsTheStoreAsksForAndLetNobodyElseSendMeanwhile() {
    faulty.failAs(FailureKind.THROTTLED, 7_000);
    failFirst(1, "head", Outcome.NOT_APPLIED);
    assertThat(store.head("k")).isNull();
    assertThat(clock.sumMs()).isBetween(7_000L, 7_100L);

    faulty.failAs(FailureKind.THROTTLED, 30_000);
    failFirst(1, "head", Outcome.NOT_APPLIED);
    assertThatThrownBy(() -> store.head("k")).isInstanceOf(ObjectStoreException.class);
    long before = clock.sumMs();
    store.put("other", body("x"));
    assertThat(clock.sumMs() - before).isEqualTo(30_000);
  }

  @Test
  void shouldHalveTheRequestsInFlightWhenThrottledAndRaiseThemAgain() {
    assertThat(store.usage().concurrency()).isEqualTo(64);
    faulty.failAs(FailureKind.THROTTLED, ObjectStoreException.NOT_SAID);
    failFirst(3, "head", Outcome.NOT_APPLIED);
    assertThat(store.head("k")).isNull();
    assertThat(store.usage().concurrency()).isEqualTo(8);
    assertThat(store.usage().throttled()).isEqualTo(3);
    for (int i = 0; i < 64; i++) {
      assertThat(store.head("k")).isNull();
    }
    assertThat(store.usage().concurrency()).isBetween(12, 16);
    failFirst(30, "head", Outcome.NOT_APPLIED);
    assertThatThrownBy(() -> store.head("k")).isInstanceOf(ObjectStoreException.class);
    assertThat(store.usage().concurrency()).isEqualTo(1);
  }

  @Test
  void shouldHalveOnceForRequestsThatWereInFlightTogether() throws Exception {
    RequestPacer pacer = new RequestPacer(16, clock, new java.util.concurrent.CountDownLatch(1));
    long[] entered = new long[8];
    for (int i = 0; i < 8; i++) {
      entered[i] = pacer.enter();
    }
    clock.advanceMs(5);
    for (long e : entered) {
      pacer.leaveThrottled(e, -1);
    }
    assertThat(pacer.concurrency()).isEqualTo(8);
  }

  // Interrupts, closing.

  @Test
  void shouldStopAtAnInterruptAndKeepIt() {
    failFirst(Integer.MAX_VALUE, "get", Outcome.NOT_APPLIED);
    clock.onPause(() -> Thread.currentThread().interrupt());
    try {
      assertThatThrownBy(() -> store.get("k"))
          .isInstanceOfSatisfying(
              ObjectStoreException.class,
              e -> {
                assertThat(e.kind()).isEqualTo(FailureKind.INTERRUPTED);
                assertThat(e.retryable()).isFalse();
              });
      assertThat(requests("get")).isEqualTo(1);
      // The flag is still set, so nothing more is sent.
      assertThatThrownBy(() -> store.get("k")).isInstanceOf(ObjectStoreException.class);
      assertThat(requests("get")).isEqualTo(1);
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void shouldStopWaitingWhenItIsClosed() {
    failFirst(Integer.MAX_VALUE, "get", Outcome.NOT_APPLIED);
    clock.onPause(store::close);
    assertThatThrownBy(() -> store.get("k"))
        .isInstanceOf(IllegalStateException.class)
        .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));
  }

  // Contents that break off.

  @Test
  void shouldContinueAContentWhereItBrokeOff() throws IOException {
    byte[] bytes = new byte[100_000];
    new Random(4).nextBytes(bytes);
    memory.put("k", ObjectBody.of(bytes));
    faulty.tear(30_000, 3);
    try (ObjectContent content = store.get("k")) {
      assertThat(content.stream().readAllBytes()).isEqualTo(bytes);
    }
    assertThat(store.usage().resumedReads()).isEqualTo(3);
    assertThat(memory.requestCounts().bytesReceived()).isEqualTo(100_000);
    faulty.tear(500, 1);
    try (ObjectContent content = store.get("k", 1000, 1000)) {
      assertThat(content.stream().readAllBytes())
          .isEqualTo(java.util.Arrays.copyOfRange(bytes, 1000, 2000));
    }
  }

  @Test
  void shouldNotJoinTwoVersionsOfAnObject() {
    memory.put("k", body("old old old"));
    faulty.tear(3, 1);
    try (ObjectContent content = store.get("k")) {
      memory.put("k", body("new new new"));
      assertThatThrownBy(() -> content.stream().readAllBytes())
          .isInstanceOf(IOException.class)
          .hasMessageContaining("replaced");
    }
  }

  @Test
  void shouldGiveUpOnAContentThatNeverArrives() {
    memory.put("k", body("0123456789"));
    faulty.tear(0, Integer.MAX_VALUE);
    try (ObjectContent content = store.get("k")) {
      assertThatThrownBy(() -> content.stream().readAllBytes()).isInstanceOf(IOException.class);
    }
    assertThat(requests("get")).isLessThanOrEqualTo(POLICY.attemptsMax() + 1L);
  }

  // Limits and costs.

  @Test
  void shouldKeepToItsRequestBudgetAndSayWhenItIsUsedUp() {
    RetryingObjectStore frugal =
        retrying(
            faulty,
            RequestLimits.DEFAULTS
                .withWritesPerHour(3_600)
                .withReadsPerHour(36_000)
                .withConcurrentMax(4));
    for (int i = 0; i < 360; i++) {
      frugal.put("k", body(""));
    }
    assertThat(clock.pausesMs()).isEmpty(); // a tenth of an hour's at once
    frugal.put("k", body(""));
    assertThat(clock.sumMs()).isBetween(999L, 1_001L);

    RetryingObjectStore strict =
        retrying(
            faulty,
            RequestLimits.DEFAULTS
                .withWritesPerHour(1)
                .withBudgetWaitMaxMs(10_000)
                .withConcurrentMax(4));
    strict.put("k", body(""));
    assertThatThrownBy(() -> strict.put("k", body("")))
        .isInstanceOfSatisfying(
            ObjectStoreException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(FailureKind.OVER_BUDGET);
              assertThat(e.retryAfterMs()).isBetween(3_599_000L, 3_600_000L);
            });
    assertThat(strict.head("k")).isNotNull(); // reads have their own
    clock.advanceMs(3_600_000);
    strict.put("k", body(""));
  }

  @Test
  void shouldKeepToItsBandwidthBothWays() {
    RetryingObjectStore slow =
        retrying(
            faulty,
            RequestLimits.DEFAULTS
                .withSentBytesPerSecond(1_000)
                .withReceivedBytesPerSecond(500)
                .withConcurrentMax(4));
    slow.put("k", ObjectBody.of(new byte[6_000]));
    assertThat(clock.sumMs()).isEqualTo(5_000); // the first second's bytes are there
    assertThat(text(slow, "k")).hasSize(6_000);
    assertThat(clock.sumMs()).isBetween(15_998L, 16_002L);
  }

  @Test
  void shouldSendNothingWhenIdleAndCountWhatItUsed() {
    assertThat(store.usage().requests().requests()).isZero();
    failFirst(1, "get", Outcome.NOT_APPLIED);
    store.put("k", body("12345"));
    assertThat(text(store, "k")).isEqualTo("12345");
    assertThat(store.list("", null).objects()).hasSize(1);

    StoreUsage usage = store.usage();
    assertThat(usage.requests().bytesSent()).isEqualTo(5);
    assertThat(usage.requests().bytesReceived()).isEqualTo(5);
    assertThat(usage.retries()).isEqualTo(1);
    assertThat(PriceList.DEFAULTS.costNanos(usage.requests()))
        .isEqualTo(5_000 * 2 + 400 * usage.requests().gets());
    clock.advanceMs(86_400_000);
    assertThat(store.usage()).isEqualTo(usage);
    assertThat(faulty.requests()).hasSize(4);
  }

  @Test
  void shouldPriceTrafficByTheGibibyte() {
    PriceList prices =
        PriceList.DEFAULTS
            .withPutNanos(1)
            .withGetNanos(2)
            .withHeadNanos(3)
            .withListNanos(4)
            .withDeleteNanos(5)
            .withSentNanosPerGib(1 << 30)
            .withReceivedNanosPerGib(2 << 29);
    assertThat(prices.costNanos(new RequestCounts(10, 10, 10, 10, 10, 7, 9)))
        .isEqualTo(150 + 7 + 9);
    assertThatThrownBy(() -> PriceList.DEFAULTS.withReceivedNanosPerGib(-1))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
