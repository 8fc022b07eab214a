package io.ashlar.tier.object.directory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.tier.object.MultipartUpload;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreContractTest;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.PutResult;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileObjectStoreTest extends ObjectStoreContractTest {
  private static final int PROCESSES = 3;
  private static final int INCREMENTS = 40;

  @TempDir Path folder;

  @Override
  protected ObjectStore open() {
    return FileObjectStore.open(folder.resolve("store"));
  }

  private Path root() {
    return folder.resolve("store");
  }

  /** Inodes are used again: two versions of a key may differ in their time alone. */
  @Test
  void shouldGiveEachVersionALaterTimeThanTheOneBeforeWhateverTheClockSays() throws IOException {
    store.put("a/key", body("one"));
    Path file = root().resolve("a/key");
    FileTime ahead = FileTime.from(Instant.now().plusSeconds(3600)); // the clock was put back
    Files.setLastModifiedTime(file, ahead);
    PutResult.Stored stored = store.put("a/key", body("two"));
    assertThat(Files.getLastModifiedTime(file)).isGreaterThan(ahead);
    assertThat(Objects.requireNonNull(store.head("a/key")).etag()).isEqualTo(stored.etag());
  }

  @Test
  void shouldKeepEverythingToItsOwner() throws IOException {
    store.put("a/b/c", body("x"));
    store.putIfAbsent("a/b/d", body("x"));
    try (Stream<Path> files = Files.walk(root())) {
      files.forEach(file -> {
        try {
          String mode = PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
          assertThat(mode).isEqualTo(Files.isDirectory(file) ? "rwx------" : "rw-------");
        } catch (IOException e) {
          throw new AssertionError(e);
        }
      });
    }
  }

  @Test
  void shouldFollowNoLinkAtTheLastStep() throws IOException {
    Path outside = Files.writeString(folder.resolve("outside"), "secret");
    Files.createSymbolicLink(root().resolve("link"), outside);

    assertThatThrownBy(() -> store.get("link"))
        .isInstanceOf(ObjectStoreException.class)
        .hasMessageContaining("links are not followed");
    assertThatThrownBy(() -> store.head("link")).isInstanceOf(ObjectStoreException.class);
    assertThatThrownBy(() -> store.put("link", body("overwritten")))
        .isInstanceOf(ObjectStoreException.class);
    assertThat(store.putIfAbsent("link", body("overwritten")).stored()).isFalse();
    assertThat(store.deleteAll(List.of("link")).failed()).containsKey("link");
    assertThat(keys("")).isEmpty();
    assertThat(outside).hasContent("secret");
  }

  @Test
  void shouldFollowNoLinkOutOfItsRoot() throws IOException {
    Path outside = Files.createDirectory(folder.resolve("elsewhere"));
    Files.writeString(outside.resolve("file"), "secret");
    Files.createSymbolicLink(root().resolve("dir"), outside);

    assertThatThrownBy(() -> store.get("dir/file")).isInstanceOf(ObjectStoreException.class);
    assertThatThrownBy(() -> store.put("dir/new", body("x")))
        .isInstanceOf(ObjectStoreException.class);
    assertThatThrownBy(() -> store.putIfAbsent("dir/deep/new", body("x")))
        .isInstanceOf(ObjectStoreException.class);
    assertThat(store.deleteAll(List.of("dir/file")).failed()).containsKey("dir/file");
    assertThat(keys("")).isEmpty();
    assertThat(outside.resolve("new")).doesNotExist();
    assertThat(outside.resolve("file")).hasContent("secret");
  }

  @Test
  void shouldListNoTemporaryFileThatACrashLeft() throws IOException {
    store.put("real", body("x"));
    Files.writeString(root().resolve(".ashlar/temp/stale"), "half");
    Files.writeString(root().resolve("not%decodable"), "foreign");

    assertThat(keys("")).containsExactly("real");
    assertThat(keys(".ash")).isEmpty();
  }

  @Test
  void shouldLeaveNoTemporaryFileOfItsOwn() throws IOException {
    store.put("a", body("1"));
    store.putIfAbsent("a", body("2"));
    store.putIfMatch("a", body("3"), "no");
    try (MultipartUpload upload = store.startUpload("b")) {
      upload.part(1, body("x"));
    }
    store.close();
    try (Stream<Path> files = Files.list(root().resolve(".ashlar/temp"))) {
      assertThat(files).isEmpty();
    }
  }

  @Test
  void shouldRefuseAKeyBelowAnObjectAndAnObjectAboveKeys() {
    store.put("a", body("x"));
    store.put("b/c", body("x"));
    assertThatThrownBy(() -> store.put("a/b", body("y")))
        .isInstanceOfSatisfying(
            ObjectStoreException.class, e -> assertThat(e.retryable()).isFalse());
    assertThatThrownBy(() -> store.put("b", body("y"))).isInstanceOf(ObjectStoreException.class);
  }

  @Test
  void shouldKeepReadingTheVersionThatWasOpenedWhileItIsReplaced() throws IOException {
    store.put("k", body("old bytes"));
    try (ObjectContent content = store.get("k")) {
      store.put("k", body("new"));
      assertThat(new String(content.stream().readAllBytes(), StandardCharsets.UTF_8))
          .isEqualTo("old bytes");
    }
  }

  /** By UTF-16 units, as the test server sorts, these two change places. */
  @Test
  void shouldSortSupplementaryCharactersByTheirBytes() {
    store.put("\uD83D\uDE00", body("x"));
    store.put("\uFF5E", body("x"));
    assertThat(keys("")).containsExactly("\uFF5E", "\uD83D\uDE00");
  }

  @Test
  void shouldRefuseAFileAsItsRoot() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "x");
    assertThatThrownBy(() -> FileObjectStore.open(file))
        .isInstanceOf(ObjectStoreException.class)
        .hasMessageContaining(file.toString());
  }

  @Test
  @Tag("campaign")
  void shouldLoseNoUpdateBetweenProcesses() throws Exception {
    store.put("counter", body("0"));
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < PROCESSES; i++) {
      processes.add(
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-cp",
                  System.getProperty("java.class.path"),
                  Incrementer.class.getName(),
                  root().toString())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.to(new File(folder.toFile(), "out" + i)))
              .start());
    }
    for (int i = 0; i < PROCESSES; i++) {
      assertThat(processes.get(i).waitFor())
          .as(Files.readString(folder.resolve("out" + i)))
          .isZero();
    }
    assertThat(text("counter")).isEqualTo(Integer.toString(PROCESSES * INCREMENTS));
  }

  /** Another process that counts by compare-and-set. */
  static final class Incrementer {
    public static void main(String[] args) throws IOException {
      try (ObjectStore store = FileObjectStore.open(Path.of(args[0]))) {
        for (int done = 0; done < INCREMENTS; ) {
          try (ObjectContent content = store.get("counter")) {
            long value =
                Long.parseLong(new String(content.stream().readAllBytes(), StandardCharsets.UTF_8));
            ObjectBody next = body(Long.toString(value + 1));
            if (store.putIfMatch("counter", next, content.object().etag()).stored()) {
              done++;
            }
          }
        }
      }
    }
  }
}
