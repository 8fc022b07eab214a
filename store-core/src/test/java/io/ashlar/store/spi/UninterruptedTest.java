package io.ashlar.store.spi;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class UninterruptedTest {

  @Test
  void shouldReturnTheResultOfAWaitThatWasInterrupted() {
    CountDownLatch ended = new CountDownLatch(1);
    Thread other =
        Thread.ofPlatform()
            .start(() -> {
              Uninterrupted.sleep(this, 1_000_000);
              ended.countDown();
            });
    Thread.currentThread().interrupt();
    Uninterrupted.run(ended::await);
    assertThat(ended.getCount()).isZero();
    assertThat(Thread.interrupted()).as("the interrupt is still pending").isTrue();
    Uninterrupted.run(other::join);
  }

  @Test
  void shouldSleepThroughAnInterruptThatComesMeanwhile() {
    Thread self = Thread.currentThread();
    AtomicBoolean done = new AtomicBoolean();
    Thread other =
        Thread.ofPlatform()
            .start(() -> {
              self.interrupt();
              LockSupport.unpark(self);
              done.set(true);
              LockSupport.unpark(self);
            });
    Uninterrupted.parkUntil(this, done::get);
    assertThat(Thread.interrupted()).isTrue();
    Uninterrupted.run(other::join);
  }

  @Test
  void shouldEndAWaitAtItsDeadline() {
    assertThat(Uninterrupted.parkUntil(this, () -> false, 1_000, System.nanoTime() + 1_000_000))
        .isFalse();
    assertThat(Uninterrupted.parkUntil(this, () -> true, 1_000, System.nanoTime())).isTrue();
  }
}
