package io.ashlar.jmh.commit;

import io.ashlar.jmh.contest.Cell;
import io.ashlar.jmh.contest.Contestant;
import io.ashlar.jmh.contest.Plan;
import io.ashlar.jmh.contest.Scenario;
import io.ashlar.jmh.contest.Standing;
import io.ashlar.jmh.result.Row;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** What do many threads gain that each commit one value at a time? */
public final class GroupScenario implements Scenario {

  private static final int VALUE_BYTES = 4096;

  @Override
  public String title() {
    return "Group commit: each thread commits one value of 4 KiB at a time. Ratios compare rates.";
  }

  @Override
  public List<Row> run(Plan plan) {
    long workingSetBytes = (plan.quick() ? 16L : 64L) << 20;
    List<Cell> cells =
        IntStream.of(1, 4, 16, 64)
            .mapToObj(
                threads -> new Cell("t" + threads, threads, 1, VALUE_BYTES, workingSetBytes, 0))
            .toList();
    return new InterleavedCell("group", Standing.Measure.RATE, plan, Optional.empty())
        .runAll(cells, cell -> List.of(Contestant.values()), plan.scenarioNs());
  }
}
