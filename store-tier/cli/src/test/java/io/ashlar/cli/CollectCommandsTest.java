package io.ashlar.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.cli.console.ExitCode;
import io.ashlar.tier.checkpoint.TierKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ashlar checkpoints}, {@code gc} and {@code scrub}. */
class CollectCommandsTest {
  @TempDir Path temp;

  private String url = "";

  @BeforeEach
  void tier() throws IOException {
    url = "file:" + temp.resolve("tier");
    for (int i = 0; i < 3; i++) {
      Files.writeString(temp.resolve("file"), "content " + i);
      assertThat(run("put", temp.resolve("store"), temp.resolve("file")).code()).isZero();
      assertThat(run("tier", temp.resolve("store"), url).code()).isZero();
    }
  }

  private static CommandRun run(Object... arguments) {
    return CommandRun.of(arguments);
  }

  private List<Path> batches() throws IOException {
    try (Stream<Path> files = Files.walk(temp.resolve("tier").resolve(TierKeys.BATCHES))) {
      return files.filter(Files::isRegularFile).toList();
    }
  }

  @Test
  @Tag("campaign")
  void shouldListCheckpoints() {
    CommandRun run = run("checkpoints", url);
    assertThat(run.code()).isZero();
    assertThat(run.out().lines()).hasSize(7);
    assertThat(run.out()).contains("changes").contains("claim");
    assertThat(run.out().lines().skip(1).findFirst().orElseThrow())
        .as("what began the chain")
        .contains(" claim ");
    CommandRun json = run("checkpoints", url, "--json");
    assertThat(json.out().lines())
        .hasSize(6)
        .allMatch(line ->
            line.matches(
                "\\{\"sequence\":\\d+,\"kind\":\"[A-Z]+\",\"generation\":\\d+,\"epoch\":\\d+,"
                    + "\"createdMs\":\\d+,\"entries\":\\d+,\"batches\":\\d+,\"bytes\":\\d+,"
                    + "\"parent\":\\d+,\"pins\":\\d+}"));
  }

  @Test
  void shouldCollectOnlyWhatIsNotKept() throws IOException {
    List<Path> before = batches();
    CommandRun dry = run("collect", url, "--keep", "1", "--dry-run");
    assertThat(dry.code()).isZero();
    assertThat(dry.out()).startsWith("would delete ");
    assertThat(batches()).isEqualTo(before);
    CommandRun all = run("collect", url);
    assertThat(all.out()).startsWith("deleted 0 batches");
    CommandRun run = run("collect", url, "--keep", "1");
    assertThat(run.code()).isZero();
    assertThat(run.out()).startsWith("deleted ").doesNotContain("deleted 0 ");
    assertThat(batches()).hasSizeLessThan(before.size());
    assertThat(run("scrub", url).code()).isZero();
    CommandRun restore = run("restore", url, temp.resolve("restored"));
    assertThat(restore.code()).as(restore.err()).isZero();
    assertThat(run("tier", temp.resolve("store"), url).code()).isZero();
  }

  @Test
  void shouldSayWhatIsRetainedWhenADroppedCheckpointIsAskedFor() throws IOException {
    assertThat(run("collect", url, "--keep", "1").code()).isZero();
    Path restored = temp.resolve("restored");
    CommandRun dropped = run("restore", url, restored, "--checkpoint", "2");
    assertThat(dropped.code()).isEqualTo(ExitCode.ERROR);
    assertThat(dropped.err())
        .contains("checkpoint was dropped by retention: checkpoint=2, retained=")
        .contains("choose one of these, or the newest");
    assertThat(dropped.err().lines()).hasSize(1);
    assertThat(restored).doesNotExist();

    // A store that was to be turned into it is left alone.
    assertThat(run("restore", url, restored).code()).isZero();
    CommandRun delta = run("restore", "--delta", url, restored, "--checkpoint", "2");
    assertThat(delta.code()).isEqualTo(ExitCode.ERROR);
    assertThat(run("get", restored, "file", temp.resolve("out")).code()).isZero();
    assertThat(temp.resolve("out")).hasContent("content 2");
    assertThat(restored.resolve(".restoring")).doesNotExist();
  }

  @Test
  void shouldScrubAndExitWith1OnDamage() throws IOException {
    CommandRun clean = run("scrub", url, "--json");
    assertThat(clean.code()).isZero();
    assertThat(clean.out()).contains("\"clean\":true");
    Path batch = batches().getFirst();
    byte[] bytes = Files.readAllBytes(batch);
    bytes[bytes.length / 2] ^= 1;
    Files.write(batch, bytes);
    CommandRun damaged = run("scrub", url);
    assertThat(damaged.code()).isEqualTo(ExitCode.DIFFERENT);
    assertThat(damaged.out()).contains("damaged: batches/").contains("1 damaged");
    Files.delete(batch);
    assertThat(run("scrub", url).out()).contains("missing: batches/");
  }
}
