package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.Campaign;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("campaign")
class CrashTest {

  private static final long SEED = Long.getLong("test.seed", System.nanoTime());
  private static final long STATES = Campaign.count("crash.states", 10_000);
  private static final int THREADS =
      Integer.getInteger("crash.threads", 4); // half of each is waiting
  private static final long PROGRESS_S = 10;

  @Test
  void shouldKeepEveryPromiseInEveryCrashState() throws Exception {
    System.out.println(
        "crash states: begin: states=" + STATES + ", -Dtest.seed=" + SEED + ", threads=" + THREADS);
    AtomicLong tried = new AtomicLong();
    String result;
    try (ScheduledExecutorService reporter = Executors.newSingleThreadScheduledExecutor()) {
      var _ =
          reporter.scheduleAtFixedRate(
              () -> System.out.println("crash states: progress: " + tried + " of " + STATES),
              PROGRESS_S,
              PROGRESS_S,
              TimeUnit.SECONDS);
      result = CrashSuite.run(SEED, STATES, THREADS, tried);
      reporter.shutdownNow();
    }
    System.out.println(
        "crash states, violations: "
            + result.strip()
            + " (-Dtest.seed="
            + SEED
            + " -Dcrash.threads="
            + THREADS
            + ")");
    String[] counts = result.split("\\s", 3);
    Campaign.report("crash", Long.parseLong(counts[0]), Long.parseLong(counts[1]), SEED);
    assertThat(result).startsWith(counts[0] + " 0 ");
    assertThat(Long.parseLong(counts[0])).isGreaterThanOrEqualTo(STATES);
  }
}
