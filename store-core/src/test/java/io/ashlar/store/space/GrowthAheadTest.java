package io.ashlar.store.space;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.background.Governors;
import io.ashlar.store.disk.DiskEvent;
import io.ashlar.store.disk.GuardedDisk;
import io.ashlar.store.disk.InjectedFailure;
import io.ashlar.store.disk.InjectedFailure.Kind;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.metrics.StoreCounters;
import io.ashlar.uring.Errno;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Growth that runs when the test lets it, so that what is used meanwhile is known. */
public class GrowthAheadTest {

  private static final long PART = Blocks.count(2 << 20);
  private static final long STEP = 4 * PART;
  private static final long FILE = 4096;

  private final SimulatedDisk disk = new SimulatedDisk();
  private final Poison poison = new Poison();
  private final ExtentAllocator allocator = new ExtentAllocator();
  private final Deque<Runnable> growths = new ArrayDeque<>();
  private final DataFile file;
  private final BlockSpace space;
  private boolean atOnce;

  GrowthAheadTest() {
    disk.truncate(Blocks.offset(FILE));
    allocator.addFree(0, FILE);
    GuardedDisk guarded = new GuardedDisk(disk, poison, new StoreCounters());
    file = new DataFile(guarded, this::begin, Governors.unpaced(), STEP, FILE, 0);
    space = new BlockSpace(allocator, file, poison, 20);
    space.beforeWaiting(this::runGrowths);
  }

  @AfterEach
  void close() {
    runGrowths();
    file.close();
    disk.close();
  }

  private void begin(Runnable growth) {
    if (atOnce) {
      growth.run();
    } else {
      growths.add(growth);
    }
  }

  private void runGrowths() {
    while (!growths.isEmpty()) {
      growths.remove().run();
    }
  }

  /** Uses all but a few blocks of the file. */
  private void useUp() {
    long _ = space.allocate(FILE - 10);
    space.growAhead();
    assertThat(growths).hasSize(1);
  }

  @Test
  void shouldHandOutEachPartOfAStepOnceItIsSynced() {
    useUp();
    List<Long> lengths = new ArrayList<>();
    disk.during(
        Kind.WRITE,
        () -> {
          space.takeGrown();
          if (lengths.isEmpty() || lengths.getLast() < space.fileBlocks()) {
            lengths.add(space.fileBlocks());
          }
        });
    runGrowths();
    assertThat(lengths).containsExactly(FILE, FILE + PART, FILE + 2 * PART, FILE + 3 * PART);
    space.takeGrown();
    assertThat(space.fileBlocks()).isEqualTo(FILE + STEP);
    assertThat(space.freeBlocks()).isEqualTo(10 + STEP);
  }

  @Test
  void shouldHandOutNothingThatIsNotSynced() {
    useUp();
    List<Long> unsynced = new ArrayList<>();
    disk.during(
        Kind.SYNC,
        () -> {
          space.takeGrown();
          long usable = Blocks.offset(space.fileBlocks());
          Set<Integer> completed = new HashSet<>();
          for (DiskEvent event : disk.events().reversed()) {
            if (event instanceof DiskEvent.Completed end) {
              completed.add(end.id());
            }
            if (event instanceof DiskEvent.Sync sync && completed.contains(sync.id())) {
              break;
            }
            if (event instanceof DiskEvent.Write write && write.offset() < usable) {
              unsynced.add(write.offset());
            }
          }
        });
    runGrowths();
    assertThat(unsynced).as("L29: zeroes that may be lost").isEmpty();
    assertThat(disk.count(Kind.SYNC)).isGreaterThan(4);
  }

  @Test
  void shouldKeepThePartsThatWereFilledBeforeAFailure() {
    useUp();
    disk.fail(InjectedFailure.once(Kind.WRITE, 2 * (2 << 20) / (256 << 10), Errno.EIO));
    runGrowths();
    assertThat(disk.size()).isEqualTo(Blocks.offset(FILE + 2 * PART));
    space.takeGrown();
    assertThat(space.fileBlocks()).isEqualTo(FILE + 2 * PART);
    assertThat(poison.isSet()).isFalse();
    assertThat(space.allocate(2 * PART)).isNotNegative();
    assertThat(space.allocate(2 * PART)).as("it grows again from there").isNotNegative();
    assertThat(disk.size()).isEqualTo(Blocks.offset(space.fileBlocks()));
  }

  /** Enough is free, but no run is long enough for the log: it would have to wait for growth. */
  @Test
  void shouldGrowAheadThoughPlentyIsFreeWhereTheLogCanUseNothingOfIt() {
    space.noteGroup(1 << 20);
    long _ = space.allocate(FILE);
    for (long block = 0; block + 10 <= FILE; block += 10) {
      space.free(block, BlockSpace.RUN_BLOCKS_MIN - 1);
    }
    assertThat(space.hasPlenty()).isTrue();
    space.growAhead();
    assertThat(growths).hasSize(1);
    runGrowths();
    space.takeGrown();
    space.growAhead();
    assertThat(growths).as("half a step is enough").isEmpty();
  }

  @Test
  void shouldStayInHolesThatTheLogCanUseWhilePlentyIsFree() {
    space.noteGroup(1 << 20);
    long _ = space.allocate(FILE);
    for (long block = 0; block + 10 <= FILE; block += 10) {
      space.free(block, 7);
    }
    space.free(7, 1);
    space.outOfHoles();
    assertThat(growths).isEmpty();
  }

  /** G11: when growth runs, and when its parts are taken, does not show in the file's length. */
  @Test
  void shouldEndAtTheSameLengthWheneverGrowthRuns() {
    long seed = Long.getLong("test.seed", System.nanoTime());
    Set<Long> lengths = new HashSet<>();
    for (int run = 0; run < 20; run++) {
      lengths.add(lengthAfterWork(seed, run));
    }
    assertThat(lengths).as("-Dtest.seed=%d", seed).hasSize(1);
  }

  private static long lengthAfterWork(long seed, int run) {
    GrowthAheadTest test = new GrowthAheadTest();
    SplittableRandom sizes = new SplittableRandom(seed);
    SplittableRandom moments = new SplittableRandom(run);
    test.disk.during(
        Kind.WRITE,
        () -> {
          if (moments.nextInt(4) == 0) {
            test.space.takeGrown();
            test.space.growAhead();
          }
        });
    for (int i = 0; i < 60; i++) {
      assertThat(test.space.allocate(1 + sizes.nextInt(500))).isNotNegative();
      test.space.growAhead();
      if (run == 0 || moments.nextInt(8) == 0) {
        test.runGrowths();
      }
    }
    test.runGrowths();
    test.atOnce = true;
    test.space.settleGrowth();
    long length = test.space.fileBlocks();
    assertThat(test.disk.size()).isEqualTo(Blocks.offset(length));
    test.close();
    return length;
  }
}
