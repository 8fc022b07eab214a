package io.ashlar.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.cli.file.FolderRemoval;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoFolderTest {
  @TempDir Path temp;

  @Test
  void shouldMakeAFreshFolderEveryTime() throws IOException {
    DemoFolder first = DemoFolder.create(temp.resolve("a/b"));
    DemoFolder second = DemoFolder.create(temp.resolve("a/b"));
    assertThat(first.path()).isNotEqualTo(second.path()).isEmptyDirectory();
  }

  @Test
  void shouldSayWhyAPlaceCannotBeUsed() throws IOException {
    Path file = Files.createFile(temp.resolve("file"));
    assertThatThrownBy(() -> DemoFolder.create(file.resolve("below")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("place=" + file)
        .hasMessageContaining("--work");
  }

  @Test
  void shouldRefuseTooLittleSpaceBeforeAnythingIsWritten() {
    assertThatCode(() -> DemoFolder.checkSpace(temp, 1L << 30, 200_000_000, 3))
        .doesNotThrowAnyException();
    assertThatThrownBy(() -> DemoFolder.checkSpace(temp, 1L << 29, 200_000_000, 3))
        .isInstanceOf(IOException.class)
        .hasMessage(
            "not enough free space: place="
                + temp
                + ", free=536.9 MB, needed=868.4 MB; free some, or give another place with --work");
  }

  @Test
  void shouldRemoveLinksAndNotWhatTheyPointTo() throws IOException {
    Path outside = Files.createDirectory(temp.resolve("outside"));
    Files.createFile(outside.resolve("kept"));
    Path folder = temp.resolve("run");
    Files.createDirectories(folder.resolve("deep"));
    Files.createSymbolicLink(folder.resolve("link"), outside);
    FolderRemoval.remove(folder);
    FolderRemoval.remove(folder);
    assertThat(folder).doesNotExist();
    assertThat(outside.resolve("kept")).exists();
  }
}
