package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.FaultyObjectStore.Outcome;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.retry.RetryPolicy;
import io.ashlar.tier.object.s3.S3Front;
import io.ashlar.tier.object.s3.S3Front.Bad;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every request of a life is answered badly once: with a success that is none, or with a read that
 * is absent, empty, short or wrong. Nothing is lost, and no step so much as fails.
 *
 * <p>Once on the tier's own interface, where only reads can lie, and once over real HTTP, where
 * writes can. By default few requests are tried, {@code -Dtest.stride=1} tries each with each
 * answer.
 */
@Tag("campaign")
class TierLifeBadAnswersTest {
  private static final RetryPolicy QUICK =
      new RetryPolicy(1, 5, 10, 10_000, 10_000, 10_000, 10_000);

  /** A run of all of them takes hours, and tells how far it came. */
  private static final int PROGRESS_EVERY = 100;

  @TempDir Path folder;

  /** One life, in which the request of a number is answered badly. */
  private interface Life {
    /** Returns the steps that failed. */
    int run(int at, int kind) throws Exception;
  }

  private void everyRequest(String what, int requests, Enum<?>[] kinds, int stride, Life life)
      throws Exception {
    int tried = 0;
    for (int at = 1; at <= requests; at++) {
      for (int kind = 0; kind < kinds.length; kind++) {
        if ((at * kinds.length + kind) % stride == 0) {
          String name = "request=" + at + ", answer=" + kinds[kind];
          try {
            assertThat(life.run(at, kind)).as("steps that failed").isZero();
          } catch (AssertionError | Exception e) {
            throw new AssertionError(name + ": " + e, e);
          }
          tried++;
          if (tried % PROGRESS_EVERY == 0) {
            System.out.println("bad answers, " + what + ": so far=" + tried + ", at " + name);
          }
        }
      }
    }
    System.out.println("bad answers, " + what + ": requests=" + requests + ", tried=" + tried);
    assertThat(tried).isGreaterThanOrEqualTo(requests * kinds.length / stride);
  }

  @Test
  void shouldTakeNoBadAnswerOfAReadForDamage() throws Exception {
    Outcome[] kinds = {Outcome.ABSENT, Outcome.EMPTY, Outcome.SHORT, Outcome.WRONG};
    AtomicInteger reads = new AtomicInteger();
    run(0, Outcome.ANSWERED, reads);
    int stride = Campaign.stride("test.stride", 151);
    everyRequest(
        "reads",
        reads.get(),
        kinds,
        stride,
        (at, kind) -> run(at, kinds[kind], new AtomicInteger()));
  }

  private int run(int at, Outcome outcome, AtomicInteger reads) throws Exception {
    FaultyObjectStore objects = new FaultyObjectStore(new InMemoryObjectStore());
    objects.fault((request, key) -> {
      boolean read = request.equals("get") || request.equals("head") || request.equals("list");
      return read && reads.incrementAndGet() == at ? outcome : Outcome.ANSWERED;
    });
    Path own = Files.createDirectory(folder.resolve("reads-" + outcome + "-" + at));
    try (TierLife life = new TierLife(own, objects)) {
      life.run();
      return life.failures();
    }
  }

  @Test
  void shouldLoseNothingByABadAnswerOverHttp() throws Exception {
    try (S3Front front = S3Front.start()) {
      AtomicInteger requests = new AtomicInteger();
      run(front, 0, Bad.NO, requests); // also probes, which later ones need not
      requests.set(0);
      run(front, 0, Bad.NO, requests);
      int stride = Campaign.stride("test.stride", 1009);
      everyRequest(
          "HTTP",
          requests.get(),
          Bad.values(),
          stride,
          (at, kind) -> run(front, at, Bad.values()[kind], new AtomicInteger()));
    }
  }

  private int run(S3Front front, int at, Bad bad, AtomicInteger requests) throws Exception {
    InMemoryObjectStore below = front.renew();
    front.fault(request -> requests.incrementAndGet() == at ? bad : Bad.NO);
    Path own = Files.createTempDirectory(folder, "http-" + bad + "-" + at);
    try (ObjectStore objects = front.open(QUICK);
        TierLife life = new TierLife(own, below, objects, () -> front.fault(r -> Bad.NO))) {
      life.run();
      return life.failures();
    }
  }
}
