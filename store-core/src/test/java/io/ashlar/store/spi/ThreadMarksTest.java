package io.ashlar.store.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ThreadMarksTest {

  private final ThreadMarks marks = new ThreadMarks();

  @Test
  void shouldMarkAThreadUntilAsManyMarksWereTakenBack() {
    assertThat(marks.isMarked()).isFalse();
    for (int i = 0; i < 50; i++) {
      marks.mark();
    }
    for (int i = 0; i < 50; i++) {
      assertThat(marks.isMarked()).isTrue();
      marks.unmark();
    }
    assertThat(marks.isMarked()).isFalse();
    assertThatThrownBy(marks::unmark).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void shouldKeepManyThreadsApart() throws InterruptedException {
    int count = 200;
    CountDownLatch inside = new CountDownLatch(count);
    AtomicInteger right = new AtomicInteger();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      boolean marked = i % 2 == 0;
      Runnable work =
          () -> {
            if (marked) {
              marks.mark();
            }
            inside.countDown();
            await(inside);
            if (marks.isMarked() == marked) {
              right.incrementAndGet();
            }
            if (marked) {
              marks.unmark();
            }
            if (!marks.isMarked()) {
              right.incrementAndGet();
            }
          };
      threads.add(i % 4 < 2 ? Thread.ofVirtual().start(work) : Thread.ofPlatform().start(work));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(right).hasValue(2 * count);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
