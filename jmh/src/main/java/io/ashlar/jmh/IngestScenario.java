package io.ashlar.jmh;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** W3: how fast do four threads overwrite large batches, and at what cost in space and writes? */
final class IngestScenario implements Scenario {

  private static final int THREADS = 4;
  private static final int VALUES = 16;
  private static final int KIB = 1024;
  private static final Set<Contestant> CONTESTANTS =
      EnumSet.complementOf(
          EnumSet.of(
              Contestant.ASHLAR_LISTENER, Contestant.ASHLAR_ASYNC, Contestant.LIMIT_COMBINED));

  @Override
  public String title() {
    return "W3 ingest with overwrite, 4 threads, 16 values a batch; ratios compare rates";
  }

  @Override
  public List<Row> run(Plan plan) {
    long workingSetBytes = (plan.quick() ? 256L : 1024L) << 20;
    List<Cell> cells =
        List.of(
            new Cell("64K", THREADS, VALUES, 64 * KIB, workingSetBytes, 0),
            new Cell("512K", THREADS, VALUES, 512 * KIB, workingSetBytes, 0));
    return new InterleavedCell("ingest", InterleavedCell.Measure.RATE, plan)
        .runAll(cells, cell -> List.copyOf(CONTESTANTS));
  }
}
