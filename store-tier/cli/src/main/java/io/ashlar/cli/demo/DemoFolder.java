package io.ashlar.cli.demo;

import io.ashlar.cli.console.ErrorText;
import io.ashlar.cli.console.Units;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The folder of one demo run: fresh, checked for space, and removed at the end. Thread: one. */
final class DemoFolder {

  /** Room for a new store's own structures, twice. */
  private static final long OVERHEAD_BYTES = 256L << 20;

  private final Path path;

  private DemoFolder(Path path) {
    this.path = path;
  }

  /**
   * Makes a fresh folder below {@code place}, which is made too unless it exists.
   *
   * @throws IOException if that is not possible; the message says why and what to do.
   */
  static DemoFolder create(Path place) throws IOException {
    try {
      Files.createDirectories(place);
      return new DemoFolder(Files.createTempDirectory(place.toRealPath(), "run-"));
    } catch (IOException | UnsupportedOperationException e) {
      throw new IOException(
          "cannot make the work folder: place="
              + place
              + ", reason="
              + ErrorText.what(e)
              + "; give another place with --work",
          e);
    }
  }

  /** Returns where it is, without links. */
  Path path() {
    return path;
  }

  /**
   * Checks that a demo of {@code bytes} fits.
   *
   * @param copies how many times the bytes are kept at once, at most.
   * @throws IOException if there is not enough free space.
   */
  void checkSpace(long bytes, int copies) throws IOException {
    checkSpace(path, Files.getFileStore(path).getUsableSpace(), bytes, copies);
  }

  static void checkSpace(Path place, long freeBytes, long bytes, int copies) throws IOException {
    long needed = bytes * copies + OVERHEAD_BYTES;
    if (freeBytes < needed) {
      throw new IOException(
          "not enough free space: place="
              + place
              + ", free="
              + Units.bytes(freeBytes)
              + ", needed="
              + Units.bytes(needed)
              + "; free some, or give another place with --work");
    }
  }
}
