package io.ashlar.jmh.overhead;

import io.ashlar.jmh.contest.Cell;
import io.ashlar.jmh.contest.Plan;
import io.ashlar.jmh.contest.Scenario;
import io.ashlar.jmh.contest.Standing;
import io.ashlar.jmh.machine.Folders;
import io.ashlar.jmh.machine.MemoryFolder;
import io.ashlar.jmh.peer.Keys;
import io.ashlar.jmh.result.Row;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * W11: what does an operation cost where the device costs next to nothing?
 *
 * <p>All files lie in memory, so nearly all time is the engine's and the kernel's. All stores of a
 * cell are open at once and take turns in short slices, in an order shuffled anew each time.
 */
public final class OverheadScenario implements Scenario {

  private static final int[] THREADS = {1, 16, 64};
  private static final int VALUE_BYTES = 4096;
  private static final int AGEING = 2; // so that the file need not grow
  private static final int SLICE_MS = 400;
  private static final int SLICES = 4;
  private static final int SLICES_QUICK = 2;
  private static final int WARM_UP_TURNS_FIRST = 8; // of the first cell of each kind of work
  private static final int WARM_UP_TURNS = 2;
  private static final long SETTLE_NS = TimeUnit.MILLISECONDS.toNanos(12);

  private final int sliceMs;
  private final int warmUpTurnsFirst;

  /** Makes the scenario with slices in which a tick of the kernel's counter is little. */
  public OverheadScenario() {
    this(SLICE_MS, WARM_UP_TURNS_FIRST);
  }

  /** Makes the scenario with other slices, for tests. */
  OverheadScenario(int sliceMs, int warmUpTurnsFirst) {
    this.sliceMs = sliceMs;
    this.warmUpTurnsFirst = warmUpTurnsFirst;
  }

  @Override
  public String title() {
    return "W11 overhead: 4 KiB in files in memory, so that the engine is the cost. Ratios compare"
        + " processor time for commits, rates for gets.";
  }

  /**
   * {@inheritDoc}
   *
   * @throws io.ashlar.jmh.machine.NoMemoryFolderException if no folder is in memory.
   */
  @Override
  public List<Row> run(Plan plan) {
    Path memory = MemoryFolder.of(plan.folder());
    List<Row> rows = new ArrayList<>();
    for (Work work : Work.values()) {
      int warmUpTurns = warmUpTurnsFirst;
      for (int threads : THREADS) {
        Cell cell =
            new Cell(
                work.label() + " t" + threads,
                threads,
                1,
                VALUE_BYTES,
                (plan.quick() ? 16L : 64L) << 20,
                AGEING);
        if (plan.wants(cell)) {
          rows.addAll(run(plan, memory, work, cell, warmUpTurns));
          warmUpTurns = Math.min(warmUpTurns, WARM_UP_TURNS);
        }
      }
    }
    return rows;
  }

  private List<Row> run(Plan plan, Path memory, Work work, Cell cell, int warmUpTurns) {
    Path folder = Folders.make(memory, "overhead-");
    List<OverheadEntrant> entrants = new ArrayList<>();
    try (OverheadThreads threads = new OverheadThreads(cell.threads(), work.together())) {
      Keys keys = new Keys(cell.idCount());
      for (OverheadContestant contestant : OverheadContestant.of(work)) {
        if (plan.wantsStore(contestant.label(), contestant.kind())) {
          OverheadEntrant entrant = new OverheadEntrant(contestant, folder, keys, cell);
          entrants.add(entrant);
          entrant.fill(cell, plan.seed());
          entrant.prepare(work, cell, plan.seed());
        }
      }
      measure(plan, cell, entrants, threads, warmUpTurns);
      return Standing.rows("overhead", cell.name(), VALUE_BYTES, work.measure(), entrants);
    } finally {
      entrants.forEach(OverheadEntrant::close);
      Folders.remove(folder);
    }
  }

  private void measure(
      Plan plan,
      Cell cell,
      List<OverheadEntrant> entrants,
      OverheadThreads threads,
      int warmUpTurns) {
    Random random = new Random(plan.seed());
    List<OverheadEntrant> order = new ArrayList<>(entrants);
    for (int turn = 0; turn < warmUpTurns; turn++) {
      turn(order, threads, random);
    }
    entrants.forEach(OverheadEntrant::endWarmUp);
    int slices = plan.quick() ? SLICES_QUICK : SLICES;
    for (int round = 0; round < plan.rounds(); round++) {
      System.err.printf(
          Locale.ROOT, "overhead %s, round %d of %d%n", cell.name(), round + 1, plan.rounds());
      for (int slice = 0; slice < slices; slice++) {
        turn(order, threads, random);
      }
      entrants.forEach(entrant -> entrant.endRound(true));
    }
  }

  private void turn(List<OverheadEntrant> order, OverheadThreads threads, Random random) {
    Collections.shuffle(order, random);
    for (OverheadEntrant entrant : order) {
      entrant.slice(threads, TimeUnit.MILLISECONDS.toNanos(sliceMs));
      LockSupport.parkNanos(SETTLE_NS);
    }
  }
}
