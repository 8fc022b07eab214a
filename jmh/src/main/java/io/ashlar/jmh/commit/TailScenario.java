package io.ashlar.jmh.commit;

import io.ashlar.jmh.contest.Cell;
import io.ashlar.jmh.contest.Contestant;
import io.ashlar.jmh.contest.Pace;
import io.ashlar.jmh.contest.Plan;
import io.ashlar.jmh.contest.Scenario;
import io.ashlar.jmh.contest.Standing;
import io.ashlar.jmh.result.Latency;
import io.ashlar.jmh.result.Row;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * W8: how long does a commit take that was due at a fixed time?
 *
 * <p>The rate is a share of what the limit reaches in a closed loop just before. The file need not
 * grow: every id has been overwritten before measuring begins.
 */
public final class TailScenario implements Scenario {

  /** The fewest arrivals in a cell of which a 99.9th percentile is told. */
  static final int ARRIVALS_MIN = 30_000;

  private static final int ARRIVALS_QUICK = 3_000;
  private static final int[] THREADS = {1, 4, 16};
  private static final int[] SHARES_PERCENT = {10, 25, 50};
  private static final int VALUE_BYTES = 4096;
  private static final int AGEING = 2;
  private static final int SLICE_MS = 1000;
  private static final Duration CELL_TIME_MAX = Duration.ofMinutes(20);
  private static final List<Contestant> CONTESTANTS =
      List.of(
          Contestant.ASHLAR,
          Contestant.ASHLAR_PREAD,
          Contestant.ASHLAR_LISTENER,
          Contestant.ROCKSDB,
          Contestant.LIMIT_COMBINED);

  private final int sliceMs;

  /** Makes the scenario with slices of a second. */
  public TailScenario() {
    this(SLICE_MS);
  }

  /** Makes the scenario with slices of another length, for tests. */
  TailScenario(int sliceMs) {
    this.sliceMs = sliceMs;
  }

  @Override
  public String title() {
    return "W8 open loop, 1x4K a commit, at a share of the limit's own rate; latency counts from"
        + " the time a commit was due; ratios compare p99";
  }

  @Override
  public List<Row> run(Plan plan) {
    List<Row> rows = new ArrayList<>();
    for (int threads : THREADS) {
      rows.addAll(run(plan, threads));
    }
    return rows;
  }

  private List<Row> run(Plan plan, int threads) {
    List<Row> rows = new ArrayList<>();
    double saturationPerS = 0;
    for (int percent : SHARES_PERCENT) {
      Cell cell = cell("t" + threads + " " + percent + "%", threads, plan);
      if (plan.wants(cell)) {
        saturationPerS = saturationPerS > 0 ? saturationPerS : saturationPerS(plan, threads);
        double perS = saturationPerS * percent / 100;
        System.err.printf(
            Locale.ROOT, "tail %s: %.0f commits a second are due%n", cell.name(), perS);
        rows.addAll(atRate("tail", plan, cell, perS));
      }
    }
    return rows;
  }

  /** Measures a cell in an open loop. */
  List<Row> atRate(String scenario, Plan plan, Cell cell, double perS) {
    int arrivals = plan.quick() ? ARRIVALS_QUICK : ARRIVALS_MIN;
    double arrivalsASlice = perS * sliceMs / 1000;
    int slices = (int) Math.ceil(arrivals / arrivalsASlice / plan.rounds());
    List<Row> rows =
        new InterleavedCell(
                scenario,
                Standing.Measure.P99,
                withSlices(plan, sliceMs, slices),
                Optional.empty(),
                new Arrivals(perS))
            .run(cell, CONTESTANTS, CELL_TIME_MAX);
    return plan.quick() ? rows.stream().map(TailScenario::withoutP999).toList() : rows;
  }

  private static Row withoutP999(Row row) {
    Latency latency = new Latency(row.latency().p50Us(), row.latency().p99Us(), Double.NaN);
    return new Row(
        row.subject(), row.throughput(), latency, row.ratios(), row.heapBytesPerOp(), row.note());
  }

  /** Returns what the limit reaches in a closed loop now. */
  private double saturationPerS(Plan plan, int threads) {
    Plan sliced = withSlices(plan, sliceMs, 1);
    return new InterleavedCell("tail", Standing.Measure.RATE, sliced, Optional.empty())
            .run(
                cell("t" + threads + " saturated", threads, plan),
                List.of(Contestant.LIMIT_COMBINED, Contestant.LIMIT_DSYNC),
                CELL_TIME_MAX)
            .stream()
            .mapToDouble(row -> row.throughput().opsPerS().median())
            .max()
            .orElseThrow();
  }

  /** Returns a plan with other slices. */
  static Plan withSlices(Plan plan, int sliceMs, int slices) {
    Pace pace = plan.pace();
    return new Plan(
        plan.folder(),
        new Pace(
            pace.quick(),
            pace.rounds(),
            Math.max(1, slices),
            pace.scenarioMs(),
            sliceMs,
            pace.quietWaitMs()),
        plan.selection(),
        plan.seed(),
        plan.fio());
  }

  /** Returns a cell of commits of 4 KiB into a file that need not grow. */
  static Cell cell(String name, int threads, Plan plan) {
    long workingSetBytes = (plan.quick() ? 16L : 64L) << 20;
    return new Cell(name, threads, 1, VALUE_BYTES, workingSetBytes, AGEING);
  }
}
