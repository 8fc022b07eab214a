package io.ashlar.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.ashlar.cli.command.StoreOptions;
import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.file.BlobName;
import io.ashlar.cli.file.CatalogueTest;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobStore;
import io.ashlar.store.Epoch;
import io.ashlar.store.StallCause;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.store.local.ReadOnlyStore;
import io.ashlar.store.spi.BlobChange;
import io.ashlar.store.spi.TierSource;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The commands that work on a store alone. */
class StoreCommandsTest extends OnAStore {
  @Test
  void shouldPutListGetAndRemove() throws IOException {
    Path tree = tree();
    CommandRun put = ok("put", store(), tree);
    assertThat(put.out()).contains("put 4 files").contains("1 symbolic link").endsWith("\n");
    assertThat(ok("ls", store()).lines())
        .containsExactly("tree/a", "tree/b/empty", "tree/b/large", "tree/ü");
    assertThat(ok("ls", store(), "tree/b").lines()).containsExactly("tree/b/empty", "tree/b/large");
    ok("get", store(), "tree/b/large", temp.resolve("one"));
    assertThat(temp.resolve("one")).hasSameBinaryContentAs(tree.resolve("b/large"));
    ok("get", "--all", store(), temp.resolve("out"));
    assertSame(tree, temp.resolve("out/tree"));
    assertThat(ok("rm", store(), "tree/a", "tree/ü").out()).contains("removed 2 files");
    assertThat(ok("ls", store()).lines()).containsExactly("tree/b/empty", "tree/b/large");
    assertThat(ok("rm", "-r", store(), "tree").out()).contains("removed 2 files");
    assertThat(ok("ls", "--all", store()).out()).isEmpty();
  }

  @Test
  void shouldBackUpIntoAFileThatIsItselfAStore() throws IOException {
    Path tree = tree();
    ok("put", store(), tree);
    Path backup = temp.resolve("saved.ashlar");
    assertThat(ok("backup", store(), backup).out()).contains("backed up ").contains("saved.ashlar");
    CommandRun again = CommandRun.of("backup", store(), backup);
    assertThat(again.code()).isEqualTo(ExitCode.ERROR);
    assertThat(again.err()).startsWith("error: the backup exists already");
    Path restored = Files.createDirectory(temp.resolve("restored"));
    Files.copy(backup, restored.resolve(StoreOptions.DATA_FILE));
    ok("verify", restored);
    ok("get", "--all", restored, temp.resolve("fromBackup"));
    assertSame(tree, temp.resolve("fromBackup/tree"));
    ok("rm", "-r", restored, "tree"); // it can be written to, and the original does not change
    assertThat(ok("ls", store()).lines()).isNotEmpty();
    try (Stream<Path> left = Files.list(temp)) {
      assertThat(left).noneMatch(path -> path.getFileName().toString().startsWith("ashlar-backup"));
    }
  }

  @Test
  void shouldReplaceAFileThatIsPutAgain() throws IOException {
    Path file = Files.writeString(temp.resolve("f"), "one");
    ok("put", store(), file);
    Files.writeString(file, "three");
    ok("put", store(), file);
    ok("get", store(), "f", temp.resolve("back"));
    assertThat(temp.resolve("back")).hasContent("three");
    assertThat(json("stat", "--json", store()).get("files").asInt()).isEqualTo(1);
    assertThat(json("stat", "--json", store()).get("cataloguePages").asInt()).isEqualTo(1);
  }

  @Test
  void shouldNotPutAStoreIntoItself() throws IOException {
    Path tree = tree();
    CommandRun put = ok("put", tree.resolve("store"), tree);
    assertThat(put.out()).contains("put 4 files").contains("1 special file");
  }

  @Test
  void shouldReportAFileThatChangesOrCannotBeReadAndExitWith1() throws Exception {
    Path tree = tree();
    assertThat(new ProcessBuilder("bash", "-c", "touch " + tree + "/$'\\xff'").start().waitFor())
        .isZero();
    CommandRun put = CommandRun.of("put", store(), tree);
    assertThat(put.code()).isEqualTo(ExitCode.DIFFERENT);
    assertThat(put.err()).startsWith("error: name refused: it is not UTF-8");
    assertThat(put.out()).contains("put 4 files").contains("left out 1 path");
  }

