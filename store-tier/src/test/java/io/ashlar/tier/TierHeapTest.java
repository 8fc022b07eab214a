package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BlobId;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.s3.S3TestServer;
import io.ashlar.tier.restore.Restore;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A blob that is larger than the heap, and does not compress, is tiered, evicted, read back,
 * restored and adopted in a JVM as a plain user runs it. {@code -Dtest.blobMb} sets its size.
 */
@Tag("campaign")
class TierHeapTest {
  private static final long BLOB_MB = Long.getLong("test.blobMb", 80);

  @TempDir Path folder;

  @Test
  void shouldPassThroughADirectoryWithAHeapOf64MiB() throws Exception {
    run("file:" + folder.resolve("prefix"), Map.of());
  }

  @Test
  void shouldPassThroughS3WithAHeapOf64MiB() throws Exception {
    try (S3TestServer server = S3TestServer.start()) {
      run(
          server.url("heap"),
          Map.of(
              "AWS_ACCESS_KEY_ID",
              server.credentials().resolveCredentials().accessKeyId(),
              "AWS_SECRET_ACCESS_KEY",
              server.credentials().resolveCredentials().secretAccessKey()));
    }
  }

  private void run(String url, Map<String, String> environment) throws Exception {
    Path output = folder.resolve("output");
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-ea",
                "-Dashlar.checks=true",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                LargeBlob.class.getName(),
                url,
                folder.toString(),
                Long.toString(BLOB_MB))
            .redirectError(folder.resolve("errors").toFile())
            .redirectOutput(output.toFile());
    List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS").forEach(builder.environment()::remove);
    builder.environment().putAll(environment);
    long startNs = System.nanoTime();
    int exit = builder.start().waitFor();
    System.out.println(
        "tier heap: heap=64 MiB, blob="
            + BLOB_MB
            + " MB, store="
            + url.replaceAll(":.*", "")
            + ", ms="
            + (System.nanoTime() - startNs) / 1_000_000);
    assertThat(Files.readString(output))
        .as(Files.readString(folder.resolve("errors")))
        .isEqualTo("evicted=2 restored=2" + System.lineSeparator());
    assertThat(exit).isZero();
  }

  /** Runs in the small JVM. */
  static final class LargeBlob {
    private static final BlobId ID = new BlobId(1, 2);
    private static final TierConfig MANUAL = TierConfig.DEFAULTS.withIntervalMs(0);

    @SuppressWarnings("SystemOut")
    public static void main(String[] args) throws IOException {
      long length = Long.parseLong(args[2]) * 1_000_000;
      Path folder = Path.of(args[1]);
      long crc;
      long evicted;
      try (LocalBlobStore store =
              LocalBlobStore.builder(folder.resolve("a"))
                  .config(StoreConfig.DEFAULTS.withPoolBytes(16 << 20))
                  .open();
          Tier tier = Tier.builder(store, ObjectStores.open(args[0])).config(MANUAL).open()) {
        crc = put(store, length);
        tier.checkpoint(TierProgress.NONE);
        evicted = tier.evict(id -> true);
        check(store, length, crc);
      }
      long restored;
      LocalBlobStore target =
          LocalBlobStore.builder(folder.resolve("b"))
              .config(StoreConfig.DEFAULTS.withPoolBytes(16 << 20))
              .open();
      try (ObjectStore objects = ObjectStores.open(args[0])) {
        restored = Restore.restore(objects, target, TierProgress.NONE).blobs();
      }
      try (LocalBlobStore store = target;
          Tier _ =
              Tier.builder(store, ObjectStores.open(args[0])).config(MANUAL).adopt(true).open()) {
        check(store, length, crc);
      }
      System.out.println("evicted=" + evicted + " restored=" + restored);
    }

    private static long put(LocalBlobStore store, long length) {
      try (Arena arena = Arena.ofConfined();
          Epoch epoch = store.beginEpoch()) {
        MemorySegment blob = arena.allocate(length);
        SplittableRandom random = new SplittableRandom(5);
        for (long i = 0; i + Long.BYTES <= length; i += Long.BYTES) {
          blob.set(ValueLayout.JAVA_LONG_UNALIGNED, i, random.nextLong());
        }
        epoch.put(ID, blob);
        epoch.put(new BlobId(3, 4), blob.asSlice(0, 1000));
        epoch.commit();
        return crc(blob);
      }
    }

    private static void check(LocalBlobStore store, long length, long crc) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment blob = arena.allocate(length);
        if (store.get(ID, blob) != length || crc(blob) != crc) {
          throw new IllegalStateException("the blob came back as another");
        }
      }
    }

    private static long crc(MemorySegment blob) {
      CRC32C crc = new CRC32C();
      crc.update(blob.asByteBuffer());
      return crc.getValue();
    }
  }
}
