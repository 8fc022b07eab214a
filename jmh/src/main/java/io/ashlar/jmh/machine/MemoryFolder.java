package io.ashlar.jmh.machine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/** Finds a folder whose files lie in memory, where a device's speed has no part in a result. */
public final class MemoryFolder {

  private static final Path SHARED_MEMORY = Path.of("/dev/shm");
  private static final Set<String> IN_MEMORY = Set.of("tmpfs", "ramfs");

  private MemoryFolder() {}

  /**
   * Returns a folder if its files lie in memory, else {@code /dev/shm}.
   *
   * @throws NoMemoryFolderException if the files of neither do, or neither can be written to.
   */
  public static Path of(Path folder) {
    return of(folder, SHARED_MEMORY);
  }

  /** Returns the first of two folders whose files lie in memory. */
  static Path of(Path folder, Path other) {
    for (Path each : new Path[] {folder, other}) {
      if (isInMemory(each)) {
        return each;
      }
    }
    throw new NoMemoryFolderException(folder, other);
  }

  private static boolean isInMemory(Path folder) {
    try {
      return Files.isWritable(folder) && IN_MEMORY.contains(Files.getFileStore(folder).type());
    } catch (IOException e) {
      throw new UncheckedIOException("cannot ask for a file system's type: folder=" + folder, e);
    }
  }
}
