package io.ashlar.jmh.machine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/** The kernel's page cache, which the superuser can empty: see proc_sys_vm(5), drop_caches. */
public final class PageCache {

  private static final Path DROP = Path.of("/proc/sys/vm/drop_caches");
  private static final long SYNC_TIMEOUT_S = 120;

  private PageCache() {}

  /** Returns whether this process may empty it. */
  public static boolean canDrop() {
    return Files.isWritable(DROP);
  }

  /** Writes back what the file system of {@code folder} holds, then drops all clean pages. */
  public static void drop(Path folder) {
    try {
      var _ =
          Processes.output(
              List.of("sync", "-f", folder.toAbsolutePath().toString()), SYNC_TIMEOUT_S);
      Files.writeString(DROP, "3\n", StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw new UncheckedIOException("the page cache could not be dropped", e);
    }
  }
}
