package io.ashlar.tier.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.tier.ObjectStores;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.s3.S3TestServer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A blob of 150 MB that does not compress goes through a JVM with a small heap, as a plain user
 * runs it: no flag but native access, no slf4j provider, credentials from the environment; and
 * nothing is printed but what it says itself.
 */
@Tag("campaign")
class BatchHeapTest {
  private static final long BLOB_BYTES = 150_000_000;

  @TempDir Path folder;

  @Test
  void shouldPassThroughADirectoryWithAHeapOf32MiB() throws Exception {
    run("32m", "file:" + folder.resolve("store"), Map.of());
  }

  @Test
  void shouldPassThroughS3WithAHeapOf48MiB() throws Exception {
    try (S3TestServer server = S3TestServer.start()) {
      run(
          "48m",
          server.url("heap"),
          Map.of(
              "AWS_ACCESS_KEY_ID",
              server.credentials().resolveCredentials().accessKeyId(),
              "AWS_SECRET_ACCESS_KEY",
              server.credentials().resolveCredentials().secretAccessKey()));
    }
  }

  private void run(String heap, String url, Map<String, String> environment) throws Exception {
    Path output = folder.resolve("output");
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + heap,
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                LargeBlob.class.getName(),
                url,
                folder.toString())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile());
    List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS").forEach(builder.environment()::remove);
    builder.environment().putAll(environment);
    int exit = builder.start().waitFor();
    assertThat(Files.readString(output)).isEqualTo("entries=2" + System.lineSeparator());
    assertThat(exit).isZero();
  }

  /** Runs in the small JVM. */
  static final class LargeBlob {
    @SuppressWarnings("SystemOut")
    public static void main(String[] args) throws IOException {
      MemorySegment key = MemorySegment.ofArray(new byte[16]);
      long objectBytes;
      try (ObjectStore store = ObjectStores.open(args[0]);
          BatchEncoder encoder = new BatchCodec().newEncoder();
          Arena source = Arena.ofConfined()) {
        encoder.add(key, key);
        MemorySegment blob = source.allocate(BLOB_BYTES);
        SplittableRandom random = new SplittableRandom(5);
        for (long i = 0; i < BLOB_BYTES; i += Long.BYTES) {
          blob.set(ValueLayout.JAVA_LONG_UNALIGNED, i, random.nextLong());
        }
        encoder.add(key, blob);
        MemorySegment object = encoder.encode();
        objectBytes = object.byteSize();
        if (!store.putIfAbsent("batch", ObjectBody.of(object)).stored()) {
          throw new IllegalStateException("the object was there");
        }
      }
      try (ObjectStore store = ObjectStores.open(args[0]);
          Arena arena = Arena.ofConfined()) {
        MemorySegment object = arena.allocate(objectBytes);
        store.get("batch", 0, object);
        Path file = Path.of(args[1], "batch.lz4");
        Files.deleteIfExists(file);
        try (var channel =
            Files.newByteChannel(
                file, EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE))) {
          ObjectBody.of(object).writeTo(channel);
        }
        Batch fetched = new BatchCodec().decode(object, arena);
        try (Batch opened = new BatchDecoder(BatchCodec.BODY_BYTES_MAX_DEFAULT).open(file)) {
          if (fetched.body().mismatch(opened.body()) != -1) {
            throw new IllegalStateException("the file and the fetched object differ");
          }
          System.out.println("entries=" + opened.count());
        }
      }
    }
  }
}
