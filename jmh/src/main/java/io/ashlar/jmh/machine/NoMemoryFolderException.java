package io.ashlar.jmh.machine;

import java.nio.file.Path;

/** There is no folder whose files lie in memory. */
public final class NoMemoryFolderException extends RuntimeException {

  private static final long serialVersionUID = 1;

  NoMemoryFolderException(Path asked, Path other) {
    super(
        "no folder in memory: folder="
            + asked
            + ", other="
            + other
            + "; mount a tmpfs and name it with --dir");
  }
}
