package io.ashlar.jmh.commit;

import io.ashlar.jmh.contest.Cell;
import io.ashlar.jmh.contest.Contestant;
import io.ashlar.jmh.contest.Plan;
import io.ashlar.jmh.contest.Scenario;
import io.ashlar.jmh.contest.Standing;
import io.ashlar.jmh.machine.Spinners;
import io.ashlar.jmh.result.Row;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * W9: what remains of group commit beside as many spinning processes as there are processors?
 *
 * <p>Each thread that waits for another to be woken may then wait for a scheduler tick.
 */
public final class BusyScenario implements Scenario {

  private static final int[] THREADS = {1, 4, 16, 64};
  private static final int OPEN_PERCENT = 25;
  private static final int SLICE_MS = 400;
  private static final int SLICES = 4;
  private static final Duration CELL_TIME_MAX = Duration.ofMinutes(20);
  private static final long SPIN_S_MAX = TimeUnit.HOURS.toSeconds(2);
  private static final List<Contestant> CONTESTANTS =
      List.of(
          Contestant.ASHLAR,
          Contestant.ASHLAR_PREAD,
          Contestant.ASHLAR_LISTENER,
          Contestant.ROCKSDB,
          Contestant.LIMIT_COMBINED,
          Contestant.LIMIT_DSYNC);

  private final int sliceMs;

  /** Makes the scenario with slices that see many scheduler ticks. */
  public BusyScenario() {
    this(SLICE_MS);
  }

  /** Makes the scenario with slices of another length, for tests. */
  BusyScenario(int sliceMs) {
    this.sliceMs = sliceMs;
  }

  @Override
  public String title() {
    return "W9 busy: 1x4K a commit beside a spinning process on each processor; closed loop, ratios"
        + " compare rates; cells with \"open\": at "
        + OPEN_PERCENT
        + "% of the limit's rate there, ratios compare p99";
  }

  @Override
  public List<Row> run(Plan plan) {
    List<Row> rows = new ArrayList<>();
    try (Spinners spinners =
        Spinners.start(Runtime.getRuntime().availableProcessors(), SPIN_S_MAX)) {
      for (int threads : THREADS) {
        Cell closed = TailScenario.cell("t" + threads, threads, plan);
        Cell open = TailScenario.cell("t" + threads + " open", threads, plan);
        List<Row> closedRows =
            plan.wants(closed) || plan.wants(open) ? closed(plan, closed) : List.of();
        if (plan.wants(closed)) {
          rows.addAll(closedRows);
        }
        if (plan.wants(open)) {
          double perS = limitPerS(closedRows) * OPEN_PERCENT / 100;
          System.err.printf(
              Locale.ROOT, "busy %s: %.0f commits a second are due%n", open.name(), perS);
          rows.addAll(new TailScenario(sliceMs).atRate("busy", plan, open, perS));
        }
      }
      spinners.check();
    }
    return rows;
  }

  private List<Row> closed(Plan plan, Cell cell) {
    Plan sliced = TailScenario.withSlices(plan, sliceMs, SLICES);
    return new InterleavedCell("busy", Standing.Measure.RATE, sliced, Optional.empty())
        .run(cell, CONTESTANTS, CELL_TIME_MAX);
  }

  private static double limitPerS(List<Row> rows) {
    return rows.stream()
        .filter(row -> row.store().startsWith("limit/"))
        .mapToDouble(row -> row.throughput().opsPerS().median())
        .max()
        .orElseThrow();
  }
}
