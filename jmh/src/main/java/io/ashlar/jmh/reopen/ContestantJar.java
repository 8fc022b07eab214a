package io.ashlar.jmh.reopen;

import io.ashlar.jmh.contest.Contestant;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;

/**
 * A jar with the classes of one contestant and of {@link FreshChild}: what an application with this
 * store alone has on its class path. A JVM would read the directory of the benchmarks' own jar,
 * with the libraries of all contestants, for longer than some of them take to open.
 */
final class ContestantJar {

  private static final List<String> ALL = List.of("io/ashlar/jmh/", "io/ashlar/store/BlobId");

  private ContestantJar() {}

  private static List<String> prefixes(Contestant contestant) {
    return switch (contestant) {
      case ASHLAR ->
          List.of(
              "io/ashlar/store/",
              "io/ashlar/uring/",
              "META-INF/native/",
              "org/jctools/",
              "org/agrona/");
      case ROCKSDB -> List.of("org/rocksdb/", "librocksdbjni");
      case SQLITE -> List.of("org/sqlite/", "META-INF/services/java.sql.Driver");
      case MVSTORE -> List.of("org/h2/");
      default -> throw new IllegalArgumentException("not measured fresh: " + contestant);
    };
  }

  /** Makes the jar of a contestant from this JVM's class path. */
  static Path make(Contestant contestant, Path folder) {
    List<String> wanted = new ArrayList<>(ALL);
    wanted.addAll(prefixes(contestant));
    Path jar = folder.resolve(contestant.label() + ".jar");
    // A test runner hides the class path in a jar, and says so.
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    Set<String> done = new HashSet<>();
    try (OutputStream file = Files.newOutputStream(jar);
        JarOutputStream out = new JarOutputStream(file)) {
      for (String element : classPath.split(File.pathSeparator)) {
        Path path = Path.of(element);
        if (Files.isDirectory(path)) {
          copyFolder(path, wanted, done, out);
        } else if (Files.isReadable(path)) {
          copyJar(path, wanted, done, out);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("a contestant's jar cannot be made: jar=" + jar, e);
    }
    return jar;
  }

  private static void copyFolder(
      Path folder, List<String> wanted, Set<String> done, JarOutputStream out) throws IOException {
    List<Path> files;
    try (Stream<Path> found = Files.walk(folder)) {
      files = found.filter(Files::isRegularFile).sorted().toList();
    }
    for (Path file : files) {
      String name = folder.relativize(file).toString();
      if (isNew(name, wanted, done)) {
        out.putNextEntry(new JarEntry(name));
        Files.copy(file, out);
      }
    }
  }

  private static void copyJar(Path jar, List<String> wanted, Set<String> done, JarOutputStream out)
      throws IOException {
    try (JarFile file = new JarFile(jar.toFile())) {
      for (JarEntry entry : file.stream().toList()) {
        if (!entry.isDirectory() && isNew(entry.getName(), wanted, done)) {
          out.putNextEntry(new JarEntry(entry.getName()));
          try (InputStream content = file.getInputStream(entry)) {
            long _ = content.transferTo(out);
          }
        }
      }
    }
  }

  private static boolean isNew(String name, List<String> wanted, Set<String> done) {
    for (String prefix : wanted) {
      if (name.startsWith(prefix)) {
        return done.add(name);
      }
    }
    return false;
  }
}
