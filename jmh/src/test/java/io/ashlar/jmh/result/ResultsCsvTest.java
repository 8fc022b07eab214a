package io.ashlar.jmh.result;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResultsCsvTest {

  private static final Row ROW =
      new Row(
          new Subject("commit", "ashlar", "1x4K"),
          new Throughput(new Spread(1000, 900, 1100), 4.1),
          new Latency(new Spread(80, 70, 90), Spread.exactly(100), 200),
          new Ratios(new Spread(0.9, 0.85, 0.95), Spread.NONE),
          0,
          "a, \"b\"");

  @Test
  void shouldQuoteNotesAndLeaveOutWhatWasNotMeasured() {
    assertThat(new ResultsCsv(List.of("kernel: 6"), List.of(ROW)).text())
        .isEqualTo(
            """
            # kernel: 6
            scenario,store,cell,ops_per_s,mb_per_s,p50_us,p99_us,p999_us,ratio_to_limit,\
            ratio_to_best_peer,heap_bytes_per_op,ops_per_s_q1,ops_per_s_q3,p50_us_q1,p50_us_q3,\
            p99_us_q1,p99_us_q3,ratio_to_limit_q1,ratio_to_limit_q3,ratio_to_best_peer_q1,\
            ratio_to_best_peer_q3,note
            commit,ashlar,1x4K,1000.0,4.10,80.00,100.00,200.00,0.9000,,0.0,900.0,1100.0,70.00,\
            90.00,,,0.8500,0.9500,,,"a, ""b""\"
            """);
  }

  @Test
  void shouldReadWhatItWrote() throws IOException {
    ResultsCsv results = new ResultsCsv(List.of("kernel: 6", "java: 25"), List.of(ROW, ROW));
    assertThat(ResultsCsv.parse(results.text())).isEqualTo(results);
  }

  @Test
  void shouldReadFilesThatHaveNoQuartilesAndNoMachine() throws IOException {
    ResultsCsv results =
        ResultsCsv.parse(
            """
            scenario,store,cell,ops_per_s,mb_per_s,p50_us,p99_us,p999_us,ratio_to_limit,\
            ratio_to_best_peer,heap_bytes_per_op,note
            commit,lmdb,1x4K,1000.0,4.10,80.00,,,0.9000,,0.0,"a, ""b""\"
            """);
    assertThat(results.machine()).isEmpty();
    assertThat(results.rows())
        .singleElement()
        .satisfies(row -> {
          assertThat(row.throughput()).isEqualTo(new Throughput(Spread.exactly(1000), 4.1));
          assertThat(row.latency().p99Us()).isEqualTo(Spread.NONE);
          assertThat(row.note()).isEqualTo("a, \"b\"");
        });
  }

  @Test
  void shouldNameTheFileThatLacksAColumn(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("commit.csv"), "scenario,store\ncommit,lmdb\n");
    assertThatThrownBy(() -> ResultsCsv.read(file))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContainingAll("commit.csv", "cell");
  }

  @Test
  void shouldPrintTheFastestFirst() {
    Row slower =
        new Row(
            new Subject("commit", "lmdb", "1x4K"),
            Throughput.of(Spread.exactly(500), 4096),
            Latency.median(Spread.exactly(160)),
            Ratios.NONE,
            80,
            "");
    assertThat(TextTable.of(List.of(slower, ROW))).containsSubsequence("ashlar", "lmdb");
  }

  @Test
  void shouldGiveMedianAndQuartilesOfRounds() {
    assertThat(Spread.of(5, 1, 3, 2, 4)).isEqualTo(new Spread(3, 2, 4));
    assertThat(Spread.of(4, 1)).isEqualTo(new Spread(2.5, 1.75, 3.25));
    assertThat(Spread.of()).isEqualTo(Spread.NONE);
    assertThat(Spread.of(7).times(2)).isEqualTo(new Spread(14, 14, 14));
  }
}
