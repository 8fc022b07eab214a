package io.ashlar.store.local;

import io.ashlar.store.StoreException;
import io.ashlar.store.disk.BlockImage;
import io.ashlar.store.disk.CrashImages;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.store.local.StoreLife.History;
import io.ashlar.store.spi.ManifestNotes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Crashes a scripted workload at every write and sync boundary, with every kind of damage to what
 * was not durable, opens what is left, and holds it against the model:
 *
 * <ul>
 *   <li>what is kept is the state after one epoch: at or past the last acknowledged one, at or
 *       before the last begun one (G1, G2, G3), at the end of a group (L4);
 *   <li>the notes of manifests are the last acknowledged ones, or those begun after them (L32);
 *   <li>every blob reads exactly (G4) and every block is accounted for once (G13);
 *   <li>the store goes on from there, and survives crashes in that life, its recovery included
 *       (G9).
 * </ul>
 *
 * <p>A crash is a power cut, or now and then the kill of the process, after which everything
 * written can be read and may still be lost. Now and then the device has lied as well: {@link
 * LyingDevice}.
 *
 * <p>Only primitives and strings cross its entry points, so that it can run over classes with a
 * planted bug, loaded apart. Deterministic: the same seed, count and number of threads try the same
 * states.
 */
public final class CrashSuite {

  private static final int GROUPS = 24;
  private static final int DEPTH_MAX = 3;
  private static final int CRASH_OF = 8; // one of so many images: more lives tell more
  private static final int DEEP_OF = 32;
  private static final int VIOLATIONS_KEPT = 5;

  private final SplittableRandom random;
  private final long statesMax;
  private final boolean stopAtFirst;
  private final AtomicLong progress;
  private final List<String> violations = new ArrayList<>();
  private final Map<String, Long> kinds = new TreeMap<>();
  private long states;
  private long violationCount;

  private CrashSuite(long seed, long statesMax, boolean stopAtFirst, AtomicLong progress) {
    random = new SplittableRandom(seed);
    this.statesMax = statesMax;
    this.stopAtFirst = stopAtFirst;
    this.progress = progress;
  }

  /**
   * Tries crash states until there were {@code statesMax}, or one violated a promise and {@code
   * stopAtFirst}.
   *
   * @return "states violations", then a line for each of the first violations.
   */
  public static String run(long seed, long statesMax, boolean stopAtFirst) {
    CrashSuite suite = new CrashSuite(seed, statesMax, stopAtFirst, new AtomicLong());
    suite.tryLives();
    return suite.states + " " + suite.violationCount + "\n" + String.join("\n", suite.violations);
  }

