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
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * W8: how long does a commit take that was due at a fixed time?
 *
 * <p>The rate is a share of what the limit reaches in a closed loop just before. In plain cells the
 * file need not grow: every id has been overwritten before measuring begins. In the cells of {@link
 * Beside} something goes on beside the commits, as long as a contestant is measured.
 */
public final class TailScenario implements Scenario {

  /** The fewest arrivals in a cell of which a 99.9th percentile is told. */
  static final int ARRIVALS_MIN = 30_000;

  private static final int ARRIVALS_QUICK = 3_000;
  private static final int[] THREADS = {1, 4, 16};
  private static final int[] SHARES_PERCENT = {10, 25, 50};
  private static final int BESIDE_THREADS = 16;
  private static final int BESIDE_PERCENT = 25;
  private static final int VALUE_BYTES = 4096;
  private static final int AGEING = 2;
  private static final int SLICE_MS = 1000;
  private static final Duration CELL_TIME_MAX = Duration.ofMinutes(20);
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
    Map<Integer, Saturation> saturations =
        new HashMap<>(); // one rate for all cells of a thread count
    for (int threads : THREADS) {
      Saturation saturation =
          saturations.computeIfAbsent(threads, count -> new Saturation(plan, count));
      for (int percent : SHARES_PERCENT) {
        rows.addAll(run(plan, saturation, percent, Beside.NOTHING));
      }
    }
    Saturation saturation =
        saturations.computeIfAbsent(BESIDE_THREADS, count -> new Saturation(plan, count));
    for (Beside beside : Beside.values()) {
      if (beside != Beside.NOTHING) {
        rows.addAll(run(plan, saturation, BESIDE_PERCENT, beside));
      }
    }
    return rows;
  }

  private List<Row> run(Plan plan, Saturation saturation, int percent, Beside beside) {
    String name = "t" + saturation.threads + " " + percent + "%";
    Cell cell =
        new Cell(
            beside == Beside.NOTHING ? name : name + " " + beside.label(),
            saturation.threads,
            1,
            VALUE_BYTES,
            beside.workingSetBytes(plan.quick()),
            AGEING);
    if (!plan.wants(cell)) {
      return List.of();
    }
    double perS = saturation.perS() * percent / 100;
    System.err.printf(Locale.ROOT, "tail %s: %.0f commits a second are due%n", cell.name(), perS);
    return atRate("tail", plan, cell, perS, beside);
  }

  /** Measures a cell in an open loop, with nothing beside it. */
  List<Row> atRate(String scenario, Plan plan, Cell cell, double perS) {
    return atRate(scenario, plan, cell, perS, Beside.NOTHING);
  }

  private List<Row> atRate(String scenario, Plan plan, Cell cell, double perS, Beside beside) {
    int arrivals = plan.quick() ? ARRIVALS_QUICK : ARRIVALS_MIN;
    double arrivalsASlice = perS * sliceMs / 1000;
    int slices = (int) Math.ceil(arrivals / arrivalsASlice / plan.rounds());
    List<Row> rows =
        new InterleavedCell(
                scenario,
                Standing.Measure.P99,
                withSlices(plan, sliceMs, slices),
                Optional.empty(),
                new Arrivals(perS),
                beside)
            .run(cell, beside.contestants(), CELL_TIME_MAX);
    return plan.quick() ? rows.stream().map(TailScenario::withoutP999).toList() : rows;
  }

  private static Row withoutP999(Row row) {
    Latency latency = new Latency(row.latency().p50Us(), row.latency().p99Us(), Double.NaN);
    return new Row(
        row.subject(), row.throughput(), latency, row.ratios(), row.heapBytesPerOp(), row.note());
  }

  /** What the limit reaches in a closed loop, measured when it is first asked for. */
  private final class Saturation {

    private final Plan plan;
    private final int threads;
    private double perS;

    Saturation(Plan plan, int threads) {
      this.plan = plan;
      this.threads = threads;
    }

    double perS() {
      if (perS == 0) {
        perS = measure();
      }
      return perS;
    }

    private double measure() {
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
    long workingSetBytes = Beside.NOTHING.workingSetBytes(plan.quick());
    return new Cell(name, threads, 1, VALUE_BYTES, workingSetBytes, AGEING);
  }
}
