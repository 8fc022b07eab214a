package io.ashlar.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ashlar.cli.file.FilePacker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;

/**
 * A store to be made, a tree of files to put in it, and a way to run commands that must succeed.
 */
abstract class OnAStore {
  static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path temp;

  final Path store() {
    return temp.resolve("store");
  }

  final Path tree() throws IOException {
    Path tree = temp.resolve("tree");
    Files.createDirectories(tree.resolve("b"));
    Files.writeString(tree.resolve("a"), "a");
    Files.writeString(tree.resolve("ü"), "umlaut");
    Files.createFile(tree.resolve("b/empty"));
    byte[] large = new byte[FilePacker.PACKED_BYTES_MAX + 12_345];
    new Random(1).nextBytes(large);
    Files.write(tree.resolve("b/large"), large);
    Files.createSymbolicLink(tree.resolve("link"), tree.resolve("a"));
    return tree;
  }

  static void assertSame(Path expected, Path actual) throws IOException {
    try (Stream<Path> files = Files.walk(expected)) {
      for (Path file : files.filter(path -> !Files.isSymbolicLink(path)).toList()) {
        Path other = actual.resolve(expected.relativize(file).toString());
        if (Files.isDirectory(file)) {
          assertThat(other).isDirectory();
        } else {
          assertThat(other).hasSameBinaryContentAs(file);
        }
      }
    }
  }

  static CommandRun ok(Object... arguments) {
    CommandRun run = CommandRun.of(arguments);
    assertThat(run.err()).isEmpty();
    assertThat(run.code()).isZero();
    return run;
  }

  static JsonNode json(Object... arguments) throws IOException {
    return JSON.readTree(ok(arguments).out());
  }
}
