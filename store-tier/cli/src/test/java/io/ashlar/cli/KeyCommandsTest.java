package io.ashlar.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.cli.console.ExitCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code --key-file}, in every command that reads or writes batches. */
class KeyCommandsTest {
  private static final String SECRET_NAME = "name-9f8e7d6c5b4a";
  private static final String SECRET = "content-1a2b3c4d5e6f";
  private static final String HEX = "00112233445566778899aabbccddeeff".repeat(2);

  @TempDir Path temp;

  private String url = "";
  private Path store;
  private Path keys;

  @BeforeEach
  void put() throws IOException {
    url = "file:" + temp.resolve("tier");
    store = temp.resolve("store");
    keys = keyFile("keys", "3:" + HEX);
    Path tree = Files.createDirectories(temp.resolve("tree"));
    Files.writeString(tree.resolve(SECRET_NAME), SECRET.repeat(3));
    Files.writeString(tree.resolve("other"), "other content");
    ok("put", store, tree.resolve(SECRET_NAME), tree.resolve("other"));
  }

  private Path keyFile(String name, String text) throws IOException {
    Path file = Files.writeString(temp.resolve(name), text + "\n");
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
  }

  private static CommandRun ok(Object... arguments) {
    CommandRun run = CommandRun.of(arguments);
    assertThat(run.code()).as("%s: %s", Arrays.toString(arguments), run.err()).isZero();
    return run;
  }

  /** Runs a command with the keys, which it needs. */
  private CommandRun keyed(Object... arguments) {
    CommandRun without = CommandRun.of(arguments);
    assertThat(without.code()).as(without.out()).isEqualTo(ExitCode.ERROR);
    assertThat(without.err()).contains("error: ").contains("encrypted").contains("key id=3");
    assertThat(without.err()).doesNotContain(HEX.substring(0, 8));
    List<Object> with = new ArrayList<>(List.of(arguments));
    with.addAll(List.of("--key-file", keys));
    return ok(with.toArray());
  }

  private List<Path> objects(String below) throws IOException {
    try (Stream<Path> files = Files.walk(temp.resolve("tier").resolve(below))) {
      return files.filter(Files::isRegularFile).toList();
    }
  }

  /** Which of the two texts some object holds, in its name or its content. */
  private List<String> exposed() throws IOException {
    List<String> found = new ArrayList<>();
    for (String text : List.of(SECRET_NAME, SECRET)) {
      for (Path object : objects("")) {
        String all =
            object.getFileName()
                + new String(Files.readAllBytes(object), StandardCharsets.ISO_8859_1);
        if (all.contains(text) && !found.contains(text)) {
          found.add(text);
        }
      }
    }
    return found;
  }

  @Test
  @Tag("campaign")
  void shouldUploadNeitherNamesNorContentsAndNeedTheKeysEverywhere() throws IOException {
    ok("tier", store, url, "--key-file", keys);
    Files.writeString(temp.resolve("tree").resolve("more"), "more");
    ok("put", store, temp.resolve("tree").resolve("more"));
    keyed("tier", store, url);
    keyed("evict", store, url);
    assertThat(exposed()).isEmpty();
    keyed("get", store, SECRET_NAME, temp.resolve("got"), "--tier", url);
    assertThat(temp.resolve("got")).hasContent(SECRET.repeat(3));
    keyed("scrub", url);
    keyed("collect", url, "--keep", "1", "--dry-run");
    keyed("collect", url, "--keep", "1");
    keyed("restore", url, temp.resolve("restored"));
    ok("get", temp.resolve("restored"), SECRET_NAME, temp.resolve("again"));
    assertThat(temp.resolve("again")).hasContent(SECRET.repeat(3));
    assertThat(exposed()).isEmpty();
    // These read no batch.
    ok("checkpoints", url);
    ok("collect", url);
  }

  /** So the search finds both. */
  @Test
  void shouldUploadNamesAndContentsWithoutKeys() throws IOException {
    ok("tier", store, url);
    assertThat(exposed()).containsExactly(SECRET_NAME, SECRET);
  }

  @Test
  void shouldMixOnlyWhenToldTo() throws IOException {
    ok("tier", store, url);
    CommandRun refused = CommandRun.of("tier", store, url, "--key-file", keys);
    assertThat(refused.code()).isEqualTo(ExitCode.ERROR);
    assertThat(refused.err()).contains("not encrypted").contains("mixed encryption");
    ok("tier", store, url, "--key-file", keys, "--mixed-encryption");
    keyed("tier", store, url);
  }

  @Test
  void shouldRefuseAKeyFileBeforeAnythingIsDone() throws IOException {
    Path shared =
        Files.setPosixFilePermissions(
            keyFile("shared", "3:" + HEX), PosixFilePermissions.fromString("rw-r--r--"));
    CommandRun open = CommandRun.of("tier", store, url, "--key-file", shared);
    assertThat(open.code()).isEqualTo(ExitCode.ERROR);
    assertThat(open.err()).startsWith("error: key file may be read").contains("chmod 600");
    CommandRun garbled =
        CommandRun.of("tier", store, url, "--key-file", keyFile("garbled", HEX + HEX));
    assertThat(garbled.err()).contains("line=1").doesNotContain(HEX.substring(0, 8));
    CommandRun missing = CommandRun.of("tier", store, url, "--key-file", temp.resolve("none"));
    assertThat(missing.err()).contains("no such file");
    assertThat(temp.resolve("tier")).doesNotExist();
  }

  @Test
  void shouldListAndConvertSealedBatchesAndKeepThemEncrypted() throws IOException {
    ok("tier", store, url, "--key-file", keys);
    Path batch = objects("batches").getFirst();
    assertThat(keyed("batch", "ls", batch).lines()).hasSizeGreaterThan(2);
    keys = keyFile("rotated", "4:" + HEX.replace('0', '1') + "\n3:" + HEX);
    Path out = temp.resolve("out3");
    keyed("batch", "convert", batch, out, "--format", "v3");
    CommandRun sealed = CommandRun.of("batch", "ls", out);
    assertThat(sealed.code()).isEqualTo(ExitCode.ERROR);
    assertThat(sealed.err()).contains("key id=4");
    ok("batch", "ls", out, "--key-file", keys);
    CommandRun v2 =
        CommandRun.of(
            "batch", "convert", batch, temp.resolve("out2"), "--format", "v2", "--key-file", keys);
    assertThat(v2.code()).isEqualTo(ExitCode.ERROR);
    assertThat(v2.err()).contains("version 2 has no encryption").contains("--decrypt");
    assertThat(temp.resolve("out2")).doesNotExist();
    keyed("batch", "convert", batch, temp.resolve("plain"), "--format", "v2", "--decrypt");
    keyed("batch", "convert", "--salvage", batch, temp.resolve("saved"), "--format", "v3");
    assertThat(CommandRun.of("batch", "ls", temp.resolve("saved")).err()).contains("key id=4");
    ok("batch", "ls", temp.resolve("plain"));
  }
}
