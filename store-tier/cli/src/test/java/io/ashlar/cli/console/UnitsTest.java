package io.ashlar.cli.console;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class UnitsTest {

  @Test
  void shouldShowBytesInDecimalUnits() {
    assertThat(Units.bytes(0)).isEqualTo("0 B");
    assertThat(Units.bytes(999)).isEqualTo("999 B");
    assertThat(Units.bytes(1000)).isEqualTo("1.0 kB");
    assertThat(Units.bytes(999_950)).isEqualTo("1.0 MB");
    assertThat(Units.bytes(Long.MAX_VALUE)).isEqualTo("9.2 EB");
  }

  @Test
  void shouldShowRatesDurationsAndCounts() {
    assertThat(Units.rate(1_000_000_000, 1_000_000_000)).isEqualTo("1000 MB/s");
    assertThat(Units.rate(1_000_000, 1_000_000_000)).isEqualTo("1.0 MB/s");
    assertThat(Units.rate(1, 0)).isEqualTo("- MB/s");
    assertThat(Units.duration(1_500)).isEqualTo("2 µs");
    assertThat(Units.duration(2_640_000)).isEqualTo("2.6 ms");
    assertThat(Units.duration(25_000_000)).isEqualTo("25 ms");
    assertThat(Units.duration(2_500_000_000L)).isEqualTo("2.5 s");
    assertThat(Units.count(1, "file")).isEqualTo("1 file");
    assertThat(Units.count(1234, "file")).isEqualTo("1,234 files");
  }
}
