package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.tier.object.FailureKind;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.FaultyObjectStore.Outcome;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectStoreException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every request of a life fails once, times out once, is applied without an answer once, and is the
 * last one of its process: afterwards every retained checkpoint is exact, nothing live was deleted,
 * and nothing is left over.
 *
 * <p>By default each request meets one of the four, in turn; {@code -Dtest.stride=1} has each meet
 * all four.
 */
@Tag("campaign")
class TierLifeFaultTest {
  private static final int STRIDE = Campaign.stride("test.stride", 12);

  /** What becomes of one request. */
  private enum Fate {
    FAILED,
    TIMED_OUT,
    UNANSWERED,
    LAST_OF_ITS_PROCESS
  }

  @TempDir Path folder;

  @Test
  void shouldKeepEveryCheckpointWhicheverRequestFails() throws Exception {
    int requests;
    FaultyObjectStore clean = new FaultyObjectStore(new InMemoryObjectStore());
    try (TierLife life = new TierLife(Files.createDirectory(folder.resolve("clean")), clean)) {
      life.run();
      requests = clean.requests().size();
      assertThat(life.batchesDeleted()).isGreaterThan(3);
      assertThat(life.batchesCompacted()).isPositive();
      assertThat(life.referencesMoved()).isPositive();
    }
    int tried = 0;
    int failures = 0;
    for (int at = 1; at <= requests; at++) {
      for (Fate fate : Fate.values()) {
        if ((at + fate.ordinal()) % STRIDE == 0) {
          failures += run(at, fate);
          tried++;
        }
      }
    }
    System.out.println(
        "tier life: requests=" + requests + ", tried=" + tried + ", steps that failed=" + failures);
    Campaign.report("life", tried, 0, 0);
    assertThat(tried).isGreaterThanOrEqualTo(requests * Fate.values().length / STRIDE - 4);
    assertThat(failures).isGreaterThan(tried / 8);
  }

  private int run(int at, Fate fate) throws Exception {
    Path own = Files.createDirectory(folder.resolve(fate + "-" + at));
    FaultyObjectStore objects = new FaultyObjectStore(new InMemoryObjectStore());
    try (TierLife life = new TierLife(own, objects)) {
      AtomicInteger requests = new AtomicInteger();
      objects.failAs(
          fate == Fate.FAILED ? FailureKind.UNAVAILABLE : FailureKind.UNANSWERED,
          ObjectStoreException.NOT_SAID);
      objects.fault((request, key) -> {
        int number = requests.incrementAndGet();
        return switch (fate) {
          case FAILED, TIMED_OUT -> number == at ? Outcome.NOT_APPLIED : Outcome.ANSWERED;
          case UNANSWERED -> number == at ? Outcome.APPLIED_UNANSWERED : Outcome.ANSWERED;
          case LAST_OF_ITS_PROCESS ->
              number == at ? Outcome.APPLIED_ENDED : number > at ? Outcome.ENDED : Outcome.ANSWERED;
        };
      });
      try {
        life.run();
      } catch (AssertionError | Exception e) {
        throw new AssertionError("request=" + at + ", fate=" + fate + ": " + e, e);
      }
      return life.failures();
    }
  }
}
