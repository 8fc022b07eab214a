package io.ashlar.jmh.commit;

import io.ashlar.jmh.contest.Cell;
import io.ashlar.jmh.contest.Contestant;
import io.ashlar.jmh.contest.Plan;
import io.ashlar.jmh.contest.Scenario;
import io.ashlar.jmh.contest.Standing;
import io.ashlar.jmh.result.Row;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** How fast do four threads overwrite large batches, and at what cost in space and writes? */
public final class IngestScenario implements Scenario {

  private static final int THREADS = 4;
  private static final int VALUES = 16;
  private static final int KIB = 1024;
  private static final Set<Contestant> CONTESTANTS =
      EnumSet.complementOf(
          EnumSet.of(
              Contestant.ASHLAR_LISTENER, Contestant.ASHLAR_ASYNC, Contestant.LIMIT_COMBINED));
  private static final List<Contestant> PASSES_QUICK =
      List.of(Contestant.LIMIT_DSYNC, Contestant.ASHLAR, Contestant.LMDB);
  private static final List<Contestant> PASSES =
      List.of(
          Contestant.LIMIT_DSYNC,
          Contestant.ASHLAR,
          Contestant.LMDB,
          Contestant.SQLITE,
          Contestant.ROCKSDB,
          Contestant.ROCKSDB_BLOB);

  /** The part of the time that interleaved slices have; the rest is for the overwrite passes. */
  private static final double INTERLEAVED_PART = 0.5;

  @Override
  public String title() {
    return "Ingest with overwrite: 4 threads, 16 values a batch. Ratios compare rates. Cells named x4"
        + " overwrite the key space four times, one store at a time.";
  }

  @Override
  public List<Row> run(Plan plan) {
    long workingSetBytes = (plan.quick() ? 256L : 1024L) << 20;
    List<Cell> cells =
        List.of(
            new Cell("64K", THREADS, VALUES, 64 * KIB, workingSetBytes, 0),
            new Cell("512K", THREADS, VALUES, 512 * KIB, workingSetBytes, 0));
    long interleavedNs = (long) (plan.scenarioNs() * INTERLEAVED_PART);
    List<Row> rows = new ArrayList<>();
    rows.addAll(
        new InterleavedCell("ingest", Standing.Measure.RATE, plan, plan.fio())
            .runAll(cells, cell -> List.copyOf(CONTESTANTS), interleavedNs));
    List<Cell> wanted = cells.stream().filter(plan::wants).toList();
    for (Cell cell : wanted) {
      rows.addAll(
          new OverwritePasses("ingest", plan, cell)
              .run(
                  plan.quick() ? PASSES_QUICK : PASSES,
                  (plan.scenarioNs() - interleavedNs) / wanted.size()));
    }
    return withTailsBesideLmdb(rows);
  }

  /** Notes with each of our results how its 99th percentile compares with LMDB's. */
  static List<Row> withTailsBesideLmdb(List<Row> rows) {
    List<Row> noted = new ArrayList<>();
    for (Row row : rows) {
      String note =
          rows.stream()
              .filter(other -> row.store().startsWith(Contestant.ASHLAR.label()))
              .filter(other -> other.store().equals(Contestant.LMDB.label()))
              .filter(other -> other.cell().equals(row.cell()))
              .findFirst()
              .map(lmdb ->
                  String.format(
                      Locale.ROOT,
                      "p99 %.2f x LMDB's; ",
                      row.latency().p99Us().median() / lmdb.latency().p99Us().median()))
              .orElse("");
      noted.add(row.withNote(note + row.note()));
    }
    return noted;
  }
}