  @Test
  void shouldRefuseAMissingPathBeforeAnythingIsMade() {
    CommandRun put = CommandRun.of("put", store(), temp.resolve("missing"));
    assertThat(put.code()).isEqualTo(ExitCode.ERROR);
    assertThat(put.err()).startsWith("error: no such file or folder: path=");
    assertThat(store()).doesNotExist();
  }

  @Test
  void shouldRefuseAFileInPlaceOfAStore() throws IOException {
    Path file = Files.createFile(temp.resolve("file"));
    CommandRun put = CommandRun.of("put", file, tree());
    assertThat(put.code()).isEqualTo(ExitCode.ERROR);
    assertThat(put.err()).startsWith("error: not a folder: store=" + file);
  }

  @ParameterizedTest
  @MethodSource("io.ashlar.cli.file.BlobNameTest#hostileNames")
  @Tag("campaign")
  void shouldRefuseHostileNamesInEveryCommandThatTakesOne(String name) throws IOException {
    ok("put", store(), Files.writeString(temp.resolve("f"), "x"));
    Path out = temp.resolve("out");
    for (List<Object> arguments :
        List.<List<Object>>of(
            List.of("get", store(), name, out),
            List.of("get", "--all", "--below", name, store(), out),
            List.of("ls", store(), name),
            List.of("rm", store(), name))) {
      CommandRun run = CommandRun.of(arguments.toArray());
      assertThat(run.code()).isEqualTo(ExitCode.ERROR);
      assertThat(run.err()).startsWith("error: name refused: ");
      assertThat(run.err().lines()).hasSize(1);
    }
    assertThat(out).doesNotExist();
    assertThat(ok("ls", store()).lines()).containsExactly("f");
  }

  @Test
  void shouldWriteNothingOutsideForAStoreThatHoldsAHostileName() throws IOException {
    try (LocalBlobStore store = LocalBlobStore.builder(store()).open()) {
      CatalogueTest.putHostilePage(store);
    }
    CommandRun run = CommandRun.of("get", "--all", store(), temp.resolve("deep/out"));
    assertThat(run.code()).isEqualTo(ExitCode.ERROR);
    assertThat(run.err()).startsWith("error: catalogue page holds a bad name: id=");
    assertThat(temp.resolve("deep")).doesNotExist();
    assertThat(temp.resolve("escaped")).doesNotExist();
  }

  @Test
  void shouldNotFollowLinksWhereItWrites() throws IOException {
    Path tree = tree();
    ok("put", store(), tree);
    Path outside = Files.createDirectory(temp.resolve("outside"));
    Path out = Files.createDirectories(temp.resolve("out/tree"));
    Files.createSymbolicLink(out.resolve("b"), outside);
    Files.createSymbolicLink(out.resolve("a"), outside.resolve("a"));
    CommandRun run = CommandRun.of("get", "--all", store(), temp.resolve("out"));
    assertThat(run.code()).isEqualTo(ExitCode.DIFFERENT);
    assertThat(run.err().lines()).hasSize(2).allMatch(line -> line.contains("symbolic link"));
    assertThat(outside).isEmptyDirectory();
    assertThat(out.resolve("a")).hasSameBinaryContentAs(tree.resolve("a"));
  }

  @Test
  void shouldRemoveNothingWhenOneNameIsMissing() throws IOException {
    ok("put", store(), tree());
    CommandRun run = CommandRun.of("rm", store(), "tree/a", "tree/x");
    assertThat(run.code()).isEqualTo(ExitCode.ERROR);
    assertThat(run.err()).contains("name=tree/x").contains("nothing was removed");
    assertThat(ok("ls", store()).lines()).hasSize(4);
    assertThat(CommandRun.of("rm", store(), "tree").err()).contains("it is a folder");
    assertThat(ok("rm", "-f", store(), "tree/a", "tree/x").out()).contains("removed 1 file,");
  }

  @Test
  void shouldSayThatANameIsNotThere() throws IOException {
    ok("put", store(), tree());
    CommandRun get = CommandRun.of("get", store(), "tree/x", temp.resolve("out"));
    assertThat(get.code()).isEqualTo(ExitCode.ERROR);
    assertThat(get.err()).startsWith("error: no such name in the store: name=tree/x");
    assertThat(CommandRun.of("get", store(), "tree").err()).contains("it is a folder");
    assertThat(CommandRun.of("ls", store(), "tree/x").code()).isEqualTo(ExitCode.ERROR);
  }

