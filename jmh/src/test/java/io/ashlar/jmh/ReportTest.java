package io.ashlar.jmh;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ReportTest {

  private static final Row ROW =
      new Row(
          "commit", "ashlar", "1x4K", 1000, 4.096, 80, 100, 200, 0.9, Double.NaN, 0, "a, \"b\"");

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
    Row slower = new Row("commit", "lmdb", "1x4K", 500, 2, 160, 200, 400, 0.5, 1, 80, "");
    assertThat(Report.table(List.of(slower, ROW))).containsSubsequence("ashlar", "lmdb");
  }
}
