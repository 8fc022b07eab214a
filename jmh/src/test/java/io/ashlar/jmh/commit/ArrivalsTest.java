package io.ashlar.jmh.commit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.jmh.contest.Cell;
import io.ashlar.jmh.peer.PeerWriter;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class ArrivalsTest {

  private static final long MS_NS = TimeUnit.MILLISECONDS.toNanos(1);
  private static final int VALUE_BYTES = 4096;
  private static final Cell ONE = new Cell("one", 1, 1, VALUE_BYTES, 64 * VALUE_BYTES, 0);
  private static final Cell TWO = new Cell("two", 2, 1, VALUE_BYTES, 64 * VALUE_BYTES, 0);

  @Test
  void shouldTakeTurnsAmongThreads() {
    Arrivals arrivals = new Arrivals(1000);
    assertThat(arrivals.dueNs(7, 0, 2, 0)).isEqualTo(7);
    assertThat(arrivals.dueNs(7, 1, 2, 0)).isEqualTo(7 + MS_NS);
    assertThat(arrivals.dueNs(7, 0, 2, 1)).isEqualTo(7 + 2 * MS_NS);
    assertThat(arrivals.dueNs(7, 1, 2, 10_000_000)).isEqualTo(7 + 20_000_001 * MS_NS);
  }

  @Test
  void shouldRefuseWhatIsNoRate() {
    for (double perS : new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThatThrownBy(() -> new Arrivals(perS)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void shouldMakeEveryCommitThatIsDueAndNoMore() {
    AtomicInteger commits = new AtomicInteger();
    PeerWriter writer = batch -> commits.incrementAndGet();
    Histogram latencies = SliceThreads.newHistogram();
    try (SliceThreads threads = new SliceThreads(TWO, 1, new Arrivals(1000))) {
      SliceThreads.Outcome outcome = threads.run(List.of(writer, writer), 100 * MS_NS, latencies);
      assertThat(outcome.operations()).isEqualTo(100).isEqualTo(latencies.getTotalCount());
      assertThat(outcome.elapsedNs()).isGreaterThanOrEqualTo(99 * MS_NS);
    }
    assertThat(commits.get()).isBetween(1, 100); // a machine that stands still leaves some out
  }

  /** A closed loop would count one slow commit; all that were due meanwhile have waited too. */
  @Test
  void shouldCountAStallForEveryCommitThatWasDueDuringIt() {
    AtomicInteger commits = new AtomicInteger();
    PeerWriter writer =
        batch -> {
          if (commits.getAndIncrement() == 10) {
            pause(60 * MS_NS);
          }
        };
    Histogram latencies = SliceThreads.newHistogram();
    try (SliceThreads threads = new SliceThreads(ONE, 1, new Arrivals(1000))) {
      threads.run(List.of(writer), 100 * MS_NS, latencies);
    }
    assertThat(latencies.getTotalCount()).isEqualTo(100);
    long half = latencies.getCountBetweenValues(30 * MS_NS, latencies.getMaxValue());
    assertThat(half).isGreaterThanOrEqualTo(28);
  }

  /** The store never catches up, so what it has not done counts as lasting until the end. */
  @Test
  void shouldCountWhatAStoreLeftUndone() {
    PeerWriter writer = batch -> pause(40 * MS_NS);
    Histogram latencies = SliceThreads.newHistogram();
    try (SliceThreads threads = new SliceThreads(ONE, 1, new Arrivals(1000))) {
      SliceThreads.Outcome outcome = threads.run(List.of(writer), 100 * MS_NS, latencies);
      assertThat(outcome.operations()).isEqualTo(100);
    }
    assertThat(latencies.getMaxValue()).isGreaterThan(100 * MS_NS);
    assertThat(latencies.getValueAtPercentile(50)).isGreaterThan(100 * MS_NS);
  }

  private static void pause(long ns) {
    long end = System.nanoTime() + ns;
    while (System.nanoTime() - end < 0) {
      LockSupport.parkNanos(end - System.nanoTime());
    }
  }
}