  @Test
  void shouldTellWhatAStoreHolds() throws IOException {
    ok("put", store(), tree());
    JsonNode stat = json("stat", "--json", store());
    assertThat(stat.get("files").asInt()).isEqualTo(4);
    assertThat(stat.get("blobs").asInt()).isEqualTo(4 + stat.get("cataloguePages").asInt());
    assertThat(stat.get("engine").asText()).isNotBlank();
    assertThat(stat.get("engineReason").asText()).isNotBlank();
    assertThat(stat.get("stalls")).hasSize(StallCause.values().length);
    assertThat(stat.get("stalls").get(0).get("cause").asText()).isEqualTo("role");
    assertThat(stat.get("stalls").get(0).get("maxNs").asLong()).isZero();
    assertThat(ok("stat", store()).out())
        .contains("engine ")
        .contains("files      4")
        .contains("stalls     0 commits of over 1 ms since open\n");
    assertThat(ok("stat", "--engine=pread_pwrite", store()).out()).contains("pread");
    List<JsonNode> lines = new ArrayList<>();
    for (String line : ok("ls", "--json", store()).lines()) {
      lines.add(JSON.readTree(line));
    }
    assertThat(lines).extracting(line -> line.get("name").asText()).contains("tree/ü");
    assertThat(lines.getFirst().get("id").asText())
        .isEqualTo(new BlobName("tree/a").id().toString());
    assertThat(ok("ls", "-l", store()).lines().getFirst()).matches(" +1  local  [0-9a-f]{32}  .*");
  }

  /** The length, the content and the times of a data file, which looking must leave alone. */
  private record FileState(long length, FileTime modified, String hash) {
    static FileState of(Path file) throws IOException {
      try {
        byte[] hash = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
        return new FileState(
            Files.size(file), Files.getLastModifiedTime(file), HexFormat.of().formatHex(hash));
      } catch (NoSuchAlgorithmException e) {
        throw new IOException(e);
      }
    }
  }

  @Test
  void shouldChangeNothingByLooking() throws IOException {
    ok("put", store(), tree());
    Path file = store().resolve(StoreOptions.DATA_FILE);
    FileState before = FileState.of(file);
    ok("stat", store());
    ok("stat", "--json", store());
    ok("ls", "-l", store());
    ok("verify", store());
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--------"));
    ok("verify", "--json", "--rate=1000", store());
    assertThat(FileState.of(file)).isEqualTo(before);
    try (Stream<Path> left = Files.list(store())) {
      assertThat(left).containsExactly(file);
    }
  }

  @Test
  void shouldLookBesideOthersWhoLookButNotBesideAWriter() throws IOException {
    ok("put", store(), tree());
    try (ReadOnlyStore other = ReadOnlyStore.open(store(), StoreConfig.DEFAULTS)) {
      assertThat(json("stat", "--json", store()).get("blobs").asLong()).isEqualTo(other.blobs());
      ok("verify", store());
      assertThat(ok("ls", store()).lines()).hasSize(4);
    }
    try (LocalBlobStore writer = LocalBlobStore.builder(store()).open()) {
      for (String command : List.of("stat", "verify")) {
        CommandRun run = CommandRun.of(command, "--wait=0", store());
        assertThat(run.code()).isEqualTo(ExitCode.ERROR);
        assertThat(run.err()).startsWith("error: the store is open elsewhere");
      }
      assertThat(writer.stats().failed()).isFalse();
    }
  }

  @Test
  void shouldVerifyInParts() throws IOException {
    try (LocalBlobStore writer = LocalBlobStore.builder(store()).open()) {
      for (int group = 0; group < 5; group++) {
        try (Epoch epoch = writer.beginEpoch()) {
          for (int n = 0; n < 1_000; n++) {
            epoch.put(new BlobId(group, n), MemorySegment.ofArray(new byte[1_000]));
          }
          epoch.commit();
        }
      }
    }
    long blobs = 0;
    int parts = 0;
    for (long cursor = 0; cursor >= 0 && parts < 100; parts++) {
      JsonNode part = json("verify", "--json", "--limit=1", "--from=" + cursor, store());
      assertThat(part.get("clean").asBoolean()).isTrue();
      blobs += part.get("blobs").asLong();
      cursor = part.get("nextCursor").asLong();
    }
    assertThat(parts).isGreaterThan(1);
    assertThat(blobs).isEqualTo(5_000);
    assertThat(ok("verify", "--limit=1", store()).out()).contains("continue with: --from=");
    for (String wrong : List.of("--from=-1", "--rate=-1", "--limit=-1", "--from=9999999999")) {
      assertThat(CommandRun.of("verify", wrong, store()).code()).isEqualTo(ExitCode.ERROR);
    }
  }

