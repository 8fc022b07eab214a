package io.ashlar.jmh.overhead;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.jmh.contest.Pace;
import io.ashlar.jmh.contest.Plan;
import io.ashlar.jmh.contest.Selection;
import io.ashlar.jmh.result.Row;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("campaign")
class OverheadScenarioTest {

  private static final Pace QUICK = new Pace(true, 3, 1, 1000, 50, 0);

  private static List<Row> run(Path folder, String... cells) {
    Selection selection = new Selection(Set.of(), Set.of(cells), false);
    return new OverheadScenario(50, 1).run(new Plan(folder, QUICK, selection, 1, Optional.empty()));
  }

  @Test
  void shouldTellTheProcessorTimeOfCommitsBesidePeers(@TempDir Path folder) {
    List<Row> rows = run(folder, "commit t16");
    assertThat(rows)
        .extracting(Row::store)
        .containsExactlyInAnyOrder("ashlar", "ashlar/listener", "rocksdb", "lmdb");
    assertThat(rows)
        .allSatisfy(row -> {
          assertThat(row.scenario()).isEqualTo("overhead");
          assertThat(row.throughput().opsPerS().median()).isPositive();
          assertThat(row.ratios().toBestPeer().median()).isPositive();
          assertThat(row.note()).containsPattern("processor time \\d+\\.\\d\\d us an operation");
        })
        .filteredOn(row -> row.store().equals("ashlar/listener"))
        .singleElement()
        .satisfies(row ->
            assertThat(row.note())
                .containsPattern("I/O thread \\d*[1-9]\\d*\\.\\d\\d us an epoch"));
  }

  @Test
  void shouldMeasureGetsThatCopyAndGetsThatDoNot(@TempDir Path folder) {
    List<Row> rows = run(folder, "get t16", "lease t1");
    assertThat(rows)
        .filteredOn(row -> row.cell().equals("get t16"))
        .extracting(Row::store)
        .containsExactlyInAnyOrder("ashlar", "ashlar/cached", "rocksdb", "lmdb");
    assertThat(rows)
        .filteredOn(row -> row.cell().equals("lease t1"))
        .extracting(Row::store)
        .containsExactlyInAnyOrder("ashlar", "ashlar/cached", "lmdb");
  }
}
