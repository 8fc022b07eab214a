package io.ashlar.jmh.commit;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.jmh.contest.Cell;
import io.ashlar.jmh.contest.Contestant;
import io.ashlar.jmh.contest.Pace;
import io.ashlar.jmh.contest.Plan;
import io.ashlar.jmh.contest.Selection;
import io.ashlar.jmh.result.Latency;
import io.ashlar.jmh.result.Ratios;
import io.ashlar.jmh.result.Row;
import io.ashlar.jmh.result.Spread;
import io.ashlar.jmh.result.Subject;
import io.ashlar.jmh.result.Throughput;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("campaign")
class IngestScenarioTest {

  private static final Pace PACE = new Pace(true, 3, 1, 1000, 10, 0);

  private static Row row(String store, String cell, double p99Us) {
    return new Row(
        new Subject("ingest", store, cell),
        new Throughput(Spread.exactly(1), 1),
        new Latency(Spread.exactly(1), Spread.exactly(p99Us), 1),
        Ratios.NONE,
        1,
        "note");
  }

  @Test
  void shouldCompareOurTailsWithThoseOfLmdbInTheSameCell() {
    List<Row> noted =
        IngestScenario.withTailsBesideLmdb(
            List.of(
                row("ashlar/claim", "64K", 10),
                row("lmdb", "64K", 40),
                row("ashlar", "512K", 10),
                row("lmdb", "512K", 20),
                row("ashlar", "alone", 10)));
    assertThat(noted)
        .extracting(Row::note)
        .containsExactly(
            "p99 0.25 x LMDB's; note", "note", "p99 0.50 x LMDB's; note", "note", "note");
  }

  @Test
  void shouldOverwriteTheKeySpaceFourTimesAndSayWhatThatTook(@TempDir Path folder) {
    Cell cell = new Cell("8K", 2, 2, 8192, 1 << 20, 0);
    Plan plan = new Plan(folder, PACE, Selection.ALL, 1, Optional.empty());
    List<Row> rows =
        new OverwritePasses("ingest", plan, cell)
            .run(List.of(Contestant.ASHLAR), TimeUnit.MINUTES.toNanos(1));
    assertThat(rows)
        .singleElement()
        .satisfies(row -> {
          assertThat(row.cell()).isEqualTo("8K x4");
          assertThat(row.throughput().opsPerS().median()).isPositive();
          assertThat(row.note())
              .contains("space / live data: at most", "overwrites")
              .doesNotContain("cut short");
        });
  }

  @Test
  void shouldSayWhenTimeCutAPassShort(@TempDir Path folder) {
    Cell cell = new Cell("8K", 1, 2, 8192, 1 << 20, 0);
    Plan plan = new Plan(folder, PACE, Selection.ALL, 1, Optional.empty());
    List<Row> rows = new OverwritePasses("ingest", plan, cell).run(List.of(Contestant.ASHLAR), 4);
    assertThat(rows)
        .singleElement()
        .satisfies(row -> assertThat(row.note()).contains("cut short, at commits=[1, 1, 1, 1]"));
  }
}