  @Test
  void shouldListDamagedBlobsWithTheirNamesAndExitWith1() throws IOException {
    ok("put", store(), tree());
    assertThat(ok("verify", store()).out()).contains("verified 7 blobs").contains("; 0 damaged");
    BlobName large = new BlobName("tree/b/large");
    damage(large.id());
    CommandRun run = CommandRun.of("verify", store());
    assertThat(run.code()).isEqualTo(ExitCode.DIFFERENT);
    assertThat(run.lines().getFirst()).startsWith("damaged: id=" + large.id() + ", name=" + large);
    CommandRun json = CommandRun.of("verify", "--json", store());
    assertThat(json.code()).isEqualTo(ExitCode.DIFFERENT);
    JsonNode outcome = JSON.readTree(json.out());
    assertThat(outcome.get("clean").asBoolean()).isFalse();
    assertThat(outcome.get("damaged").get(0).get("name").asText()).isEqualTo(large.text());

    Path out = temp.resolve("out");
    CommandRun get = CommandRun.of("get", store(), large, out);
    assertThat(get.code()).isEqualTo(ExitCode.DIFFERENT);
    assertThat(get.err()).startsWith("error: ").contains(large.id().toString());
    assertThat(out).doesNotExist();
    CommandRun all = CommandRun.of("get", "--all", store(), temp.resolve("all"));
    assertThat(all.code()).isEqualTo(ExitCode.DIFFERENT);
    assertThat(all.out()).contains("got 3 files").contains("1 error");
  }

  @Test
  @Tag("campaign")
  void shouldMakeTheDataFileShorterOnceMostWasRemoved() throws IOException {
    Path many = Files.createDirectories(temp.resolve("many"));
    for (int i = 0; i < 40; i++) {
      byte[] bytes = new byte[1_000_000];
      new SplittableRandom(i).nextBytes(bytes);
      Files.write(many.resolve("file" + i), bytes);
    }
    ok("put", store(), many);
    for (int i = 0; i < 36; i++) {
      ok("rm", store(), "many/file" + i);
    }
    long before = Files.size(store().resolve(StoreOptions.DATA_FILE));
    JsonNode outcome = json("vacuum", "--json", store());
    assertThat(outcome.get("end").asText()).isEqualTo("DONE");
    assertThat(outcome.get("fileBytesBefore").asLong()).isEqualTo(before).isGreaterThan(40_000_000);
    long after = Files.size(store().resolve(StoreOptions.DATA_FILE));
    assertThat(outcome.get("fileBytesAfter").asLong()).isEqualTo(after).isLessThan(20_000_000);
    assertThat(outcome.get("bytesMoved").asLong()).isBetween(1_000_000L, 12_000_000L);
    CommandRun again = ok("vacuum", "--rate=100", "--holes=1", store());
    assertThat(again.lines().getLast()).startsWith("moved 0 blobs").contains("data file ");
    assertThat(ok("verify", store()).out()).contains("; 0 damaged");
    ok("get", store(), "many/file39", temp.resolve("file39"));
    assertThat(temp.resolve("file39")).hasSameBinaryContentAs(many.resolve("file39"));
    assertThat(CommandRun.of("vacuum", "--rate=-1", store()).code()).isEqualTo(ExitCode.ERROR);
  }

  private void damage(BlobId id) throws IOException {
    long[] offset = new long[1];
    try (LocalBlobStore store = LocalBlobStore.builder(store()).open()) {
      ((TierSource) store)
          .forEachChange(
              0,
              Long.MAX_VALUE,
              (BlobChange change) -> {
                if (change.id().equals(id)) {
                  offset[0] = change.startBlock() * 4096;
                }
              });
      assertThat(store.length(id)).isNotEqualTo(BlobStore.NOT_FOUND);
    }
    try (RandomAccessFile file =
        new RandomAccessFile(store().resolve("ashlar.data").toFile(), "rw")) {
      file.seek(offset[0] + 100);
      int before = file.read();
      file.seek(offset[0] + 100);
      file.write(before ^ 1);
    }
  }
}
