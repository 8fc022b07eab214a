package io.ashlar.store.background;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.metrics.StoreCounters;
import io.ashlar.store.spi.BackgroundWork;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 120, unit = TimeUnit.SECONDS)
class GovernorTest {

  private static final long MS = 1_000_000;
  private static final long SECOND = 1000 * MS;
  private static final long QUICK_NS = 100_000;
  private static final long SLOW_NS = 50 * MS;

  private final long seed = Long.getLong("test.seed", 20_261_201);
  private final AtomicLong clockNs = new AtomicLong(new SplittableRandom(seed).nextLong());
  private final AtomicLong cpuNs = new AtomicLong();
  private final StoreCounters counters = new StoreCounters(clockNs::get);

  private Governor governor(long bytesPerSecondMax, int processorPercentMax, boolean waits) {
    return new Governor(
        new Governor.Ceilings(bytesPerSecondMax, processorPercentMax, 2),
        counters.latency,
        new Governor.Clocks(clockNs::get, cpuNs::get, waits));
  }

  private Governor governor() {
    return governor(0, 100, false);
  }

  /** Lets time pass, in which commits of one length end. */
  private void commits(long ns, int count, long eachNs) {
    for (int i = 0; i < count; i++) {
      clockNs.addAndGet(ns / count);
      counters.epochs.increment();
      counters.latency.told(eachNs, clockNs.get());
      counters.stalls.committed(clockNs.get() - eachNs, clockNs.get(), clockNs.get());
    }
    clockNs.addAndGet(ns - ns / count * count);
  }

  /** Does a step of a millisecond beside commits, and returns how long the rest after it is. */
  private long restAfterStep(PacedWork work, int commits, long eachNs) {
    commits(MS, commits, eachNs);
    work.endStep(0);
    return work.restNs();
  }

  /** Rests, beside commits. */
  private void rest(PacedWork work, int commitsPerMs, long eachNs) {
    long ns = work.restNs();
    commits(ns, (int) Math.max(1, commitsPerMs * ns / MS), eachNs);
    work.rest();
  }

  @Test
  void shouldKeepTheBytesOfAllWorkBelowTheCeiling() {
    Governor governor = governor(1 << 20, 100, false);
    PacedWork[] works = {governor.begin(), governor.begin(), governor.begin()};
    long[] due = new long[works.length];
    SplittableRandom random = new SplittableRandom(seed);
    long startNs = clockNs.get();
    long moved = 0;
    for (int step = 0; step < 2_000; step++) {
      int next = 0;
      for (int i = 1; i < works.length; i++) {
        next = due[i] - due[next] < 0 ? i : next;
      }
      clockNs.accumulateAndGet(startNs + due[next], (now, at) -> at - now > 0 ? at : now);
      clockNs.addAndGet(random.nextInt(100_000));
      long bytes = random.nextInt(1 << 18);
      works[next].endStep(bytes);
      moved += bytes;
      due[next] = clockNs.get() - startNs + works[next].restNs();
      double seconds = (double) (clockNs.get() - startNs) / SECOND;
      assertThat(moved)
          .as("each piece of work may be one step ahead: seed=%d", seed)
          .isLessThanOrEqualTo((long) (seconds * (1 << 20)) + works.length * (1L << 18));
    }
    double seconds = (double) (clockNs.get() - startNs) / SECOND;
    assertThat(moved).as("and use it").isGreaterThan((long) (0.95 * seconds * (1 << 20)));
  }

  @Test
  void shouldKeepTheProcessorTimeOfAllWorkBelowTheCeiling() {
    Governor governor = governor(0, 25, false); // of two processors: half of one
    PacedWork first = governor.begin();
    PacedWork second = governor.begin();
    clockNs.addAndGet(4 * MS);
    cpuNs.addAndGet(3 * MS);
    first.endStep(0);
    assertThat(first.restNs()).as("3 ms may take 6").isEqualTo(2 * MS);
    second.endStep(0);
    assertThat(second.restNs()).as("it waits for what the first used, too").isEqualTo(8 * MS);
    clockNs.addAndGet(8 * MS);
    assertThat(second.restNs()).isZero();
  }

