package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Nobody else can read a store, whatever the mask of the process that makes it. */
@Tag("campaign")
class PrivateFilesTest {

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"000", "022", "077"})
  void shouldMakeFilesAndFoldersPrivateUnderAnyMask(String mask) throws Exception {
    Path store = folder.resolve("outer/inner");
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    List<String> command =
        List.of(
            "sh",
            "-c",
            "umask "
                + mask
                + " && exec \"$0\" --enable-native-access=ALL-UNNAMED -cp \"$1\" \"$2\""
                + " \"$3\"",
            java,
            ChildJvm.classPath(),
            PlainProgram.class.getName(),
            store.toString());
    try (ChildJvm child = ChildJvm.run(command)) {
      assertThat(child.exitCode()).as("%s", child).isZero();
    }
    for (Path made : List.of(folder.resolve("outer"), store)) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(made)))
          .as("%s", made)
          .isEqualTo("rwx------");
    }
    try (var inside = Files.list(store)) {
      assertThat(inside)
          .singleElement()
          .satisfies(file ->
              assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                  .as("%s", file)
                  .isEqualTo("rw-------"));
    }
  }
}
