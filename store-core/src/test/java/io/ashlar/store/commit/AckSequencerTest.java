package io.ashlar.store.commit;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.disk.Poison;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Everybody who waits for a group is woken, whoever wakes him (G10). */
@Timeout(60)
class AckSequencerTest {

  private static final int EPOCHS_MAX = 64;

  private final AckSequencer acks =
      new AckSequencer(0, new Poison(), new EpochBufferPool(EPOCHS_MAX, new HeldQuota(0)));

  @ParameterizedTest
  @ValueSource(ints = {1, 2, AckSequencer.LARGE_GROUP - 1, AckSequencer.LARGE_GROUP, 37, 64})
  void shouldWakeAllWhoWaitForAGroup(int count) throws InterruptedException {
    for (int round = 0; round < 20; round++) {
      EpochBuffer[] group = new EpochBuffer[count];
      List<Thread> threads = new ArrayList<>();
      CountDownLatch waiting = new CountDownLatch(count);
      AtomicInteger woken = new AtomicInteger();
      for (int i = 0; i < count; i++) {
        EpochBuffer epoch = new EpochBuffer();
        group[i] = epoch;
        Thread thread =
            new Thread(() -> {
              epoch.expectHere();
              waiting.countDown();
              epoch.outcome().await();
              woken.incrementAndGet();
            });
        thread.setDaemon(true);
        threads.add(thread);
        thread.start();
      }
      waiting.await();
      for (Thread thread : threads) {
        while (round % 2 == 0 && thread.getState() != Thread.State.WAITING) {
          Thread.onSpinWait(); // so that a wake-up that nobody gives is missed
        }
      }
      acks.ackDurable(group, count);
      acks.deliver();
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(woken).hasValue(count);
    }
  }

  /** A thread that looks by itself need not wait for the one that should wake it. */
  @Test
  void shouldHavePublishedEveryOutcomeOnceItIsDelivered() {
    EpochBuffer[] group = new EpochBuffer[EPOCHS_MAX];
    for (int i = 0; i < group.length; i++) {
      group[i] = new EpochBuffer();
      group[i].expectHere();
    }
    acks.ackDurable(group, group.length);
    acks.deliver();
    for (int i = group.length - 1; i >= 0; i--) {
      group[i].outcome().await();
    }
    assertThat(acks.hasUndelivered()).isFalse();
  }
}
