package io.ashlar.store.local;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The program that {@code scripts/aot} runs: a short life of a store in a temporary folder. The JVM
 * records which classes that loads and links, and writes them to an archive.
 *
 * <p>It makes a store, fills it past an index checkpoint, reads, closes, and opens it again, which
 * loads the checkpoint and replays a log. It needs 100 MiB in the temporary folder for some
 * seconds.
 */
final class ArchiveTraining {

  private static final int VALUE_BYTES = 256;
  private static final int EPOCHS = 300;
  private static final int EPOCH_BLOBS = 64;
  private static final long CHECKPOINT_LOG_BYTES = 1 << 20;

  private ArchiveTraining() {}

  /**
   * Lives it.
   *
   * @param arguments none.
   * @throws IOException if the temporary folder cannot be used.
   */
  public static void main(String[] arguments) throws IOException {
    Path folder = Files.createTempDirectory("ashlar-training-");
    try {
      live(folder, StoreConfig.DEFAULTS.withCheckpointLogBytesMin(CHECKPOINT_LOG_BYTES));
      live(folder, StoreConfig.DEFAULTS);
    } finally {
      Files.deleteIfExists(folder.resolve(StoreFile.NAME));
      Files.deleteIfExists(folder);
    }
  }

  private static void live(Path folder, StoreConfig config) {
    try (Arena arena = Arena.ofConfined();
        LocalBlobStore store = LocalBlobStore.builder(folder).config(config).open()) {
      MemorySegment value = arena.allocate(VALUE_BYTES);
      for (int i = 0; i < EPOCHS; i++) {
        try (Epoch epoch = store.beginEpoch()) {
          for (int blob = 0; blob < EPOCH_BLOBS; blob++) {
            epoch.put(id(i * EPOCH_BLOBS + blob), value);
          }
          if (i % 2 == 0) {
            epoch.commit();
          } else {
            epoch.commitAsync().join();
          }
        }
      }
      try (Epoch epoch = store.beginEpoch()) {
        epoch.delete(id(0));
        epoch.commit();
      }
      long length = store.get(id(1), value);
      try (BlobLease lease = store.get(id(2))) {
        if (length != VALUE_BYTES || lease == null || lease.value().byteSize() != VALUE_BYTES) {
          throw new UncheckedIOException(
              new IOException(
                  "a blob is not what it was: folder=" + folder + ", length=" + length));
        }
      }
    }
  }

  private static BlobId id(long number) {
    return new BlobId(number * 0x9e3779b97f4a7c15L, number);
  }
}
