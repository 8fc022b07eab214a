package io.ashlar.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ashlar.cli.console.ExitCode;
import io.ashlar.tier.ObjectStores;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.s3.S3TestServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AwsCredentials;

/** The demo from end to end on a small tree, with its child JVM and the SIGKILL. */
@Tag("campaign")
public class DemoTest {
  private static final int FILES = 80;

  @TempDir Path temp;

  @BeforeEach
  void makeTree() throws IOException {
    Random random = new Random(7);
    for (int i = 0; i < FILES; i++) {
      Path folder = Files.createDirectories(temp.resolve("tree/" + i % 7));
      byte[] content = new byte[i % 10 == 0 ? 0 : 1 + random.nextInt(100_000)];
      random.nextBytes(content);
      Files.write(folder.resolve("file " + i), content);
    }
    Files.createSymbolicLink(temp.resolve("tree/link"), Path.of("0"));
  }

  @Test
  void shouldMatchEverythingThroughAFolderAndCleanUp() throws IOException {
    CommandRun run =
        CommandRun.of("demo", "--json", "--work", temp.resolve("work"), temp.resolve("tree"));
    assertThat(run.code()).as(run.err()).isZero();
    JsonNode report = new ObjectMapper().readTree(run.out());
    check(report);
    assertThat(temp.resolve("work")).isEmptyDirectory();
  }

  @Test
  void shouldMatchEverythingThroughS3() throws Exception {
    try (S3TestServer server = S3TestServer.start()) {
      AwsCredentials credentials = server.credentials().resolveCredentials();
      System.setProperty("aws.accessKeyId", credentials.accessKeyId());
      System.setProperty("aws.secretAccessKey", credentials.secretAccessKey());
      String url = server.url("demo") + "&region=us-east-1";
      CommandRun run =
          CommandRun.of(
              "demo",
              "--json",
              "--work",
              temp.resolve("work"),
              "--tier",
              url,
              temp.resolve("tree"));
      assertThat(run.code()).as(run.err()).isZero();
      check(new ObjectMapper().readTree(run.out()));
      assertThat(run.out() + run.err()).doesNotContain(credentials.secretAccessKey());
      try (ObjectStore left = ObjectStores.open(url)) {
        assertThat(left.list("", null).objects()).isEmpty();
      }
    } finally {
      System.clearProperty("aws.accessKeyId");
      System.clearProperty("aws.secretAccessKey");
    }
  }

  @Test
  void shouldPrintASummaryOfOneScreenAndKeepWhenAsked() {
    CommandRun run =
        CommandRun.of(
            "demo",
            "--keep",
            "--work",
            temp.resolve("work"),
            "--tier",
            "file:" + temp.resolve("tier"),
            temp.resolve("tree"));
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out().lines()).hasSizeLessThan(25).allMatch(line -> line.length() <= 120);
    assertThat(run.out())
        .contains("engine ", "SIGKILL ", "ratio ", " PUT", " GET", "p50 ", "p99 ", " MB/s", "OK: ");
    assertThat(run.err()).contains("kept: ");
    assertThat(temp.resolve("work")).isNotEmptyDirectory();
    assertThat(temp.resolve("tier")).isNotEmptyDirectory();
  }

  @Test
  void shouldWorkWhereTheWorkFolderLiesInsideOfTheTree() throws IOException {
    Path tree = temp.resolve("tree");
    Path tier = Files.createDirectory(tree.resolve("tier"));
    CommandRun run =
        CommandRun.of("demo", "--work", tree.resolve("0/work"), "--tier", "file:" + tier, tree);
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(tier).isEmptyDirectory();
  }

  @Test
  void shouldManageATreeOfOneByteAndRefuseAnEmptyOne() throws IOException {
    Path tiny = Files.createDirectory(temp.resolve("tiny"));
    Path work = temp.resolve("work");
    CommandRun refused = CommandRun.of("demo", "--work", work, tiny);
    assertThat(refused.code()).isEqualTo(ExitCode.ERROR);
    assertThat(refused.err()).startsWith("error: no files to store: path=" + tiny);
    Files.write(tiny.resolve("f"), new byte[1]);
    assertThat(CommandRun.of("demo", "--work", work, tiny).code()).isZero();
    assertThat(work).isEmptyDirectory();
  }

  @Test
  void shouldExitWith2ForAPlaceThatCannotBeUsed() throws IOException {
    Path file = Files.createFile(temp.resolve("file"));
    Path tree = temp.resolve("tree");
    assertError(CommandRun.of("demo", temp.resolve("missing")), "no such folder: path=");
    assertError(CommandRun.of("demo", file), "not a folder: path=");
    assertError(CommandRun.of("demo", "--work", file.resolve("x"), tree), "cannot make the work");
    assertError(CommandRun.of("demo", "--work", file, tree), "cannot make the work");
  }

  static void check(JsonNode report) {
    assertThat(report.get("checks").get("matched").asBoolean()).isTrue();
    assertThat(report.get("input").get("files").asInt()).isEqualTo(FILES);
    assertThat(report.get("input").get("linksSkipped").asInt()).isEqualTo(1);
    assertThat(report.get("kill").get("afterEpochs").asInt()).isPositive();
    assertThat(report.get("kill").get("afterFiles").asInt()).isBetween(FILES / 4, FILES - 1);
    assertThat(report.get("tier").get("evicted").asInt()).isEqualTo(FILES * 9 / 10 / 2);
    assertThat(report.get("tier").get("stats").get("puts").asInt()).isPositive();
    assertThat(report.get("tier").get("stats").get("gets").asInt()).isPositive();
    assertThat(report.get("tier").get("restoreRequests").get("gets").asInt()).isPositive();
    assertThat(report.get("phases")).hasSizeGreaterThan(8);
  }

  private static void assertError(CommandRun run, String text) {
    assertThat(run.code()).isEqualTo(ExitCode.ERROR);
    assertThat(run.err()).startsWith("error: " + text);
    assertThat(run.err().lines()).hasSize(1);
  }
}
