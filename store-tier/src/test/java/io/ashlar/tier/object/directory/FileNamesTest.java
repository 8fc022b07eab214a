package io.ashlar.tier.object.directory;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FileNamesTest {
  @Test
  void shouldSpellFileNamesInAsciiAndBack() {
    assertThat(FileNames.encode("é%a")).isEqualTo("%C3%A9%25a");
    assertThat(FileNames.decode("%C3%A9%25a")).isEqualTo("é%a");
    assertThat(FileNames.decode("%c3%a9")).isNull();
    assertThat(FileNames.decode("%41")).isNull();
    assertThat(FileNames.decode("%4")).isNull();
    assertThat(FileNames.decode("%FF")).isNull();
  }
}
