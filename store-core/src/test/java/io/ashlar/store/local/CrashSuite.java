package io.ashlar.store.local;

import io.ashlar.store.StoreException;
import io.ashlar.store.disk.CrashImages;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.store.local.StoreLife.History;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Crashes a scripted workload at every write and sync boundary, with every kind of damage to what
 * was not durable, opens what is left, and holds it against the model:
 *
 * <ul>
 *   <li>what is kept is the state after one epoch: at or past the last acknowledged one, at or
 *       before the last begun one (G1, G2, G3), at the end of a group (L4);
 *   <li>every blob reads exactly (G4) and every block is accounted for once (G13);
 *   <li>the store goes on from there, and survives crashes in that life, its recovery included
 *       (G9).
 * </ul>
 *
 * <p>Only primitives and strings cross its entry point, so that it can run over classes with a
 * planted bug, loaded apart.
 */
public final class CrashSuite {

  private static final int GROUPS = 24;
  private static final int DEPTH_MAX = 3;
  private static final int VIOLATIONS_KEPT = 5;

  private final SplittableRandom random;
  private final long statesMax;
  private final List<String> violations = new ArrayList<>();
  private long states;
  private long violationCount;

  private CrashSuite(long seed, long statesMax) {
    random = new SplittableRandom(seed);
    this.statesMax = statesMax;
  }

  /**
   * Tries crash states until there were {@code statesMax}, or one violated a promise and {@code
   * stopAtFirst}.
   *
   * @return "states violations", then a line for each of the first violations.
   */
  public static String run(long seed, long statesMax, boolean stopAtFirst) {
    CrashSuite suite = new CrashSuite(seed, statesMax);
    while (suite.states < statesMax && !(stopAtFirst && suite.violationCount > 0)) {
      suite.tryLife(suite.random.nextLong(), stopAtFirst);
    }
    return suite.states + " " + suite.violationCount + "\n" + String.join("\n", suite.violations);
  }

  private void tryLife(long lifeSeed, boolean stopAtFirst) {
    SimulatedDisk disk = new SimulatedDisk();
    disk.shuffleCompletions(lifeSeed);
    History history = new History();
    try (StoreLife.Opened opened = StoreLife.openOn(disk, lifeSeed)) {
      LocalBlobStore store = opened.store();
      StoreLife life = StoreLife.over(disk, history, opened, lifeSeed);
      life.run(GROUPS);
      String wrong = StoreLife.difference(store, history.states.getLast());
      if (wrong != null) {
        violate(lifeSeed, "live, without a crash: " + wrong);
      }
    } catch (RuntimeException | AssertionError e) {
      violate(lifeSeed, "live, without a crash: " + describe(e));
    }
    boolean flush = random.nextBoolean();
    SplittableRandom choice = random.split();
    long _ =
        CrashImages.forEach(
            disk,
            flush,
            lifeSeed,
            10,
            crash -> {
              if (choice.nextInt(4) != 0
                  || states >= statesMax
                  || (stopAtFirst && violationCount > 0)) {
                return;
              }
              String wrong = check(crash, history, 0, 0, choice.nextInt(8) == 0 ? DEPTH_MAX : 1);
              if (wrong != null) {
                violate(lifeSeed, "flush=" + flush + ", " + crash + ": " + wrong);
              }
            });
  }

  private void violate(long lifeSeed, String what) {
    violationCount++;
    if (violations.size() < VIOLATIONS_KEPT) {
      violations.add("life=" + lifeSeed + ": " + what);
    }
  }

  private static String describe(Throwable e) {
    StackTraceElement[] trace = e.getStackTrace();
    return e + (trace.length > 0 ? " at " + trace[0] : "");
  }

  /** Opens what a crash left; returns what is wrong, or null. */
  private @Nullable String check(
      CrashImages.Crash crash, History history, long ackedBefore, long begunBefore, int depth) {
    states++;
    long acked = ackedBefore;
    long begun = begunBefore;
    for (Object mark : crash.marks()) {
      if (mark instanceof StoreLife.Acked(long epoch)) {
        acked = Math.max(acked, epoch);
      } else if (mark instanceof StoreLife.Begun(long epoch)) {
        begun = Math.max(begun, epoch);
      }
    }
    SimulatedDisk disk = SimulatedDisk.of(crash.image());
    long kept;
    History continued;
    try (StoreLife.Opened opened = StoreLife.openOn(disk, crash.seed())) {
      LocalBlobStore store = opened.store();
      kept = store.recoveryReport().lastEpoch();
      if (kept < acked || kept > begun) {
        return "kept epoch " + kept + ", acknowledged " + acked + ", begun " + begun;
      }
      if (kept < history.states.size() - 1 && !history.groupEnds.contains(kept)) {
        return "kept epoch " + kept + " is inside a group";
      }
      String wrong = StoreLife.difference(store, history.states.get((int) kept));
      if (wrong != null) {
        return "epoch " + kept + ": " + wrong;
      }
      continued = history.upTo(kept);
      StoreLife life = StoreLife.over(disk, continued, opened, crash.seed());
      life.run(depth > 1 ? 6 : 2);
      wrong = StoreLife.difference(store, continued.states.getLast());
      if (wrong != null) {
        return "in the life after epoch " + kept + ": " + wrong;
      }
    } catch (StoreException e) {
      return "refused: " + describe(e);
    } catch (RuntimeException | AssertionError e) {
      return "threw: " + describe(e);
    }
    return depth > 1 ? crashAgain(disk, continued, kept, crash.seed(), depth - 1) : null;
  }

  /** Crashes the life that followed, its recovery included, at some points. */
  private @Nullable String crashAgain(
      SimulatedDisk disk, History history, long kept, long seed, int depth) {
    SplittableRandom choice = new SplittableRandom(seed);
    CrashImages.Damage[] kinds = CrashImages.Damage.values();
    int points = disk.events().size() + 1;
    for (int i = 0; i < 4; i++) {
      int point = i == 0 ? choice.nextInt(Math.min(points, 8)) : choice.nextInt(points);
      CrashImages.Crash crash =
          CrashImages.at(
              disk,
              choice.nextBoolean(),
              point,
              kinds[choice.nextInt(kinds.length)],
              choice.nextLong());
      String wrong = check(crash, history, kept, kept, depth);
      if (wrong != null) {
        return "then " + crash + ": " + wrong;
      }
    }
    return null;
  }
}
