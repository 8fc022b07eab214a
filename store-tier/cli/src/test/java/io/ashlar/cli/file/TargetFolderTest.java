package io.ashlar.cli.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TargetFolderTest {
  @TempDir Path temp;

  @Test
  void shouldWriteBelowTheFolderAndMakeFoldersOnTheWay() throws IOException {
    Path written = folder().write(new BlobName("a/b/c"), content("x"));
    assertThat(written).hasContent("x").isEqualTo(temp.toRealPath().resolve("out/a/b/c"));
  }

  @Test
  void shouldReplaceALinkInTheLastPlaceAndNotFollowIt() throws IOException {
    Path outside = Files.writeString(temp.resolve("outside"), "untouched");
    TargetFolder target = folder();
    Path link = Files.createSymbolicLink(temp.resolve("out/link"), outside);
    target.write(new BlobName("link"), content("x"));
    assertThat(outside).hasContent("untouched");
    assertThat(Files.isSymbolicLink(link)).isFalse();
    assertThat(link).hasContent("x");
  }

  @Test
  void shouldRefuseToWriteThroughALink() throws IOException {
    Path outside = Files.createDirectory(temp.resolve("outside"));
    TargetFolder target = folder();
    Files.createSymbolicLink(temp.resolve("out/link"), outside);
    assertThatThrownBy(() -> target.write(new BlobName("link/file"), content("x")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("symbolic link");
    assertThat(children(outside)).isEmpty();
  }

  @Test
  void shouldRefuseAFolderWhereAFileIs() throws IOException {
    TargetFolder target = folder();
    target.write(new BlobName("a"), content("x"));
    assertThatThrownBy(() -> target.write(new BlobName("a/b"), content("y")))
        .isInstanceOf(IOException.class);
    assertThatThrownBy(
            () -> {
              target.write(new BlobName("d/e"), content("x"));
              target.write(new BlobName("d"), content("y"));
            })
        .isInstanceOf(IOException.class);
    assertThat(temp.resolve("out/a")).hasContent("x");
  }

  @Test
  void shouldLeaveWhatWasThereWhenTheContentFails() throws IOException {
    TargetFolder target = folder();
    target.write(new BlobName("a"), content("before"));
    assertThatThrownBy(() ->
            target.write(
                new BlobName("a"),
                channel -> {
                  channel.write(ByteBuffer.wrap(new byte[10]));
                  throw new IOException("damaged");
                }))
        .hasMessage("damaged");
    assertThat(temp.resolve("out/a")).hasContent("before");
    assertThat(children(temp.resolve("out"))).hasSize(1);
  }

  @Test
  void shouldRefuseAFileAsFolder() throws IOException {
    Path file = Files.createFile(temp.resolve("file"));
    assertThatThrownBy(() -> new TargetFolder(file))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("not a folder");
  }

  private TargetFolder folder() throws IOException {
    return new TargetFolder(temp.resolve("out"));
  }

  private static TargetFolder.Content content(String text) {
    return channel -> channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
  }

  private static List<Path> children(Path folder) throws IOException {
    try (Stream<Path> children = Files.list(folder)) {
      return children.toList();
    }
  }

  /** Begins to replace a file, says so, and waits until it is ended. */
  static final class BlockedWriter {
    private BlockedWriter() {}

    /** Runs it; its one argument is the file. */
    public static void main(String[] arguments) throws IOException {
      CountDownLatch never = new CountDownLatch(1);
      TargetFolder.replace(
          Path.of(arguments[0]),
          channel -> {
            channel.write(ByteBuffer.wrap(new byte[1]));
            System.out.println("begun");
            try {
              var _ = never.await(60, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
              throw new InterruptedIOException();
            }
          });
    }
  }

  @Test
  void shouldLeaveNothingWhenItIsInterrupted() throws Exception {
    Path target = Files.writeString(temp.resolve("file"), "before");
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                BlockedWriter.class.getName(),
                target.toString())
            .redirectErrorStream(true)
            .start();
    try {
      assertThat(child.inputReader().readLine()).isEqualTo("begun");
      assertThat(children(temp)).hasSize(2);
      child.destroy(); // SIGTERM, which ends a JVM as SIGINT does
      assertThat(child.waitFor(60, TimeUnit.SECONDS)).isTrue();
    } finally {
      child.destroyForcibly();
    }
    assertThat(children(temp)).containsExactly(target);
    assertThat(target).hasContent("before");
  }
}
