package io.ashlar.jmh.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ReportTest {

  private static final Row ROW =
      new Row(
          new Subject("commit", "ashlar", "1x4K"),
          new Throughput(Spread.exactly(1000), 4.096),
          new Latency(Spread.exactly(80), Spread.exactly(100), 200),
          new Ratios(Spread.exactly(0.9), Spread.NONE),
          0,
          "a, \"b\"");

  @Test
  void shouldQuoteNotesAndLeaveOutWhatWasNotMeasured() {
    assertThat(Report.csv(List.of(ROW)))
        .isEqualTo(
            """
            scenario,store,cell,ops_per_s,mb_per_s,p50_us,p99_us,p999_us,ratio_to_limit,\
            ratio_to_best_peer,heap_bytes_per_op,note
            commit,ashlar,1x4K,1000.0,4.10,80.00,100.00,200.00,0.9000,,0.0,"a, ""b""\"
            """);
  }

  @Test
  void shouldPrintTheFastestFirst() {
    Row slower =
        new Row(
            new Subject("commit", "lmdb", "1x4K"),
            new Throughput(Spread.exactly(500), 2),
            new Latency(Spread.exactly(160), Spread.exactly(200), 400),
            new Ratios(Spread.exactly(0.5), Spread.exactly(1)),
            80,
            "");
    assertThat(Report.table(List.of(slower, ROW))).containsSubsequence("ashlar", "lmdb");
  }
}