  @Test
  void shouldNotSlowWorkWithoutCommits() {
    commits(100 * MS, 1_000, QUICK_NS);
    clockNs.addAndGet(10 * SECOND);
    PacedWork work = governor().begin();
    for (int i = 0; i < 1_000; i++) {
      clockNs.addAndGet(MS);
      work.endStep(1 << 20);
      assertThat(work.restNs()).isZero();
    }
    assertThat(work.stepBytesMax()).isEqualTo(BackgroundWork.STEP_BYTES_MAX);
  }

  @Test
  void shouldNotTakeTheStoresOwnEpochsForCommits() {
    PacedWork work = governor().begin();
    for (int i = 0; i < 1_000; i++) {
      counters.latency.countOwn();
      commits(MS, 1, SLOW_NS);
      work.endStep(1 << 20);
      assertThat(work.restNs()).isZero();
    }
  }

  @Test
  void shouldRestAsLongAsItWorksWhileCommitsGoOn() {
    PacedWork work = governor().begin();
    assertThat(restAfterStep(work, 10, QUICK_NS)).isEqualTo(MS);
    assertThat(work.stepBytesMax()).isLessThan(BackgroundWork.STEP_BYTES_MAX);
    rest(work, 10, QUICK_NS);
    assertThat(restAfterStep(work, 10, QUICK_NS)).isEqualTo(MS);
  }

  @Test
  void shouldTakeTurnsWhileCommitsGoOn() {
    Governor governor = governor();
    PacedWork first = governor.begin();
    PacedWork second = governor.begin();
    PacedWork third = governor.begin();
    assertThat(restAfterStep(first, 10, QUICK_NS)).isEqualTo(MS);
    second.endStep(0);
    third.endStep(0);
    assertThat(second.restNs()).as("a step of the first, and a rest").isEqualTo(3 * MS);
    assertThat(third.restNs()).isEqualTo(5 * MS);
  }

  @Test
  void shouldYieldToSlowCommitsAndRecover() {
    Governor governor = governor();
    commits(SECOND, 10_000, QUICK_NS); // what is usual
    PacedWork work = governor.begin();
    for (int i = 0; i < 200; i++) {
      assertThat(restAfterStep(work, 10, QUICK_NS)).isEqualTo(MS);
      rest(work, 10, QUICK_NS);
    }
    long most = 0;
    for (int i = 0; i < 200; i++) {
      most = Math.max(most, restAfterStep(work, 10, i % 2 == 0 ? SLOW_NS : QUICK_NS));
      rest(work, 10, QUICK_NS);
    }
    assertThat(most).isEqualTo((long) (YieldLevel.LEVEL_MAX * MS));
    for (int i = 0; i < 1_000; i++) {
      most = restAfterStep(work, 10, QUICK_NS);
      rest(work, 10, QUICK_NS);
    }
    assertThat(most).as("commits are as quick as ever").isEqualTo(MS);
  }

  /** Lets time pass, in which one of 20 commits is slow. */
  private void mixedCommits(long ns) {
    commits(ns / 2, 19, QUICK_NS);
    commits(ns - ns / 2, 1, SLOW_NS);
  }

  @Test
  void shouldNotYieldMoreForCommitsThatAreAlwaysAsSlow() {
    Governor governor = governor();
    for (int i = 0; i < 20; i++) {
      assertThat(governor.begin().restNs()).isZero();
      for (int ms = 0; ms < 1_000; ms++) {
        mixedCommits(MS); // beside nothing: what is usual
      }
    }
    PacedWork work = governor.begin();
    for (int i = 0; i < 1_000; i++) {
      mixedCommits(MS);
      work.endStep(0);
      assertThat(work.restNs()).isEqualTo(MS);
      mixedCommits(MS);
      work.rest();
    }
  }

  @Test
  void shouldAlwaysMakeProgress() {
    Governor governor = governor();
    PacedWork[] works = new PacedWork[8];
    for (int i = 0; i < works.length; i++) {
      works[i] = governor.begin();
    }
    for (int i = 0; i < 1_000; i++) {
      for (PacedWork work : works) {
        assertThat(restAfterStep(work, 10, SLOW_NS)).isBetween(1L, Governor.YIELD_NS_MAX);
      }
    }
  }

