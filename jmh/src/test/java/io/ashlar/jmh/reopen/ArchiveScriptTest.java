package io.ashlar.jmh.reopen;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.jmh.contest.Contestant;
import io.ashlar.jmh.machine.Folders;
import io.ashlar.jmh.machine.Processes;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("campaign")
class ArchiveScriptTest {

  private static final long TIMEOUT_S = 120;
  private static final Path SCRIPT =
      Path.of(System.getProperty("ashlar.basedir")).resolveSibling("scripts").resolve("aot");

  @Test
  void shouldMakeAnArchiveThatAJvmUsesWithoutAWarning(@TempDir Path folder) throws Exception {
    Path jar = ContestantJar.make(Contestant.ASHLAR, folder);
    Path archive = folder.resolve("archive");
    String output =
        Processes.output(List.of(SCRIPT.toString(), archive.toString(), jar.toString()), TIMEOUT_S);
    String option = output.lines().reduce("", (before, line) -> line);
    assertThat(option).startsWith("-XX:").endsWith("=" + archive);
    assertThat(Files.size(archive)).isPositive();
    // With this the JVM ends at once if it cannot use the archive.
    String required = option.startsWith("-XX:AOTCache=") ? "-XX:AOTMode=on" : "-Xshare:on";
    FreshJvm jvm = new FreshJvm("ashlar", Contestant.ASHLAR, jar, List.of(option, required));
    Path store = Folders.make(folder, "store-");
    List<String> command = new ArrayList<>(jvm.command("train", store, 1));
    assertThat(Processes.output(command, TIMEOUT_S).lines())
        .hasSize(2)
        .allMatch(line -> line.startsWith("ns="));
  }

  @Test
  void shouldRefuseAFolderOfClasses(@TempDir Path folder) throws Exception {
    Process process =
        new ProcessBuilder(SCRIPT.toString(), folder.resolve("x").toString(), folder.toString())
            .redirectErrorStream(true)
            .start();
    assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
        .contains("an archive is made of jars alone: element=" + folder);
    assertThat(process.waitFor()).isEqualTo(2);
  }
}
