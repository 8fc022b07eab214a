package io.ashlar.jmh.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class MemoryFolderTest {

  private static final Path NOT_IN_MEMORY = Path.of("/proc");
  private static final Path MISSING = Path.of("/no-such-folder");
  private static final Path SHARED_MEMORY = Path.of("/dev/shm");

  @Test
  void shouldTakeTheFirstFolderThatIsInMemory() {
    assertThat(MemoryFolder.of(MISSING, SHARED_MEMORY)).isEqualTo(SHARED_MEMORY);
    assertThat(MemoryFolder.of(NOT_IN_MEMORY, SHARED_MEMORY)).isEqualTo(SHARED_MEMORY);
    assertThat(MemoryFolder.of(SHARED_MEMORY, MISSING)).isEqualTo(SHARED_MEMORY);
  }

  @Test
  void shouldNameBothFoldersIfNeitherIsInMemory() {
    assertThatThrownBy(() -> MemoryFolder.of(NOT_IN_MEMORY, MISSING))
        .isInstanceOf(NoMemoryFolderException.class)
        .hasMessageContaining("folder=/proc, other=/no-such-folder")
        .hasMessageContaining("--dir");
  }
}
