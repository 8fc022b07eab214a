package io.ashlar.cli.console;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.StoreLockedException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

class ErrorTextTest {

  @Test
  void shouldNameThingValueAndRemedy() {
    assertThat(ErrorText.of(new NoSuchFileException("/x")))
        .isEqualTo("no such file or folder: path=/x; check the spelling, or create it");
    assertThat(ErrorText.of(new AccessDeniedException("/x")))
        .isEqualTo("permission denied: path=/x; change its permissions or use another place");
    assertThat(ErrorText.of(new FileSystemException("/x", null, "No space left on device")))
        .isEqualTo("no space left on device: path=/x; free some space or use another place");
  }

  @Test
  void shouldPassOnTheLibrarysOwnMessages() {
    assertThat(ErrorText.of(new StoreLockedException("store is open elsewhere: store=/x", null)))
        .isEqualTo("store is open elsewhere: store=/x");
    assertThat(ErrorText.of(new IllegalArgumentException("poolBytes must be …")))
        .isEqualTo("poolBytes must be …");
  }

  @Test
  void shouldLookThroughWrappers() {
    IOException inner = new NoSuchFileException("/x");
    assertThat(ErrorText.of(new CompletionException(new UncheckedIOException(inner))))
        .startsWith("no such file");
  }

  @Test
  void shouldBeOneLineAndSaySoWhenUnexpected() {
    assertThat(ErrorText.of(new IllegalStateException("two\nlines")))
        .isEqualTo(
            "unexpected: IllegalStateException: two lines; run it again with --debug for details");
  }
}
