package io.ashlar.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.StallCause;
import io.ashlar.store.StallStats;
import java.util.List;
import org.junit.jupiter.api.Test;

class StatCommandTest {

  @Test
  void shouldNameTheCausesOfStallsWithTheMostFrequentFirst() {
    assertThat(
            StatCommand.stallsText(
                List.of(
                    new StallStats(StallCause.ROLE, 2, 5_000_000, 3_000_000),
                    new StallStats(StallCause.WRITE, 1500, 9_000_000_000L, 30_000_000),
                    new StallStats(StallCause.GROWTH, 0, 100_000, 100_000))))
        .isEqualTo("1,502 commits of over 1 ms since open: 1,500 write, 2 role");
  }
}
