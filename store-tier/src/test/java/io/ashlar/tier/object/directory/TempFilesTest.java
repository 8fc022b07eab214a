package io.ashlar.tier.object.directory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.tier.object.MultipartUpload;
import io.ashlar.tier.object.ObjectBody;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** T1 and T2 of {@link TempFiles}, between processes. */
class TempFilesTest {
  private static final long HOUR_MS = 3_600_000;
  private static final String DEAD = "1f-1-01234567-89ab-7def-8123-456789abcdef";
  private static final String TEMP = ".01234567-89ab-7def-8123-456789abcde0";

  @TempDir Path folder;

  private static ObjectBody body(String text) {
    return ObjectBody.of(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }

  private Path temps() {
    return folder.resolve("store/.ashlar/temp");
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(temps())) {
      return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
    }
  }

  private FileObjectStore open() {
    return FileObjectStore.open(folder.resolve("store"));
  }

  @Test
  void shouldSweepWhatAKilledWriterLeftAndNothingOfALiveOne() throws Exception {
    open().close();
    Process writer = startWriter();
    try {
      awaitTemps(3); // an owner file, a part, and half of a body
      List<String> ofWriter = names();
      for (String name : ofWriter) {
        Files.setLastModifiedTime(temps().resolve(name), FileTime.from(0, TimeUnit.SECONDS));
      }
      try (FileObjectStore store = open()) {
        store.put("a", body("x"));
        assertThat(store.abortStaleUploads(HOUR_MS)).isZero();
        assertThat(names()).containsAll(ofWriter);
      }
      writer.destroyForcibly().waitFor();
      try (FileObjectStore store = open()) {
        assertThat(store.abortStaleUploads(HOUR_MS)).isEqualTo(2);
        assertThat(names()).isEmpty();
      }
    } finally {
      writer.destroyForcibly().waitFor();
    }
  }

  @Test
  void shouldSweepAtTheFirstWriteOfAnOpen() throws Exception {
    open().close();
    Process writer = startWriter();
    try {
      awaitTemps(3);
    } finally {
      writer.destroyForcibly().waitFor();
    }
    try (FileObjectStore store = open()) {
      assertThat(store.head("a")).isNull();
      assertThat(names()).hasSize(3); // reading writes nothing
      store.putIfAbsent("a", body("x"));
      assertThat(names()).singleElement().asString().endsWith(".owner");
    }
    assertThat(names()).isEmpty();
  }

  private Process startWriter() throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            Writer.class.getName(),
            folder.resolve("store").toString())
        .redirectErrorStream(true)
        .redirectOutput(folder.resolve("writer.txt").toFile())
        .start();
  }

  private void awaitTemps(int count) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (names().size() < count) {
      assertThat(System.nanoTime())
          .as(Files.readString(folder.resolve("writer.txt")))
          .isLessThan(deadline);
      Thread.sleep(5);
    }
  }

  /** Another process, which never comes to an end with two uploads. */
  static final class Writer {
    public static void main(String[] args) {
      FileObjectStore store = FileObjectStore.open(Path.of(args[0]));
      store.startUpload("parts").part(1, body("part"));
      store.put(
          "k",
          new ObjectBody() {
            @Override
            public long length() {
              return 10;
            }

            @Override
            public InputStream newStream() {
              return new HangingStream();
            }
          });
    }
  }

  private static final class HangingStream extends ByteArrayInputStream {
    HangingStream() {
      super(new byte[5]);
    }

    @Override
    public synchronized int read(byte[] target, int offset, int count) {
      int n = super.read(target, offset, count);
      if (n < 0) {
        try {
          new CountDownLatch(1).await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
      return n;
    }
  }

  @Test
  void shouldKeepWhatAnotherStoreOfThisProcessIsWriting() throws IOException {
    try (FileObjectStore first = open();
        FileObjectStore second = open();
        MultipartUpload upload = first.startUpload("k")) {
      upload.part(1, body("hello"));
      second.put("other", body("x"));
      assertThat(second.abortStaleUploads(HOUR_MS)).isZero();
      upload.complete();
      assertThat(first.head("k")).isNotNull();
    }
    assertThat(names()).isEmpty();
  }

  @Test
  void shouldKeepTheLockUntilTheLastUploadIsClosed() throws IOException {
    FileObjectStore first = open();
    MultipartUpload upload = first.startUpload("k");
    upload.part(1, body("hello"));
    first.close();
    assertThat(names()).hasSize(2);
    upload.close();
    assertThat(names()).isEmpty();
  }

  @Test
  void shouldSweepWithWhateverACrashLeftOfAnOwner() throws IOException {
    try (FileObjectStore store = open()) {
      // Created and never locked; a sweep that was killed; a name that is none of ours.
      Files.createFile(temps().resolve(DEAD + ".owner"));
      Files.writeString(temps().resolve(DEAD.replace("1f-", "2f-") + TEMP), "half");
      Files.writeString(temps().resolve("foreign"), "half");
      assertThat(store.abortStaleUploads(HOUR_MS)).isEqualTo(1);
      assertThat(names()).containsExactly("foreign");
      assertThatThrownBy(() -> store.abortStaleUploads(1))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