  @Test
  void shouldRestNoLongerThanItsStepBeforeWorkThatCommitsWillWaitFor() {
    Governor governor = governor(1, 1, false); // ceilings that would stop it
    PacedWork other = governor.begin();
    PacedWork ahead = governor.beginAhead();
    for (int i = 0; i < 100; i++) {
      commits(MS, 10, SLOW_NS);
      cpuNs.addAndGet(MS);
      ahead.endStep(1 << 20);
      assertThat(ahead.restNs()).isBetween(1L, MS);
      rest(ahead, 10, SLOW_NS);
    }
    other.endStep(1);
    assertThat(other.restNs()).as("what it did counts").isGreaterThan(SECOND << 20);
  }

  @Test
  void shouldNeverRestOnceACommitWaitsForTheWork() {
    Governor governor = governor(1, 1, true);
    PacedWork work = governor.begin();
    work.hurry();
    for (int i = 0; i < 100; i++) {
      commits(MS, 10, SLOW_NS);
      cpuNs.addAndGet(MS);
      work.rest(1 << 20);
      assertThat(work.restNs()).isZero();
    }
    assertThat(work.stepBytesMax()).isEqualTo(BackgroundWork.STEP_BYTES_MAX);
  }

  /** Rests on a thread of its own, as long as a ceiling of a byte a second demands. */
  private static Thread resting(
      Governor governor, @Nullable AtomicBoolean interrupted, PacedWork[] work) {
    CountDownLatch begun = new CountDownLatch(1);
    Thread thread =
        new Thread(() -> {
          work[0] = interrupted == null ? governor.begin() : governor.beginInterruptible();
          begun.countDown();
          work[0].rest(1 << 30);
          if (interrupted != null) {
            interrupted.set(Thread.currentThread().isInterrupted());
          }
        });
    thread.start();
    try {
      begun.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    return thread;
  }

  @Test
  void shouldEndARestWhenTheStoreIsClosed() throws InterruptedException {
    Governor governor = governor(1, 100, true);
    PacedWork[] work = new PacedWork[1];
    Thread thread = resting(governor, null, work);
    assertThat(work[0].isOver()).isFalse();
    governor.close();
    thread.join();
    assertThat(work[0].isOver()).isTrue();
    governor.begin().rest(1 << 30); // returns
  }

  @Test
  void shouldEndARestThatIsHurried() throws InterruptedException {
    PacedWork[] work = new PacedWork[1];
    Thread thread = resting(governor(1, 100, true), null, work);
    work[0].hurry();
    thread.join();
  }

  @Test
  void shouldEndARestOfATierByAnInterruptThatStaysPending() throws InterruptedException {
    AtomicBoolean interrupted = new AtomicBoolean();
    Thread thread = resting(governor(1, 100, true), interrupted, new PacedWork[1]);
    thread.interrupt();
    thread.join();
    assertThat(interrupted).isTrue();
  }

  @Test
  void shouldKeepAnInterruptFromEndingAnotherRest() throws InterruptedException {
    Governor governor = governor(1, 100, true);
    AtomicBoolean closed = new AtomicBoolean();
    AtomicBoolean early = new AtomicBoolean();
    Thread thread =
        new Thread(() -> {
          Thread.currentThread().interrupt();
          governor.begin().rest(1 << 30);
          early.set(!closed.get() || !Thread.currentThread().isInterrupted());
        });
    thread.start();
    thread.join(50); // whether it still rests is what is asked, not how long this took
    closed.set(true);
    governor.close();
    thread.join();
    assertThat(early).isFalse();
  }

  @Test
  void shouldKeepACeilingOfTheWorksOwn() {
    PacedWork work = governor().begin(4096);
    for (int i = 1; i <= 100; i++) {
      work.endStep(4096);
      assertThat(work.restNs()).isEqualTo(SECOND);
      clockNs.addAndGet(SECOND);
    }
    clockNs.addAndGet(10 * SECOND);
    work.endStep(8 * 4096);
    assertThat(work.restNs()).as("on average since it began").isZero();
  }
}
