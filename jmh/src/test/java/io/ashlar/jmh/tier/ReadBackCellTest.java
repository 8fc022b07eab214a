package io.ashlar.jmh.tier;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.jmh.contest.Pace;
import io.ashlar.jmh.contest.Plan;
import io.ashlar.jmh.contest.Selection;
import io.ashlar.jmh.result.Row;
import io.ashlar.tier.ObjectStores;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadBackCellTest {

  private static final SlowGets.Delays NO_DELAYS = new SlowGets.Delays(0, 0, 0);

  private static List<Row> measured(
      Path folder, ReadBackCell.Question question, SlowGets.Delays delays, int reads) {
    Plan plan =
        new Plan(folder, new Pace(true, 1, 1, 1000, 10, 0), Selection.ALL, 1, Optional.empty());
    return new ReadBackCell(plan, question, new ReadBackCell.Size(4 << 20, reads), delays).run();
  }

  /** Returns the number before a phrase in a row's note. */
  private static double number(Row row, String phrase) {
    Matcher matcher =
        Pattern.compile("(\\d+(?:\\.\\d+)?) " + Pattern.quote(phrase)).matcher(row.note());
    assertThat(matcher.find()).as("note=%s", row.note()).isTrue();
    return Double.parseDouble(matcher.group(1));
  }

  @Test
  @Tag("campaign")
  void shouldAskTheObjectStoreLessOftenWithTheDiskCache(@TempDir Path folder) {
    List<Row> rows = measured(folder, ReadBackCell.Question.DISK_CACHE, NO_DELAYS, 100);
    assertThat(rows).extracting(Row::store).containsExactly("ashlar/no-disk", "ashlar");
    assertThat(number(rows.get(0), "GETs a blob")).isPositive();
    assertThat(number(rows.get(0), "reads of the local file")).isZero();
    assertThat(number(rows.get(1), "GETs a blob")).isZero();
    assertThat(number(rows.get(1), "reads of the local file")).isPositive();
    assertThat(rows).allSatisfy(row -> assertThat(row.latency().p50Us().median()).isPositive());
  }

  @Test
  @Tag("campaign")
  void shouldSendSlowGetsAgainOnlyWhereHedged(@TempDir Path folder) {
    List<Row> rows =
        measured(folder, ReadBackCell.Question.HEDGED_READS, new SlowGets.Delays(0, 150, 4), 80);
    assertThat(rows).extracting(Row::store).containsExactly("ashlar/no-hedge", "ashlar");
    assertThat(number(rows.get(0), "GETs a blob")).isEqualTo(1);
    assertThat(number(rows.get(0), "% sent twice")).isZero();
    assertThat(number(rows.get(1), "% sent twice")).isPositive();
  }

  @Test
  void shouldChooseSlowGetsBySeedAndInTheShareAskedFor(@TempDir Path folder) {
    SlowGets.Delays delays = new SlowGets.Delays(0, 1, 10);
    try (SlowGets first = new SlowGets(ObjectStores.open("file:" + folder), delays, 1);
        SlowGets same = new SlowGets(ObjectStores.open("file:" + folder), delays, 1)) {
      List<Boolean> slow = LongStream.rangeClosed(1, 1000).mapToObj(first::isSlow).toList();
      assertThat(LongStream.rangeClosed(1, 1000).mapToObj(same::isSlow).toList()).isEqualTo(slow);
      assertThat(slow.stream().filter(each -> each).count()).isBetween(60L, 140L);
    }
  }
}
