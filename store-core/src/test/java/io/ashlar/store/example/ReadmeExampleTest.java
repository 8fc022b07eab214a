package io.ashlar.store.example;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadmeExampleTest {

  @Test
  void shouldReadWhatItPut(@TempDir Path folder) {
    assertThat(ReadmeExample.run(folder)).isEqualTo("hello");
  }
}
