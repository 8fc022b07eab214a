package io.ashlar.uring;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 120, unit = TimeUnit.SECONDS)
class ThreadClockTest {

  @Test
  void shouldCountTheTimeThatThisThreadComputes() throws InterruptedException {
    long before = ThreadClock.cpuNs();
    assertThat(before).isPositive();
    long now = before;
    while (now - before < 2_000_000) { // ends only if computing counts
      now = ThreadClock.cpuNs();
    }
    long[] other = new long[1];
    Thread thread = new Thread(() -> other[0] = ThreadClock.cpuNs());
    thread.start();
    thread.join();
    assertThat(other[0]).as("each thread has a clock of its own").isNotEqualTo(now);
    assertThat(ThreadClock.cpuNs()).isGreaterThanOrEqualTo(now);
  }
}
