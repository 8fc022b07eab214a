package io.ashlar.cli.command;

import io.ashlar.tier.key.FrameKeys;
import io.ashlar.tier.key.KeyFile;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The option that gives a tier's keys, shared by the commands that read or write batches. */
public final class KeyOptions {
  @Option(
      names = "--key-file",
      paramLabel = "FILE",
      order = OutputOptions.ORDER_TIER,
      description =
          "File with the keys that the tier is encrypted with, readable by its owner only."
              + " One key a line, the current one first: a number, a colon, and 32 bytes in"
              + " hexadecimal or Base64.")
  private @Nullable Path keyFile;

  /**
   * Returns the keys; null if none were given.
   *
   * @throws IOException if the file cannot be used; the message says why.
   */
  public @Nullable FrameKeys keys() throws IOException {
    return keyFile == null ? null : KeyFile.read(keyFile);
  }
}
