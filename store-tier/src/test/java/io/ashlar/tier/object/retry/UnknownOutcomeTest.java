package io.ashlar.tier.object.retry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.tier.object.FailureKind;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.FaultyObjectStore.Outcome;
import io.ashlar.tier.object.MultipartUpload;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.PutResult;
import io.ashlar.tier.object.RequestLimits;
import io.ashlar.tier.object.directory.FileObjectStore;
import io.ashlar.tier.object.request.StampedBody;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Writes of which no answer says whether they were applied. */
class UnknownOutcomeTest extends OnAFaultyStore {
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
}
