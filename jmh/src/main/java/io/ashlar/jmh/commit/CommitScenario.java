package io.ashlar.jmh.commit;

import io.ashlar.jmh.contest.Cell;
import io.ashlar.jmh.contest.Contestant;
import io.ashlar.jmh.contest.Plan;
import io.ashlar.jmh.contest.Scenario;
import io.ashlar.jmh.contest.Standing;
import io.ashlar.jmh.result.Row;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** How long does one thread wait until a batch is durable? */
public final class CommitScenario implements Scenario {

  private static final int KIB = 1024;
  private static final long MIB = 1L << 20;

  @Override
  public String title() {
    return "Durable commits of one thread. Ratios compare p50.";
  }

  @Override
  public List<Row> run(Plan plan) {
    long scale = plan.quick() ? 1 : 4;
    List<Cell> cells =
        List.of(
            new Cell("1x4K", 1, 1, 4 * KIB, scale * 16 * MIB, 0),
            new Cell("1x4K aged", 1, 1, 4 * KIB, scale * 16 * MIB, 6),
            new Cell("1x64K", 1, 1, 64 * KIB, scale * 32 * MIB, 0),
            new Cell("8x64K", 1, 8, 64 * KIB, scale * 32 * MIB, 0),
            new Cell("1x512K", 1, 1, 512 * KIB, scale * 64 * MIB, 0),
            new Cell("8x512K", 1, 8, 512 * KIB, scale * 64 * MIB, 0));
    return new InterleavedCell("commit", Standing.Measure.P50, plan, plan.fio())
        .runAll(cells, cell -> contestants(cell, plan.quick()), plan.scenarioNs());
  }

  private static List<Contestant> contestants(Cell cell, boolean quick) {
    Set<Contestant> contestants = EnumSet.allOf(Contestant.class);
    contestants.remove(Contestant.LIMIT_COMBINED);
    if (cell.ageing() > 0) { // a question to ourselves
      contestants.removeIf(contestant -> contestant.kind() == Contestant.Kind.PEER);
    }
    if (quick && cell.valueBytes() > 4 * KIB) {
      contestants.removeAll(
          EnumSet.of(
              Contestant.ASHLAR_PREAD,
              Contestant.ASHLAR_ASYNC,
              Contestant.ROCKSDB,
              Contestant.ROCKSDB_BLOB_DIRECT));
    }
    return List.copyOf(contestants);
  }
}
