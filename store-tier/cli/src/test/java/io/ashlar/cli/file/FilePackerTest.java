package io.ashlar.cli.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.local.LocalBlobStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FilePackerTest {
  private final Path folder;
  private final LocalBlobStore store;
  private final List<FilePacker.Acknowledged> acknowledged = new ArrayList<>();

  FilePackerTest(@TempDir Path folder) {
    this.folder = folder;
    store = LocalBlobStore.builder(folder.resolve("store")).open();
  }

  @AfterEach
  void close() {
    store.close();
  }

  @Test
  void shouldPackFilesUpToTheLimitsAndAcknowledgeInOrder() throws IOException {
    try (FilePacker writer = writer(new FilePacker.Limits(100, 3, 2, 1000))) {
      for (int i = 0; i < 7; i++) {
        writer.put(new BlobName("small/" + i), file("s" + i, 10));
      }
      writer.put(new BlobName("half"), file("half", 60));
      writer.put(new BlobName("other half"), file("half2", 60));
      writer.put(new BlobName("empty"), file("empty", 0));
      writer.finish();
    }
    assertThat(acknowledged).extracting(epoch -> epoch.names().size()).containsExactly(3, 3, 2, 2);
    assertThat(acknowledged).extracting(FilePacker.Acknowledged::epoch).isSorted();
    assertThat(acknowledged)
        .extracting(FilePacker.Acknowledged::bytes)
        .containsExactly(30L, 30L, 70L, 60L);
    assertThat(acknowledged).allMatch(epoch -> epoch.latencyNs() > 0);
    assertThat(Catalogue.load(store).entries()).hasSize(10);
  }

  @Test
  void shouldStreamALargeFileThroughAnEpochOfItsOwn() throws IOException {
    try (FilePacker writer = writer(FilePacker.Limits.DEFAULTS)) {
      writer.put(new BlobName("a"), file("a", 1));
      writer.put(new BlobName("large"), file("large", FilePacker.PACKED_BYTES_MAX + 1));
      writer.put(new BlobName("b"), file("b", 1));
      writer.finish();
    }
    assertThat(acknowledged).extracting(epoch -> epoch.names().size()).containsExactly(1, 1, 1);
    assertThat(store.length(new BlobName("large").id())).isEqualTo(FilePacker.PACKED_BYTES_MAX + 1);
  }

  @Test
  void shouldLeaveOutWhatCannotBeReadAndGoOn() throws IOException {
    Path link = Files.createSymbolicLink(folder.resolve("link"), file("target", 1));
    try (FilePacker writer = writer(FilePacker.Limits.DEFAULTS)) {
      writer.put(new BlobName("a"), file("a", 1));
      assertThatThrownBy(() -> writer.put(new BlobName("b"), folder.resolve("missing")))
          .isInstanceOf(IOException.class);
      assertThatThrownBy(() -> writer.put(new BlobName("c"), folder))
          .hasMessageContaining("not a regular file");
      assertThatThrownBy(() -> writer.put(new BlobName("d"), link))
          .hasMessageContaining("not a regular file");
      assertThatThrownBy(() -> writer.put(new BlobName("a"), file("twice", 1)))
          .hasMessageContaining("two files have one name");
      writer.put(new BlobName("e"), file("e", 1));
      writer.finish();
    }
    assertThat(Catalogue.load(store).entries().keySet())
        .containsExactly(new BlobName("a"), new BlobName("e"));
  }

  @Test
  void shouldReportAFileThatIsNotAsLongAsItSays() {
    // Says 4096 bytes and gives fewer, as a file does that is cut while it is read.
    Path shorter = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");
    org.junit.jupiter.api.Assumptions.assumeTrue(Files.isReadable(shorter));
    try (FilePacker writer = writer(FilePacker.Limits.DEFAULTS)) {
      assertThatThrownBy(() -> writer.put(new BlobName("a"), shorter))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("changed while it was read")
          .hasMessageContaining("length before=4096");
      writer.finish();
    }
    assertThat(acknowledged).isEmpty();
    assertThat(store.stats().blobs()).isZero();
  }

  @Test
  void shouldLeaveNoTraceOfAnEpochThatWasNotFinished() throws IOException {
    try (FilePacker writer = writer(FilePacker.Limits.DEFAULTS)) {
      writer.put(new BlobName("a"), file("a", 1));
    }
    assertThat(store.stats().blobs()).isZero();
  }

  private FilePacker writer(FilePacker.Limits limits) {
    return new FilePacker(store, Catalogue.load(store), limits, acknowledged::add);
  }

  private Path file(String name, int length) throws IOException {
    return Files.write(folder.resolve(name), new byte[length]);
  }
}
