package io.ashlar.jmh.commit;

import io.ashlar.jmh.contest.Cell;
import io.ashlar.jmh.contest.Contestant;
import io.ashlar.jmh.contest.Entrant;
import io.ashlar.jmh.contest.Fio;
import io.ashlar.jmh.contest.Plan;
import io.ashlar.jmh.contest.Standing;
import io.ashlar.jmh.machine.Folders;
import io.ashlar.jmh.machine.QuietDisk;
import io.ashlar.jmh.peer.Keys;
import io.ashlar.jmh.result.Row;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;

/**
 * Measures one cell: opens all contestants at once, fills them, waits for a quiet disk, and gives
 * each a short slice in turn, in an order that is shuffled anew each time. The device's speed
 * drifts by a factor within seconds, so only what was interleaved can be compared.
 */
final class InterleavedCell {

  private static final int WARM_UP_TURNS_FIRST = 4;
  private static final long SETTLE_GROWTH_NS_MAX = TimeUnit.SECONDS.toNanos(10);
  private static final long SETTLE_NS = TimeUnit.MILLISECONDS.toNanos(12);

  private final String scenario;
  private final Standing.Measure measure;
  private final Plan plan;
  private final Optional<Fio> fio;
  private final Arrivals arrivals;
  private final Beside beside;
  private int warmUpTurns = 1;

  /**
   * Makes one.
   *
   * @param fio is measured as a limit too, if present: a write and an fdatasync for each batch.
   */
  InterleavedCell(String scenario, Standing.Measure measure, Plan plan, Optional<Fio> fio) {
    this(scenario, measure, plan, fio, Arrivals.CLOSED, Beside.NOTHING);
  }

  /**
   * Makes one of cells whose threads commit as {@code arrivals} says.
   *
   * @param beside what goes on beside the commits of each contestant while it is measured.
   */
  InterleavedCell(
      String scenario,
      Standing.Measure measure,
      Plan plan,
      Optional<Fio> fio,
      Arrivals arrivals,
      Beside beside) {
    this.scenario = scenario;
    this.measure = measure;
    this.plan = plan;
    this.fio = fio;
    this.arrivals = arrivals;
    this.beside = beside;
  }

  /**
   * Measures the wanted ones of some cells.
   *
   * @param budgetNs how long that may take; slices are left out to keep to it.
   */
  List<Row> runAll(List<Cell> cells, Function<Cell, List<Contestant>> contestants, long budgetNs) {
    List<Cell> wanted = cells.stream().filter(plan::wants).toList();
    long startNs = System.nanoTime();
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < wanted.size(); i++) {
      Cell cell = wanted.get(i);
      // The first cell has a double share: it also warms up Java, whose compiler needs a core.
      long deadlineNs = startNs + budgetNs * (i + 2) / (wanted.size() + 1);
      warmUpTurns = i == 0 ? WARM_UP_TURNS_FIRST : 1;
      rows.addAll(run(cell, contestants.apply(cell), deadlineNs));
    }
    return rows;
  }

  /** Measures one cell, whether or not it was asked for, with a double share of warming up. */
  List<Row> run(Cell cell, List<Contestant> contestants, Duration atMost) {
    warmUpTurns = WARM_UP_TURNS_FIRST;
    return run(cell, contestants, System.nanoTime() + atMost.toNanos());
  }

  /**
   * Measures, and returns a row for each contestant.
   *
   * @param deadlineNs when it should be done, by {@link System#nanoTime}; it takes three rounds of
   *     one slice at least.
   */
  private List<Row> run(Cell cell, List<Contestant> contestants, long deadlineNs) {
    Path folder = Folders.make(plan.folder(), scenario + "-");
    List<CommitEntrant> entrants = new ArrayList<>();
    try (SliceThreads threads = new SliceThreads(cell, plan.seed(), arrivals, beside.freshIds())) {
      Keys keys = beside.freshIds() ? Keys.onDemand(Integer.MAX_VALUE) : new Keys(cell.idCount());
      for (Contestant contestant : contestants) {
        if (plan.wants(contestant)) {
          StoreEntrant entrant = new StoreEntrant(contestant, folder, keys, cell, beside);
          entrants.add(entrant);
          entrant.fill(cell, plan.seed());
        }
      }
      if (cell.ageing() > 0 && !beside.freshIds()) {
        long commitsEach = Math.max(1, cell.idCount() / cell.values() / cell.threads());
        for (CommitEntrant entrant : entrants) {
          entrant.settle(threads, commitsEach, SETTLE_GROWTH_NS_MAX);
        }
      }
      fio.ifPresent(found -> entrants.add(new FioEntrant(found, folder, cell)));
      measure(cell, entrants, threads, deadlineNs);
      return Standing.rows(scenario, cell.name(), (double) cell.batchBytes(), measure, entrants);
    } finally {
      entrants.forEach(Entrant::close);
      Folders.remove(folder);
    }
  }

  private void measure(
      Cell cell, List<CommitEntrant> entrants, SliceThreads threads, long deadlineNs) {
    Random random = new Random(plan.seed());
    List<CommitEntrant> order = new ArrayList<>(entrants);
    for (int turn = 0; turn < warmUpTurns; turn++) {
      turns(order, threads, random);
    }
    entrants.forEach(entrant -> entrant.endRound(false));
    for (int round = 0; round < plan.rounds(); round++) {
      double quietUs = QuietDisk.await(plan.folder(), plan.quietWaitMsEach(plan.rounds()));
      long roundNs = (deadlineNs - System.nanoTime()) / (plan.rounds() - round);
      long turnsNs =
          entrants.stream().mapToLong(each -> plan.sliceNs() + SETTLE_NS + each.overheadNs()).sum();
      long slices = Math.clamp(roundNs / turnsNs, 1, plan.pace().slicesMax());
      System.err.printf(
          Locale.ROOT,
          "%s %s, round %d of %d: %d slices, 4 KiB write + fdatasync before it %.0f us%n",
          scenario,
          cell.name(),
          round + 1,
          plan.rounds(),
          slices,
          quietUs);
      for (long slice = 0; slice < slices; slice++) {
        turns(order, threads, random);
      }
      entrants.forEach(entrant -> entrant.endRound(true));
    }
  }

  private void turns(List<CommitEntrant> order, SliceThreads threads, Random random) {
    Collections.shuffle(order, random);
    for (CommitEntrant entrant : order) {
      entrant.slice(threads, plan.sliceNs());
      LockSupport.parkNanos(SETTLE_NS);
    }
  }
}
