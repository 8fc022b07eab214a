package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CrashTest {

  private static final long SEED = Long.getLong("test.seed", System.nanoTime());
  private static final long STATES = Long.getLong("crash.states", 4_000);

  @Test
  void shouldKeepEveryPromiseInEveryCrashState() {
    String result = CrashSuite.run(SEED, STATES, false);
    System.out.println(
        "crash states, violations: " + result.strip() + " (-Dtest.seed=" + SEED + ")");
    String[] counts = result.split("\\s", 3);
    assertThat(result).startsWith(counts[0] + " 0\n");
    assertThat(Long.parseLong(counts[0])).isGreaterThanOrEqualTo(STATES);
  }
}