  /**
   * Tries crash states on several threads, each with a seed of its own.
   *
   * @param progress counts the states tried so far.
   * @return as {@link #run}, with the number of states of each kind in the first line.
   */
  static String run(long seed, long statesMax, int threads, AtomicLong progress)
      throws InterruptedException {
    SplittableRandom seeds = new SplittableRandom(seed);
    List<CrashSuite> suites = new ArrayList<>();
    List<Thread> running = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      CrashSuite suite =
          new CrashSuite(seeds.nextLong(), (statesMax + threads - 1) / threads, false, progress);
      suites.add(suite);
      running.add(Thread.ofPlatform().name("crash-" + i).start(suite::tryLives));
    }
    for (Thread thread : running) {
      thread.join();
    }
    long states = 0;
    long violationCount = 0;
    List<String> violations = new ArrayList<>();
    Map<String, Long> kinds = new TreeMap<>();
    for (CrashSuite suite : suites) {
      states += suite.states;
      violationCount += suite.violationCount;
      violations.addAll(suite.violations);
      suite.kinds.forEach((kind, count) -> kinds.merge(kind, count, Long::sum));
    }
    return states + " " + violationCount + " " + kinds + "\n" + String.join("\n", violations);
  }

  private void tryLives() {
    try {
      while (!isDone()) {
        tryLife(random.nextLong());
      }
    } catch (RuntimeException | Error e) {
      violate(0, "the suite itself: " + describe(e));
    }
  }

  private boolean isDone() {
    return states >= statesMax || (stopAtFirst && violationCount > 0);
  }

  private void tryLife(long lifeSeed) {
    SimulatedDisk disk = new SimulatedDisk();
    disk.shuffleCompletions(lifeSeed);
    History history = new History();
    boolean full = random.nextInt(8) == 0;
    try (StoreLife.Opened opened = StoreLife.openOn(disk, lifeSeed)) {
      DataFileStore store = opened.store();
      StoreLife life = StoreLife.over(disk, history, opened, lifeSeed);
      if (full) {
        disk.limitSize(disk.size() + random.nextInt(64 << 10));
        StoreException failure = life.runUntilFailure(2 * GROUPS);
        if (failure != null) {
          violate(lifeSeed, "live, on a full disk: " + describe(failure));
        }
      } else {
        life.run(GROUPS);
      }
      String wrong = StoreLife.difference(store, history.states.getLast());
      if (wrong != null) {
        violate(lifeSeed, "live, without a crash: " + wrong);
      }
    } catch (RuntimeException | AssertionError e) {
      violate(lifeSeed, "live, without a crash: " + describe(e));
    }
    count(full ? "life on a full disk" : "life");
    crashEverywhere(disk, history, lifeSeed);
  }

  private void crashEverywhere(SimulatedDisk disk, History history, long lifeSeed) {
    boolean flush = random.nextBoolean();
    SplittableRandom choice = random.split();
    BlockImage[] before = {disk.initialImage()};
    long _ =
        CrashImages.forEach(
            disk,
            flush,
            lifeSeed,
            10,
            () -> choice.nextInt(CRASH_OF) == 0 && !isDone(),
            crash -> {
              String wrong;
              switch (choice.nextInt(16)) {
                case 0 -> {
                  SimulatedDisk left = SimulatedDisk.afterKill(disk, crash.point());
                  count("KILLED");
                  wrong = check(left, crash, history, 0, 0, List.of(ManifestNotes.NONE), 1);
                }
                case 1, 2 -> {
                  LyingDevice lie = LyingDevice.choose(crash, before[0], choice);
                  count(lie.kind());
                  states++;
                  progress.incrementAndGet();
                  wrong = lie.check(history, acked(crash, 0), begun(crash, 0));
                }
                default -> {
                  count(crash.damage().name());
                  int depth = choice.nextInt(DEEP_OF) == 0 ? DEPTH_MAX : 1;
                  wrong =
                      check(
                          SimulatedDisk.of(crash.image()),
                          crash,
                          history,
                          0,
                          0,
                          List.of(ManifestNotes.NONE),
                          depth);
                }
              }
              if (choice.nextInt(12) == 0) {
                before[0] = crash.image().copy();
              }
              if (wrong != null) {
                violate(lifeSeed, "flush=" + flush + ", " + crash + ": " + wrong);
              }
            });
  }

  private void count(String kind) {
    kinds.merge(kind, 1L, Long::sum);
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

  private static long acked(CrashImages.Crash crash, long before) {
    long acked = before;
    for (Object mark : crash.marks()) {
      if (mark instanceof StoreLife.Acked(long epoch)) {
        acked = Math.max(acked, epoch);
      }
    }
    return acked;
  }

  private static long begun(CrashImages.Crash crash, long before) {
    long begun = before;
    for (Object mark : crash.marks()) {
      if (mark instanceof StoreLife.Begun(long epoch)) {
        begun = Math.max(begun, epoch);
      }
    }
    return begun;
  }

  /** Returns the notes of manifests that a crash may leave: acknowledged last, or begun since. */
  private static List<ManifestNotes> notes(CrashImages.Crash crash, List<ManifestNotes> before) {
    List<ManifestNotes> possible = new ArrayList<>(before);
    for (Object mark : crash.marks()) {
      if (mark instanceof StoreLife.NoteBegun(ManifestNotes notes)) {
        possible.add(notes);
      } else if (mark instanceof StoreLife.NoteAcked(ManifestNotes notes)) {
        possible.clear();
        possible.add(notes);
      }
    }
    return possible;
  }

  /** Opens what a crash left; returns what is wrong, or null. */
  private @Nullable String check(
      SimulatedDisk disk,
      CrashImages.Crash crash,
      History history,
      long ackedBefore,
      long begunBefore,
      List<ManifestNotes> notesBefore,
      int depth) {
    states++;
    progress.incrementAndGet();
    long acked = acked(crash, ackedBefore);
    long begun = begun(crash, begunBefore);
    long kept;
    List<ManifestNotes> notes = notes(crash, notesBefore);
    History continued;
    try (StoreLife.Opened opened = StoreLife.openAfterCrash(disk, crash.seed())) {
      DataFileStore store = opened.store();
      kept = store.recoveryReport().lastEpoch();
      if (kept < acked || kept > begun) {
        return "kept epoch " + kept + ", acknowledged " + acked + ", begun " + begun;
      }
      if (kept < history.states.size() - 1 && !history.groupEnds.contains(kept)) {
        return "kept epoch " + kept + " is inside a group";
      }
      if (!notes.contains(store.manifestNotes())) {
        return "kept " + store.manifestNotes() + ", not one of " + notes;
      }
      // Which of them holds is settled only now: a crash during the open may leave any of them.
      disk.mark(new StoreLife.NoteAcked(store.manifestNotes()));
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
    return depth > 1 ? crashAgain(disk, continued, kept, notes, crash.seed(), depth - 1) : null;
  }

  /** Crashes the life that followed, its recovery included, at some points. */
  private @Nullable String crashAgain(
      SimulatedDisk disk,
      History history,
      long kept,
      List<ManifestNotes> notes,
      long seed,
      int depth) {
    SplittableRandom choice = new SplittableRandom(seed);
    CrashImages.Damage[] damages = CrashImages.Damage.values();
    int points = disk.events().size() + 1;
    for (int i = 0; i < 4; i++) {
      boolean recovering = i == 0;
      int point = recovering ? choice.nextInt(Math.min(points, 8)) : choice.nextInt(points);
      CrashImages.Crash crash =
          CrashImages.at(
              disk,
              choice.nextBoolean(),
              point,
              damages[choice.nextInt(damages.length)],
              choice.nextLong());
      count((recovering ? "in recovery" : "again") + ", depth " + (DEPTH_MAX - depth + 1));
      String wrong =
          check(SimulatedDisk.of(crash.image()), crash, history, kept, kept, notes, depth);
      if (wrong != null) {
        return "then " + crash + ": " + wrong;
      }
    }
    return null;
  }
}
