package io.ashlar.jmh.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FiguresTest {

  private static final Path REPOSITORY = Path.of("..");
  private static final String RESULTS =
      """
      # kernel: 6
      scenario,store,cell,ops_per_s,mb_per_s,p50_us,p99_us,p999_us,ratio_to_limit,\
      ratio_to_best_peer,heap_bytes_per_op,note
      commit,ashlar,1x4K,1000.0,4.10,80.00,90.00,,0.9000,2.0000,0.0,durable
      commit,lmdb,1x4K,500.0,4.10,160.00,170.00,,0.4500,1.0000,0.0,durable
      commit,limit/fio,1x4K,1100.0,4.10,70.00,75.00,,1.0000,2.2000,0.0,none
      """;
  private static final String DOCUMENT =
      """
      # Results

      <!-- figures: commit -->
      stale
      <!-- end -->

      Prose.
      """;

  @TempDir Path root;

  @BeforeEach
  void writeResults() throws IOException {
    Path results = Files.createDirectories(root.resolve("jmh/results"));
    Files.writeString(results.resolve("commit.csv"), RESULTS);
    Files.writeString(
        results.resolve("targets.csv"),
        "scenario,cell,target,against,why\ncommit,1x4K,0.95 of the limit,LMDB,\"Copying, too.\"\n");
    Files.writeString(root.resolve("jmh/RESULTS.md"), DOCUMENT);
  }

  private String document() {
    return Figures.of(root).getOrDefault(root.resolve("jmh/RESULTS.md"), "");
  }

  /** After new measurements, run {@code scripts/bench charts} and check in what it wrote. */
  @Test
  void shouldHaveWrittenTheFiguresThatAreCheckedIn() {
    Map<Path, String> figures = Figures.of(REPOSITORY);
    figures.forEach((file, text) ->
        assertThat(file).as("scripts/bench charts writes it").content().isEqualTo(text));
    Set<Path> charts =
        figures.keySet().stream()
            .filter(file -> file.toString().endsWith(".svg"))
            .collect(Collectors.toSet());
    assertThat(charts).isEqualTo(checkedInCharts());
  }

  private static Set<Path> checkedInCharts() {
    try (Stream<Path> files = Files.list(REPOSITORY.resolve("jmh/results"))) {
      return files.filter(file -> file.toString().endsWith(".svg")).collect(Collectors.toSet());
    } catch (IOException e) {
      throw new AssertionError("the results are missing", e);
    }
  }

  @Test
  void shouldHaveResultsOfEveryScenario() {
    assertThat(Figures.SCENARIOS)
        .allSatisfy(scenario ->
            assertThat(REPOSITORY.resolve("jmh/results/" + scenario + ".csv")).isRegularFile());
  }

  @Test
  void shouldFillTheTableBetweenItsMarks() {
    assertThat(document())
        .startsWith("# Results\n\n<!-- figures: commit -->\n")
        .contains(
            "| 1x4K | 0.95 of the limit | 80.0 µs; p99 90.0 µs | 70.0 µs; p99 75.0 µs | 0.90 "
                + "| LMDB, 160 µs | 2.00 | Copying, too. |")
        .contains("(results/commit-limit.svg)", "(results/commit-latency.svg)")
        .endsWith("<!-- end -->\n\nProse.\n")
        .doesNotContain("stale");
  }

  @Test
  void shouldChangeNothingWhenItIsRunAgain() throws IOException {
    String once = document();
    Files.writeString(root.resolve("jmh/RESULTS.md"), once);
    assertThat(document()).isEqualTo(once);
  }

  @Test
  void shouldSayWhatTheResultsWereMeasuredWith() {
    assertThat(Figures.of(root).get(root.resolve("jmh/results/machine.txt")))
        .contains("commit.csv\n  kernel: 6\n");
  }

  @Test
  void shouldDrawOneLineForEachProduct() {
    assertThat(Figures.of(root).get(root.resolve("jmh/results/commit-limit.svg")))
        .contains(">Ashlar</text>", ">LMDB</text>", ">device’s limit</text>");
  }
}
