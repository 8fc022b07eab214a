package io.ashlar.store.commit.group;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.AckListener;
import io.ashlar.store.StoreException;
import io.ashlar.store.commit.epoch.EpochBuffer;
import io.ashlar.store.commit.epoch.EpochBufferPool;
import io.ashlar.store.commit.epoch.HeldQuota;
import io.ashlar.store.commit.epoch.Quota;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.disk.StoreGate;
import io.ashlar.store.metrics.StoreCounters;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every thread that waits for a group is woken (G10). */
@Timeout(60)
class AckSequencerTest {

  private static final int EPOCHS_MAX = 64;

  private final Poison poison = new Poison();
  private final AckSequencer acks =
      new AckSequencer(
          new StoreGate("a test"),
          0,
          poison,
          new EpochBufferPool(EPOCHS_MAX, new HeldQuota(0), new Quota(0), null),
          new StoreCounters());

  @ParameterizedTest
  @ValueSource(ints = {1, 2, AckSequencer.LARGE_GROUP - 1, AckSequencer.LARGE_GROUP, 37, 64})
  @Tag("campaign")
  void shouldWakeAllWhoWaitForAGroup(int count) throws InterruptedException {
    for (int round = 0; round < 20; round++) {
      EpochBuffer[] group = new EpochBuffer[count];
      List<Thread> threads = new ArrayList<>();
      CountDownLatch waiting = new CountDownLatch(count);
      AtomicInteger woken = new AtomicInteger();
      for (int i = 0; i < count; i++) {
        EpochBuffer epoch = new EpochBuffer(new Quota(0));
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
        while (round % 2 == 0 && LockSupport.getBlocker(thread) == null) {
          Thread.onSpinWait(); // so that a wake-up that nobody gives is missed
        }
      }
      acks.ackDurable(group.clone(), count);
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
      group[i] = new EpochBuffer(new Quota(0));
      group[i].expectHere();
    }
    acks.ackDurable(group.clone(), group.length); // it takes them out of the array
    acks.deliver();
    for (int i = group.length - 1; i >= 0; i--) {
      group[i].outcome().await();
    }
    assertThat(acks.hasUndelivered()).isFalse();
  }

  /** The buffer of an epoch that was told may be in use for another. */
  @Test
  void shouldTellAnEpochOnceWhateverFailsBeforeItsGroupEnds() {
    EpochBuffer[] group = new EpochBuffer[3];
    List<String> told = new ArrayList<>();
    for (int i = 0; i < group.length; i++) {
      group[i] = new EpochBuffer(new Quota(0));
      group[i].expectHere();
    }
    group[1].expect(noting(told));
    EpochBuffer[] owners = group.clone();
    acks.ackDurable(group, group.length);
    acks.deliver();
    poison.set(new OutOfMemoryError("planned"));
    acks.failAll(group, group.length);
    assertThat(told).containsExactly("durable");
    owners[0].outcome().await();
    assertThat(owners[0].outcome().failure()).isNull();
    assertThat(owners[2].outcome().failure()).isNull();
  }

  @Test
  void shouldFailAnEpochOnceThatWasNotToldYet() {
    EpochBuffer[] group = {new EpochBuffer(new Quota(0)), new EpochBuffer(new Quota(0))};
    List<String> told = new ArrayList<>();
    group[0].expect(noting(told));
    group[1].expectHere();
    EpochBuffer waiting = group[1];
    poison.set(new OutOfMemoryError("planned"));
    acks.failAll(group, group.length);
    acks.failAll(group, group.length);
    assertThat(told).containsExactly("failed");
    waiting.outcome().await();
    assertThat(waiting.outcome().failure()).isNotNull();
    assertThat(group).containsOnlyNulls();
  }

  private static AckListener noting(List<String> told) {
    return new AckListener() {
      @Override
      public void onDurable(
          long epoch, int putsTotal, int putsFlushed, int deletesTotal, int deletesApplied) {
        told.add("durable");
      }

      @Override
      public void onFailed(StoreException failure) {
        told.add("failed");
      }
    };
  }
}
