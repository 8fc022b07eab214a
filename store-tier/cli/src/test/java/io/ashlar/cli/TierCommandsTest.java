package io.ashlar.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.ashlar.cli.console.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The commands that work on a store and its tier, which is a folder. */
class TierCommandsTest extends OnAStore {
  @Test
  void shouldTierEvictReadBackAndRestore() throws IOException {
    Path tree = tree();
    String url = "file:" + temp.resolve("tier");
    ok("put", store(), tree);
    JsonNode tiered = json("tier", "--json", "--evict", store(), url);
    assertThat(tiered.get("checkpoint").get("blobs").asInt()).isEqualTo(7);
    assertThat(tiered.get("evicted").asInt()).isEqualTo(3);
    assertThat(ok("tier", store(), url).out()).contains("nothing");
    assertThat(ok("ls", "-l", store()).lines()).anyMatch(line -> line.contains("  tier   "));

    CommandRun without = CommandRun.of("get", store(), "tree/b/large", temp.resolve("x"));
    assertThat(without.code()).isEqualTo(ExitCode.ERROR);
    assertThat(without.err()).contains("--tier");
    assertThat(temp.resolve("x")).doesNotExist();
    ok("get", "--all", "--tier", url, store(), temp.resolve("back"));
    assertSame(tree, temp.resolve("back/tree"));

    Path restored = temp.resolve("restored");
    assertThat(ok("restore", url, restored).out()).contains("restored 7 blobs");
    ok("get", "--all", restored, temp.resolve("out"));
    assertSame(tree, temp.resolve("out/tree"));
    assertThat(CommandRun.of("restore", url, restored).err())
        .startsWith("error: folder is not empty");
    assertThat(CommandRun.of("tier", restored, url).code()).isEqualTo(ExitCode.ERROR);
    ok("tier", "--adopt", restored, url);
    ok("rm", restored, "tree/a");
    assertThat(json("tier", "--json", restored, url).get("checkpoint").get("deletes").asInt())
        .isGreaterThan(1);
  }

  @Test
  @Tag("campaign")
  void shouldRestoreACheckpointAndTurnAStoreIntoAnother() throws IOException {
    String url = "file:" + temp.resolve("tier");
    Path tree = tree();
    ok("put", store(), tree);
    long first =
        json("tier", "--json", store(), url).get("checkpoint").get("manifestSequence").asLong();
    ok("rm", store(), "tree/a");
    ok("tier", store(), url);

    Path restored = temp.resolve("restored");
    JsonNode newest = json("restore", "--json", url, restored);
    assertThat(newest.get("keptBlobs").asInt()).isZero();
    assertThat(CommandRun.of("get", restored, "tree/a", temp.resolve("x")).code()).isNotZero();
    JsonNode delta = json("restore", "--json", "--delta", "--checkpoint", first, url, restored);
    assertThat(delta.get("checkpoint").asLong()).isEqualTo(first);
    assertThat(delta.get("keptBlobs").asInt()).isPositive();
    assertThat(delta.get("blobs").asInt()).isPositive().isLessThan(7);
    ok("get", "--all", restored, temp.resolve("out"));
    assertSame(tree, temp.resolve("out/tree"));

    // What does not exist leaves the store alone.
    CommandRun missing = CommandRun.of("restore", "--delta", "--checkpoint", "99", url, restored);
    assertThat(missing.code()).isEqualTo(ExitCode.ERROR);
    assertThat(missing.err()).contains("no such checkpoint: checkpoint=99");
    ok("get", "--all", restored, temp.resolve("again"));
    assertThat(restored.resolve(".restoring")).doesNotExist();
  }

  @Test
  void shouldGoOnWithARestoreThatWasCutShort() throws IOException {
    Path tier = temp.resolve("tier");
    Path tree = tree();
    ok("put", store(), tree);
    ok("tier", store(), "file:" + tier);
    Path batch;
    try (Stream<Path> files = Files.walk(tier.resolve("batches"))) {
      batch = files.filter(Files::isRegularFile).findFirst().orElseThrow();
    }
    byte[] bytes = Files.readAllBytes(batch);
    Files.write(batch, new byte[100]);
    Path restored = temp.resolve("restored");
    CommandRun cut = CommandRun.of("restore", "file:" + tier, restored);
    assertThat(cut.code()).isEqualTo(ExitCode.DIFFERENT);
    assertThat(cut.err()).contains("give the same command again");
    assertThat(CommandRun.of("ls", restored).code()).isEqualTo(ExitCode.ERROR);

    Files.write(batch, bytes);
    ok("restore", "file:" + tier, restored);
    ok("get", "--all", restored, temp.resolve("out"));
    assertSame(tree, temp.resolve("out/tree"));
    assertThat(restored.resolve(".restoring")).doesNotExist();
  }

  @Test
  void shouldNotRestoreThroughALink() throws IOException {
    String url = "file:" + temp.resolve("tier");
    ok("put", store(), tree());
    ok("tier", store(), url);
    Path elsewhere = Files.createDirectory(temp.resolve("elsewhere"));
    Path restored = Files.createDirectory(temp.resolve("restored"));
    Files.createSymbolicLink(restored.resolve(".restoring"), elsewhere);
    CommandRun run = CommandRun.of("restore", url, restored);
    assertThat(run.code()).isEqualTo(ExitCode.ERROR);
    assertThat(run.err()).contains("symbolic link");
    assertThat(elsewhere).isEmptyDirectory();
  }

  @Test
  void shouldRefuseABadUrl() throws IOException {
    ok("put", store(), tree());
    for (String url : List.of("ftp://x", "s3://", "file:", "")) {
      for (List<Object> arguments :
          List.<List<Object>>of(
              List.of("tier", store(), url),
              List.of("restore", url, temp.resolve("new")),
              List.of("demo", temp.resolve("tree"), "--work", temp.resolve("w"), "--tier", url))) {
        CommandRun run = CommandRun.of(arguments.toArray());
        assertThat(run.code()).as("%s", arguments).isEqualTo(ExitCode.ERROR);
        assertThat(run.err()).startsWith("error: ").contains("URL");
        assertThat(run.err().lines()).hasSize(1);
      }
    }
    assertThat(temp.resolve("new")).doesNotExist();
  }

  @Test
  void shouldSayThatThereIsNothingToRestore() throws IOException {
    Path restored = temp.resolve("restored");
    Files.createDirectory(temp.resolve("tier"));
    CommandRun run = CommandRun.of("restore", "file:" + temp.resolve("tier"), restored);
    assertThat(run.code()).isEqualTo(ExitCode.ERROR);
    assertThat(run.err()).startsWith("error: ").contains("nothing to restore");
    assertThat(restored).doesNotExist();
  }
}
