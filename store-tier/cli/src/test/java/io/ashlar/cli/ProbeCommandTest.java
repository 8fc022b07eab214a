package io.ashlar.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.cli.console.ExitCode;
import io.ashlar.tier.object.s3.DialectServer;
import io.ashlar.tier.object.s3.DialectServer.Flaw;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProbeCommandTest {
  @TempDir Path temp;

  @BeforeEach
  void giveCredentials() {
    System.setProperty("aws.accessKeyId", "nobody");
    System.setProperty("aws.secretAccessKey", "nothing");
  }

  @AfterEach
  void takeCredentials() {
    System.clearProperty("aws.accessKeyId");
    System.clearProperty("aws.secretAccessKey");
  }

  @Test
  void shouldFindADirectoryFit() {
    CommandRun run = CommandRun.of("probe", "file:" + temp.resolve("tier"));
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out())
        .contains("put if absent       real")
        .contains("verdict             fit for several writers");
  }

  @Test
  @Tag("campaign")
  void shouldTellAServiceWithoutCompareAndSetAndWhatToChange() throws Exception {
    try (DialectServer server = DialectServer.start(Flaw.NO_PUT_IF_ABSENT, Flaw.NO_PUT_IF_MATCH)) {
      CommandRun run = CommandRun.of("probe", server.url("x"));
      assertThat(run.code()).as(run.err()).isEqualTo(ExitCode.DIFFERENT);
      assertThat(run.out())
          .contains("put if absent       fake")
          .contains("put if match        fake")
          .contains("not fit for several writers")
          .contains("writers=one");
      CommandRun json = CommandRun.of("probe", "--json", server.url("x"));
      assertThat(json.code()).isEqualTo(ExitCode.DIFFERENT);
      assertThat(json.out())
          .contains("\"putIfAbsent\":\"FAKE\"")
          .contains("\"fitForSeveralWriters\":false");
    }
  }
}
