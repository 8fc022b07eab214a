package io.ashlar.tier.object.retry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.tier.object.DeleteResult;
import io.ashlar.tier.object.FailureKind;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.FaultyObjectStore.Outcome;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.MultipartUpload;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectNotFoundException;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.PriceList;
import io.ashlar.tier.object.PutResult;
import io.ashlar.tier.object.RequestCounts;
import io.ashlar.tier.object.RequestLimits;
import io.ashlar.tier.object.directory.FileObjectStore;
import io.ashlar.tier.object.request.StampedBody;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RetryingObjectStoreTest {
  private static final RetryPolicy POLICY =
      new RetryPolicy(100, 800, 50, 20_000, 10_000, 5_000, 1_000);

  /** The greatest jitter there is. */
  private static final RandomGenerator MOST =
      new RandomGenerator() {
        @Override
        public long nextLong() {
          return 0;
        }

        @Override
        public long nextLong(long bound) {
          return bound - 1;
        }
      };

  private final InMemoryObjectStore memory = new InMemoryObjectStore();
  private final FaultyObjectStore faulty = new FaultyObjectStore(memory);
  private final ManualClock clock = new ManualClock();
  private final RetryingObjectStore store = retrying(faulty, RequestLimits.DEFAULTS);

  private RetryingObjectStore retrying(ObjectStore delegate, RequestLimits limits) {
    return RetryingObjectStore.builder(delegate)
        .policy(POLICY)
        .limits(limits)
        .clock(clock)
        .random(MOST)
        .build();
  }

  private static ObjectBody body(String text) {
    return ObjectBody.of(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String text(ObjectStore from, String key) {
    try (ObjectContent content = from.get(key)) {
      return new String(content.stream().readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Fails the first {@code times} requests that start with {@code prefix}. */
  private void failFirst(int times, String prefix, Outcome outcome) {
    AtomicInteger left = new AtomicInteger(times);
    faulty.fault((request, key) ->
        request.startsWith(prefix) && left.getAndDecrement() > 0 ? outcome : Outcome.ANSWERED);
  }

  private long requests(String prefix) {
    return faulty.requests().stream().filter(r -> r.startsWith(prefix + " ")).count();
  }

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

  // Puts of unknown outcome.

  @Test
  void shouldFindThatAnUnansweredPutIfAbsentWasItsOwn() {
    failFirst(1, "putIfAbsent", Outcome.APPLIED_UNANSWERED);
    PutResult result = store.putIfAbsent("k", body("mine"));
    assertThat(result)
        .isEqualTo(new PutResult.Stored(Objects.requireNonNull(memory.head("k")).etag()));
    assertThat(requests("putIfAbsent")).isEqualTo(1);
    assertThat(store.usage().readBacks()).isEqualTo(1);
  }

  @Test
  void shouldSendAPutIfAbsentAgainThatWasNotApplied() {
    failFirst(2, "putIfAbsent", Outcome.NOT_APPLIED);
    assertThat(store.putIfAbsent("k", body("mine")).stored()).isTrue();
    assertThat(text(memory, "k")).isEqualTo("mine");
  }

  @Test
  void shouldNotTakeAnothersEqualBytesForItsOwn() {
    memory.putIfAbsent("k", StampedBody.stamp(body("same")));
    failFirst(1, "putIfAbsent", Outcome.NOT_APPLIED);
    assertThat(store.putIfAbsent("k", body("same"))).isEqualTo(new PutResult.Refused(false));
  }

  /** The first attempt is applied only while the second is on its way. */
  @Test
  void shouldRecogniseItsOwnAttemptThatIsAppliedLate() {
    AtomicInteger puts = new AtomicInteger();
    ObjectBody[] sent = new ObjectBody[1];
    ObjectBody mine = StampedBody.stamp(body("mine"));
    sent[0] = mine;
    faulty.fault((request, key) -> {
      if (!request.equals("putIfAbsent")) {
        return Outcome.ANSWERED;
      }
      if (puts.incrementAndGet() == 1) {
        return Outcome.NOT_APPLIED;
      }
      assertThat(memory.putIfAbsent(key, sent[0]).stored()).isTrue();
      return Outcome.ANSWERED;
    });
    assertThat(store.putIfAbsent("k", mine).stored()).isTrue();
    assertThat(puts.get()).isEqualTo(2);
  }

  /** Somebody else replaces the torn object again and again: this ends all the same. */
  @Test
  void shouldGiveUpReplacingItsOwnTornObjectAfterSomeRounds() {
    StampedBody mine = new StampedBody(body("mine"), "the id");
    AtomicInteger replacements = new AtomicInteger();
    faulty.fault((request, key) -> {
      if (request.equals("putIfAbsent") || request.equals("putIfMatch")) {
        assertThat(replacements.incrementAndGet()).as("requests").isLessThan(20);
        memory.put(key, new StampedBody(body("mi"), "the id"));
        return request.equals("putIfAbsent") ? Outcome.NOT_APPLIED : Outcome.ANSWERED;
      }
      return Outcome.ANSWERED;
    });
    assertThat(store.putIfAbsent("k", mine)).isEqualTo(new PutResult.Refused(false));
    assertThat(replacements).hasValueGreaterThan(2);
  }

  @Test
  void shouldRefuseAPutIfAbsentAtOnceWhenNothingWasUnanswered() {
    memory.put("k", body("theirs"));
    assertThat(store.putIfAbsent("k", body("mine"))).isEqualTo(new PutResult.Refused(false));
    assertThat(faulty.requests()).containsExactly("putIfAbsent k");
  }

  @Test
  void shouldSettleAnUnansweredPutIfMatch() {
    String etag = memory.put("k", body("old")).etag();
    failFirst(1, "putIfMatch", Outcome.APPLIED_UNANSWERED);
    assertThat(store.putIfMatch("k", body("new"), etag).stored()).isTrue();
    assertThat(requests("putIfMatch")).isEqualTo(1);

    failFirst(1, "putIfMatch", Outcome.NOT_APPLIED);
    String now = Objects.requireNonNull(memory.head("k")).etag();
    assertThat(store.putIfMatch("k", body("newer"), now).stored()).isTrue();
    assertThat(text(memory, "k")).isEqualTo("newer");

    failFirst(1, "putIfMatch", Outcome.NOT_APPLIED);
    assertThat(store.putIfMatch("k", body("late"), now)).isEqualTo(new PutResult.Refused(false));
    assertThat(text(memory, "k")).isEqualTo("newer");
  }

  /** A 409 says that two conditional writes met, not that the object exists. */
  @Test
  void shouldNotTakeAConflictForExists() {
    faulty.failAs(FailureKind.CONFLICT, ObjectStoreException.NOT_SAID);
    failFirst(2, "putIfAbsent", Outcome.NOT_APPLIED);
    assertThat(store.putIfAbsent("k", body("mine")).stored()).isTrue();
  }

  @Test
  void shouldCompareBytesWhereTheStoreKeepsNoPutId(@TempDir Path folder) {
    try (FileObjectStore files = FileObjectStore.open(folder.resolve("store"))) {
      FaultyObjectStore broken = new FaultyObjectStore(files);
      RetryingObjectStore retrying = retrying(broken, RequestLimits.DEFAULTS);
      for (Outcome outcome : new Outcome[] {Outcome.APPLIED_UNANSWERED, Outcome.NOT_APPLIED}) {
        AtomicInteger left = new AtomicInteger(1);
        broken.fault((request, key) ->
            request.equals("putIfAbsent") && left.getAndDecrement() > 0
                ? outcome
                : Outcome.ANSWERED);
        assertThat(retrying.putIfAbsent("" + outcome, body("mine")).stored()).isTrue();
      }
      files.put("taken", body("them"));
      broken.fault((request, key) -> Outcome.ANSWERED);
      assertThat(retrying.putIfAbsent("taken", body("mine")).stored()).isFalse();
    }
  }

  @Test
  void shouldThrowWhenItCannotFindOutHowAPutEnded() {
    faulty.fault((request, key) ->
        request.equals("head") ? Outcome.NOT_APPLIED : Outcome.APPLIED_UNANSWERED);
    assertThatThrownBy(() -> store.putIfAbsent("k", body("x")))
        .isInstanceOf(ObjectStoreException.class)
        .satisfies(e -> assertThat(e.getSuppressed()).isNotEmpty());
    assertThat(requests("putIfAbsent")).isEqualTo(1);
  }

  @Test
  void shouldSettleAnUnansweredCompletion() {
    failFirst(1, "complete", Outcome.APPLIED_UNANSWERED);
    try (MultipartUpload upload = store.startUpload("u")) {
      upload.part(1, body("x"));
      assertThat(upload.completeIfAbsent().stored()).isTrue();
    }
    assertThat(requests("complete")).isEqualTo(1);
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
    assertThat(store.usage().costNanos()).isZero();
    failFirst(1, "get", Outcome.NOT_APPLIED);
    store.put("k", body("12345"));
    assertThat(text(store, "k")).isEqualTo("12345");
    assertThat(store.list("", null).objects()).hasSize(1);

    StoreUsage usage = store.usage();
    assertThat(usage.requests().bytesSent()).isEqualTo(5);
    assertThat(usage.requests().bytesReceived()).isEqualTo(5);
    assertThat(usage.retries()).isEqualTo(1);
    assertThat(usage.costNanos()).isEqualTo(5_000 * 2 + 400 * usage.requests().gets());
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
