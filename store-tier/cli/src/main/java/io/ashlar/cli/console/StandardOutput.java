package io.ashlar.cli.console;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Where a command's data goes. Remembers the first failure to write, which a {@link PrintWriter}
 * hides. Thread: one.
 */
public final class StandardOutput extends OutputStream {
  private final OutputStream stream;
  private @Nullable IOException failure;

  /** Writes to {@code stream}. */
  public StandardOutput(OutputStream stream) {
    this.stream = stream;
  }

  /** Returns a writer of UTF-8 in every locale, since names are UTF-8. */
  public PrintWriter writer() {
    return new PrintWriter(
        new BufferedWriter(new OutputStreamWriter(this, StandardCharsets.UTF_8)));
  }

  /** Returns why the first write failed, or null if all succeeded. */
  public @Nullable String failure() {
    IOException first = failure;
    return first == null ? null : ErrorText.what(first).toLowerCase(Locale.ROOT);
  }

  /** Returns whether the reader had enough, as {@code head} has. */
  public boolean isClosedByReader() {
    return "broken pipe".equals(failure());
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    try {
      stream.write(bytes, offset, length);
    } catch (IOException e) {
      if (failure == null) {
        failure = e;
      }
      throw e;
    }
  }

  @Override
  public void flush() throws IOException {
    stream.flush();
  }
}
