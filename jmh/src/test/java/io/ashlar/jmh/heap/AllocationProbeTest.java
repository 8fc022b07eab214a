package io.ashlar.jmh.heap;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.jmh.contest.Round;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class AllocationProbeTest {

  private static final long ROUND_NS = TimeUnit.MILLISECONDS.toNanos(50);

  private byte[] kept = new byte[0];

  @Test
  void shouldCountWhatAnOperationAllocates() {
    AllocationProbe probe = new AllocationProbe();
    probe.warmUp(() -> kept = new byte[1000], ROUND_NS);
    for (int i = 0; i < 3; i++) {
      probe.round(() -> kept = new byte[1000], ROUND_NS);
    }
    // 1000 bytes, a header of at most 24 and rounding; and what else this JVM does.
    assertThat(probe.rounds().spread(Round::bytesPerOp).median()).isBetween(1000.0, 1100.0);
    assertThat(kept).hasSize(1000);
  }

  @Test
  void shouldCountWhatOtherThreadsAllocateForIt() {
    AllocationProbe probe = new AllocationProbe();
    for (int i = 0; i < 3; i++) {
      probe.round(this::allocateElsewhere, ROUND_NS);
    }
    assertThat(probe.rounds().spread(Round::bytesPerOp).median()).isGreaterThan(1 << 20);
  }

  private void allocateElsewhere() {
    Thread thread = Thread.ofPlatform().start(() -> kept = new byte[1 << 20]);
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void shouldCountNothingForAnOperationThatAllocatesNothing() {
    AllocationProbe probe = new AllocationProbe();
    for (int i = 0; i < 3; i++) {
      probe.round(() -> {}, ROUND_NS);
    }
    assertThat(probe.rounds().spread(Round::bytesPerOp).median()).isLessThan(1);
  }
}
