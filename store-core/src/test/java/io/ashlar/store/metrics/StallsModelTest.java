package io.ashlar.store.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.StallCause;
import io.ashlar.store.StallStats;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What stalls are split into, compared with a sum over all that the role ever did. */
@Timeout(120)
class StallsModelTest {

  private static final long SEED = Long.getLong("test.seed", 20_261_201);
  private static final int LIVES = 200;
  private static final int SPAN = 200;
  private static final int NOTES = 3_000_000;
  private static final int ACTIVITIES_MAX = 400; // fewer than are kept

  private record Activity(StallCause cause, long beginNs, long endNs) {

    long overlapNs(long fromNs, long toNs) {
      return Math.max(0, Math.min(endNs, toNs) - Math.max(beginNs, fromNs));
    }
  }

  private static long lengthNs(SplittableRandom random) {
    return switch (random.nextInt(4)) {
      case 0 -> 0;
      case 1 -> RoleTimeline.NOTED_NS_MIN + random.nextInt(100_000);
      case 2 -> random.nextInt(2_000_000) + RoleTimeline.NOTED_NS_MIN;
      default -> Stalls.STALL_NS;
    };
  }

  @Test
  void shouldSplitEachStallIntoWhatTheRoleDid() {
    for (int life = 0; life < LIVES; life++) {
      checkLife(new SplittableRandom(SEED + life));
    }
  }

  private static void checkLife(SplittableRandom random) {
    AtomicLong clockNs = new AtomicLong(random.nextLong());
    StoreCounters counters = new StoreCounters(clockNs::get);
    List<Activity> done = new ArrayList<>();
    StallCause current = StallCause.SCHEDULING;
    for (int i = random.nextInt(ACTIVITIES_MAX); i > 0; i--) {
      StallCause next = StallCause.values()[random.nextInt(StallCause.values().length)];
      long beginNs = clockNs.get();
      clockNs.addAndGet(lengthNs(random));
      assertThat(counters.timeline.enter(next)).isEqualTo(current);
      done.add(new Activity(current, beginNs, clockNs.get()));
      current = next;
    }
    long[] totals = new long[StallCause.values().length];
    long[] counts = new long[totals.length];
    long[] longest = new long[totals.length];
    for (int i = 0; i < 20 && !done.isEmpty(); i++) {
      int gathered = random.nextInt(done.size());
      int told = gathered + random.nextInt(done.size() - gathered);
      long gatheredNs = done.get(gathered).beginNs();
      long toldNs = done.get(told).beginNs();
      long begunNs = gatheredNs - random.nextInt(4_000_000);
      clockNs.addAndGet(random.nextInt(100_000));
      long[] parts = parts(done, begunNs, gatheredNs, toldNs, clockNs.get());
      counters.stalls.committed(begunNs, gatheredNs, toldNs);
      if (clockNs.get() - begunNs > Stalls.STALL_NS) {
        int most = 0;
        for (int cause = 0; cause < parts.length; cause++) {
          totals[cause] += parts[cause];
          longest[cause] = Math.max(longest[cause], parts[cause]);
          most = parts[cause] > parts[most] ? cause : most;
        }
        counts[most]++;
      }
    }
    long stalls = 0;
    for (StallStats stats : counters.stalls.stats()) {
      int id = stats.cause().id();
      assertThat(stats.totalNs()).as("seed %s, %s", SEED, stats).isEqualTo(totals[id]);
      assertThat(stats.maxNs()).as("seed %s, %s", SEED, stats).isEqualTo(longest[id]);
      stalls += stats.count() - counts[id];
    }
    assertThat(stalls).as("each stall once").isZero();
  }

  private static long[] parts(
      List<Activity> done, long begunNs, long gatheredNs, long toldNs, long endNs) {
    long[] parts = new long[StallCause.values().length];
    long queuedNs = gatheredNs - begunNs;
    long groupNs = toldNs - gatheredNs;
    for (Activity activity : done) {
      StallCause cause = activity.cause();
      boolean common =
          cause == StallCause.WRITE || cause == StallCause.SYNC || cause == StallCause.WORK;
      boolean kept = activity.endNs() - activity.beginNs() >= RoleTimeline.NOTED_NS_MIN;
      if (!kept || cause == StallCause.ROLE) {
        continue;
      }
      if (!common || activity.endNs() - activity.beginNs() >= Stalls.STALL_NS) {
        long ns = activity.overlapNs(begunNs, gatheredNs);
        parts[cause.id()] += ns;
        queuedNs -= ns;
      }
      long ns = activity.overlapNs(gatheredNs, toldNs);
      parts[cause.id()] += ns;
      groupNs -= ns;
    }
    parts[StallCause.ROLE.id()] += queuedNs;
    parts[StallCause.WORK.id()] += groupNs;
    parts[StallCause.SCHEDULING.id()] += endNs - toldNs;
    return parts;
  }

  /** Activity {@code i} lasts from {@code 10 i} to {@code 10 i + 1} units. */
  @Test
  void shouldNeverReadAHalfOfOneNoteAndAHalfOfAnother() throws InterruptedException {
    long unit = RoleTimeline.NOTED_NS_MIN;
    AtomicLong clockNs = new AtomicLong();
    RoleTimeline timeline = new RoleTimeline(clockNs::get);
    AtomicReference<String> wrong = new AtomicReference<>();
    AtomicLong written = new AtomicLong();
    Thread writer =
        Thread.ofPlatform()
            .daemon()
            .start(() -> {
              for (long i = 0; i < NOTES && wrong.get() == null; i++) {
                StallCause cause = i % 2 == 0 ? StallCause.WRITE : StallCause.GROWTH;
                clockNs.setPlain(10 * i * unit);
                // Free meanwhile, which is noted too.
                StallCause _ = timeline.enter(cause);
                clockNs.setPlain((10 * i + 1) * unit);
                StallCause _ = timeline.enter(StallCause.SCHEDULING);
                written.setRelease(i);
              }
            });
    while (writer.isAlive()) {
      // The oldest notes, which are overwritten next: as many as lie in the span, or fewer.
      long first = Math.max(0, written.getAcquire() - RoleTimeline.CAPACITY / 2) & -2;
      long fromNs = 10 * first * unit;
      for (StallCause cause : List.of(StallCause.WRITE, StallCause.GROWTH)) {
        long ns = timeline.overlapNs(cause, fromNs, fromNs + 10 * SPAN * unit, 0);
        if (ns % unit != 0 || ns > SPAN / 2 * unit) {
          wrong.set("first=" + first + ", cause=" + cause + ", ns=" + ns);
        }
      }
    }
    writer.join();
    assertThat(wrong.get()).isNull();
  }
}
