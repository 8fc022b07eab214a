package io.ashlar.jmh.commit;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.jmh.contest.Contestant;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Tag("campaign")
class TailScenarioTest {

  private static final Pace QUICK = new Pace(true, 3, 1, 1000, 20, 0);
  private static final Pace FULL = new Pace(false, 3, 1, 1000, 20, 0);

  private static Plan plan(Path folder, Pace pace, String cell) {
    return new Plan(
        folder, pace, new Selection(Set.of("ashlar"), Set.of(cell), false), 1, Optional.empty());
  }

  @Test
  void shouldMeasureBesideTheLimitAtAShareOfItsRate(@TempDir Path folder) {
    List<Row> rows = new TailScenario(20).run(plan(folder, QUICK, "t4 25%"));
    assertThat(rows).extracting(Row::store).containsExactlyInAnyOrder("ashlar", "limit/combined");
    assertThat(rows)
        .allSatisfy(row -> {
          assertThat(row.cell()).isEqualTo("t4 25%");
          assertThat(row.latency().p99Us().median()).isPositive();
          assertThat(row.latency().p999Us()).isNaN();
          assertThat(row.ratios().toLimit().median()).isPositive();
        });
  }

  @Test
  void shouldTellA999thOnlyOfEnoughArrivals(@TempDir Path folder) {
    List<Row> rows =
        new TailScenario(20)
            .atRate(
                "tail",
                plan(folder, FULL, "any"),
                TailScenario.cell("any", 4, plan(folder, QUICK, "any")),
                1_000_000); // so that there are enough at once
    assertThat(rows)
        .isNotEmpty()
        .allSatisfy(row -> assertThat(row.latency().p999Us()).isPositive());
  }

  /** A tiny run of each. What goes on beside the commits must have gone on. */
  @ParameterizedTest
  @EnumSource(value = Beside.class, mode = EnumSource.Mode.EXCLUDE, names = "NOTHING")
  void shouldMeasureBesideOtherWork(Beside beside, @TempDir Path folder) {
    String cell = "t16 25% " + beside.label();
    Selection selection = new Selection(Set.of("ashlar", "rocksdb"), Set.of(cell), false);
    List<Row> rows =
        new TailScenario(50).run(new Plan(folder, QUICK, selection, 1, Optional.empty()));
    assertThat(rows).extracting(Row::cell).containsOnly(cell);
    assertThat(rows)
        .extracting(Row::store)
        .containsExactlyInAnyOrderElementsOf(
            beside.contestants().contains(Contestant.ROCKSDB)
                ? List.of("ashlar", "rocksdb", "limit/combined")
                : List.of("ashlar", "limit/combined"));
    assertThat(rows)
        .allSatisfy(row -> assertThat(row.latency().p99Us().median()).isPositive())
        .filteredOn(row -> row.store().equals("ashlar"))
        .singleElement()
        .satisfies(row -> {
          assertThat(row.note()).containsPattern("\\d+ stalls over 1 ms");
          switch (beside) {
            case TIER -> assertThat(row.note()).containsPattern("beside it [1-9]\\d* passes");
            case VACUUM -> assertThat(row.note()).containsPattern("beside it [1-9]\\d* vacuums");
            case READERS -> assertThat(row.note()).containsPattern("beside it [1-9]\\d* reads");
            default -> {}
          }
        });
  }

  @Test
  void shouldMeasureBesideSpinningProcesses(@TempDir Path folder) {
    Plan plan =
        new Plan(
            folder,
            QUICK,
            new Selection(Set.of("ashlar"), Set.of("t4", "t4 open"), false),
            1,
            Optional.empty());
    List<Row> rows = new BusyScenario(20).run(plan);
    assertThat(rows).extracting(Row::cell).contains("t4", "t4 open");
    assertThat(rows).extracting(Row::scenario).containsOnly("busy");
    assertThat(rows).filteredOn(row -> row.store().equals("ashlar")).hasSize(2);
  }
}
