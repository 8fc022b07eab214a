package io.ashlar.jmh.reopen;

import io.ashlar.jmh.machine.Folders;
import io.ashlar.jmh.machine.Processes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * An archive of loaded classes, which spares a fresh JVM most of what it does before a first
 * commit: an AOT cache from JDK 25 on, a dynamic CDS archive before. {@code scripts/aot} makes one
 * with the same options.
 */
final class ClassArchive {

  private static final int AOT_CACHE_JDK = 25;
  private static final long TIMEOUT_S = 120;

  private ClassArchive() {}

  /**
   * Makes one by a run of {@link FreshChild}, and returns a JVM that uses it.
   *
   * @param scratch where the run's store and the archive lie.
   */
  static FreshJvm over(FreshJvm plain, Path scratch) {
    boolean cache = Runtime.version().feature() >= AOT_CACHE_JDK;
    Path archive = scratch.resolve(cache ? "ashlar.aot" : "ashlar.jsa");
    FreshJvm training =
        new FreshJvm(
            plain.label(),
            plain.contestant(),
            plain.jar(),
            List.of((cache ? "-XX:AOTCacheOutput=" : "-XX:ArchiveClassesAtExit=") + archive));
    Path folder = Folders.make(scratch, "train-");
    try {
      String _ = Processes.output(training.command("train", folder, 1), TIMEOUT_S);
    } catch (IOException e) {
      throw new UncheckedIOException("no archive could be made: archive=" + archive, e);
    } finally {
      Folders.remove(folder);
    }
    List<String> options = new ArrayList<>(plain.options());
    options.add((cache ? "-XX:AOTCache=" : "-XX:SharedArchiveFile=") + archive);
    return new FreshJvm(plain.label() + "/archive", plain.contestant(), plain.jar(), options);
  }
}
