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

/** {@code ashlar restore --partial} and {@code ashlar repair}. */
@Tag("campaign")
class LossCommandsTest {
  @TempDir Path temp;

  private String url = "";

  @BeforeEach
  void tier() throws IOException {
    url = "file:" + temp.resolve("tier");
    for (String name : List.of("a", "b", "c")) {
      Files.writeString(temp.resolve(name), "content of " + name);
      assertThat(run("put", temp.resolve("store"), temp.resolve(name)).code()).isZero();
      assertThat(run("tier", temp.resolve("store"), url).code()).isZero();
    }
  }

  private static CommandRun run(Object... arguments) {
    return CommandRun.of(arguments);
  }

  /** The n-th checkpoint's only batch; each comes from an open of its own. */
  private Path batch(int generation) throws IOException {
    Path folder = temp.resolve("tier").resolve(TierKeys.BATCHES);
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(Files::isRegularFile)
          .filter(file -> file.toString().contains("/000000000" + generation + "/"))
          .findFirst()
          .orElseThrow();
    }
  }

  @Test
  void shouldRestoreWhatIsLeftAndNameWhatIsNot() throws IOException {
    Files.delete(batch(2));
    Path restored = temp.resolve("restored");
    CommandRun refused = run("restore", url, restored);
    assertThat(refused.code()).isEqualTo(ExitCode.DIFFERENT);
    assertThat(refused.err()).contains("batch is missing");

    CommandRun run = run("restore", "--partial", url, restored);
    assertThat(run.code()).as(run.err()).isEqualTo(ExitCode.DIFFERENT);
    assertThat(run.out())
        .contains("object: batches/0000000002/")
        .contains("uncertain: id=")
        .contains(
            "lost: 0 manifests, 1 batch, 0 blobs that are known, 2 puts and deletes of unknown")
        .contains("uncertain: 2 blobs, left out");
    assertThat(run("get", restored, "c", temp.resolve("c2")).code()).isZero();
    assertThat(temp.resolve("c2")).hasContent("content of c");
    assertThat(run("get", restored, "a", temp.resolve("a2")).code()).isNotZero();

    Path guessed = temp.resolve("guessed");
    CommandRun all = run("restore", "--partial", "--uncertain", url, guessed, "--json");
    assertThat(all.code()).isEqualTo(ExitCode.DIFFERENT);
    assertThat(all.out())
        .contains("\"uncertainRestored\":2")
        .contains("\"kind\":\"uncertain\"")
        .contains("\"name\":\"a\"");
    assertThat(run("get", guessed, "a", temp.resolve("a3")).code()).isZero();
    assertThat(temp.resolve("a3")).hasContent("content of a");
  }

  @Test
  void shouldNameABlobWhosePageIsLeft() throws IOException {
    // One batch with a page and its file: damage the frame, and both are known by id.
    Path batch = batch(3);
    byte[] bytes = Files.readAllBytes(batch);
    bytes[80] ^= 1;
    Files.write(batch, bytes);
    CommandRun run = run("restore", "--partial", url, temp.resolve("restored"));
    assertThat(run.code()).isEqualTo(ExitCode.DIFFERENT);
    assertThat(run.out())
        .contains("2 blobs that are known")
        .contains("uncertain: 0 blobs")
        .contains("its bytes are gone");
  }

  @Test
  void shouldSayNothingOfLossesWhereThereAreNone() {
    CommandRun run = run("restore", "--partial", url, temp.resolve("restored"));
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).startsWith("restored ").doesNotContain("lost");
  }

  @Test
  void shouldRepairFromTheStore() throws IOException {
    Path store = temp.resolve("store");
    Files.delete(batch(2));
    CommandRun run = run("repair", store, url);
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out())
        .contains("object: batches/0000000002/")
        .contains("0 manifests and 1 batch were lost")
        .contains("uploaded 2 blobs")
        .contains("lost 0 blobs");
    assertThat(run("scrub", url).code()).isZero();
    assertThat(run("restore", url, temp.resolve("restored")).code()).isZero();
    assertThat(run("get", temp.resolve("restored"), "b", temp.resolve("b2")).code()).isZero();
    assertThat(temp.resolve("b2")).hasContent("content of b");
    assertThat(run("tier", store, url).code()).isZero();
  }

  @Test
  void shouldNameWhatARepairCannotBringBack() throws IOException {
    Path store = temp.resolve("store");
    assertThat(run("tier", store, url, "--evict").code()).isZero();
    Files.delete(batch(2));
    CommandRun run = run("repair", store, url, "--json");
    assertThat(run.code()).as(run.err()).isEqualTo(ExitCode.DIFFERENT);
    assertThat(run.out())
        .contains("\"lostBlobs\":1")
        .contains("\"kind\":\"lost\"")
        .contains("\"name\":\"b\"");
    assertThat(run("scrub", url).code()).isZero();
    // What is recorded as lost is told by a restore that is otherwise whole.
    CommandRun restore = run("restore", url, temp.resolve("restored"));
    assertThat(restore.code()).isEqualTo(ExitCode.DIFFERENT);
    assertThat(restore.out()).contains("lost: id=").contains("name=b");
    assertThat(run("get", temp.resolve("restored"), "a", temp.resolve("a2")).code()).isZero();
  }

  @Test
  void shouldNotEvictToATierThatLostSomething() throws IOException {
    Path store = temp.resolve("store");
    Path lost = temp.resolve("tier").resolve(TierKeys.manifest(1));
    Files.delete(lost);
    for (CommandRun run : List.of(run("evict", store, url), run("tier", store, url, "--evict"))) {
      assertThat(run.code()).as(run.err()).isEqualTo(ExitCode.DIFFERENT);
      assertThat(run.err())
          .contains("error: objects of the tier are missing")
          .contains("\"ashlar repair STORE URL\"")
          .contains("missing=1, objects=" + TierKeys.manifest(1));
    }
    assertThat(run("stat", store, "--json").out()).contains("\"evictedBlobs\":0");
    assertThat(run("repair", store, url).code()).isZero();
    CommandRun evicted = run("evict", store, url);
    assertThat(evicted.code()).as(evicted.err()).isZero();
    assertThat(evicted.out()).contains("evicted 3 blobs");
  }

  @Test
  void shouldRefuseWhatDoesNotGoTogether() {
    assertThat(run("restore", "--uncertain", url, temp.resolve("x")).code())
        .isEqualTo(ExitCode.ERROR);
    CommandRun run = run("restore", "--partial", "--delta", url, temp.resolve("store"));
    assertThat(run.code()).isEqualTo(ExitCode.ERROR);
    assertThat(run.err()).contains("ashlar repair STORE URL");
    assertThat(temp.resolve("store").resolve("ashlar.data")).exists();
  }
}
