package io.ashlar.store.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class HeapShortageTest {

  private final OutOfMemoryError full = new OutOfMemoryError("of this test");

  /**
   * Another thread frees the heap a while later, which takes longer than attempts without waits.
   */
  @Test
  void shouldWaitForHeapWhileAnInterruptIsPending() throws InterruptedException {
    AtomicBoolean hasHeap = new AtomicBoolean();
    CountDownLatch begun = new CountDownLatch(1);
    Thread other =
        Thread.ofPlatform()
            .start(() -> {
              Uninterrupted.run(begun::await);
              Uninterrupted.sleep(this, 100_000_000);
              hasHeap.set(true);
            });
    Thread.currentThread().interrupt();
    begun.countDown();
    boolean gaveUp = false;
    int attempts = 0;
    while (!gaveUp && !hasHeap.get()) {
      try {
        HeapShortage.await(attempts++, full);
      } catch (OutOfMemoryError e) {
        gaveUp = true;
      }
    }
    assertThat(Thread.interrupted()).as("the interrupt is still pending").isTrue();
    assertThat(gaveUp).as("gave up after attempts=%s", attempts).isFalse();
    assertThat(attempts).isPositive();
    other.join();
  }

  @Test
  void shouldThrowTheFailureAfterTheLastAttempt() {
    assertThatThrownBy(() -> HeapShortage.await(1_000, full)).isSameAs(full);
  }
}
