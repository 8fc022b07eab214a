package io.ashlar.store.local;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.Epoch;
import io.ashlar.store.Snapshot;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.VerifyOptions;
import io.ashlar.store.VerifyReport;
import io.ashlar.store.disk.DataFileHandle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * Writes the content of a snapshot to a file that is the data file of a new store. Under the name
 * {@code ashlar.data} in a folder it opens like any other store. It has an identity of its own
 * (rule L7).
 *
 * <pre>{@code
 * try (Snapshot snapshot = store.snapshot()) {
 *   StoreBackup.write(snapshot, folder.resolve("backup.data"));
 * }
 * }</pre>
 *
 * <p>Thread: one.
 */
public final class StoreBackup {

  private static final long EPOCH_BYTES_MAX = 16 << 20;
  private static final int EPOCH_OPERATIONS_MAX = 4096;

  private final Snapshot from;
  private final LocalBlobStore to;
  private Epoch epoch;
  private long epochBytes;
  private int epochOperations;
  private long blobs;
  private long bytes;
  private long remote;

  private StoreBackup(Snapshot from, LocalBlobStore to) {
    this.from = from;
    this.to = to;
    epoch = to.beginEpoch();
  }

  /**
   * The content of a backup.
   *
   * @param epoch the last epoch of the original in the backup.
   * @param blobs blobs copied.
   * @param bytes their bytes.
   * @param remote blobs left out because only a tier has them.
   */
  public record Report(long epoch, long blobs, long bytes, long remote) {}

  /**
   * Writes a backup and verifies it. Removes the leftovers of killed backups beside the new file.
   * Every blob is verified as it is copied, and again in the copy.
   *
   * @param from the snapshot to copy.
   * @param file the new file; it appears under that name only once it is whole and durable.
   * @return the content of the backup.
   * @throws IOException if the file exists, or cannot be created.
   * @throws io.ashlar.store.CorruptionException if a blob of the original is damaged.
   */
  public static Report write(Snapshot from, Path file) throws IOException {
    Path target = file.toAbsolutePath();
    Path parent = target.getParent();
    if (parent == null || Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      throw new IOException("the backup exists already: choose another name: file=" + file);
    }
    try (BackupFolder made = BackupFolder.make(parent)) {
      Path folder = made.path();
      Report report;
      try (LocalBlobStore to = LocalBlobStore.builder(folder).open()) {
        report = new StoreBackup(from, to).run();
      }
      check(folder, report);
      var _ = Files.move(folder.resolve(StoreFile.NAME), target, StandardCopyOption.ATOMIC_MOVE);
      DataFileHandle.syncDirectory(parent);
      return report;
    }
  }

  private Report run() {
    try {
      from.forEach((idHigh, idLow, length, local) -> {
        if (local) {
          copy(new BlobId(idHigh, idLow), length);
        } else {
          remote++;
        }
      });
      commit();
    } finally {
      epoch.close();
    }
    return new Report(from.epoch(), blobs, bytes, remote);
  }

  private void copy(BlobId id, long length) {
    if (epochOperations >= EPOCH_OPERATIONS_MAX || epochBytes + length > EPOCH_BYTES_MAX) {
      commit();
    }
    try (BlobLease lease = from.get(id)) {
      if (lease != null) {
        epoch.put(id, lease.value());
        epochBytes += length;
        epochOperations++;
        blobs++;
        bytes += length;
      }
    }
  }

  private void commit() {
    var _ = epoch.commit();
    epoch = to.beginEpoch();
    epochBytes = 0;
    epochOperations = 0;
  }

  private static void check(Path folder, Report report) {
    try (ReadOnlyStore copy = ReadOnlyStore.open(folder, StoreConfig.DEFAULTS)) {
      VerifyReport verified = copy.verify(VerifyOptions.DEFAULTS, VerifyListener.NONE);
      if (!verified.clean() || verified.blobs() != report.blobs()) {
        throw new StoreOpenException(
            "the backup could not be read back: write it again, on other media: report=" + verified,
            null);
      }
    }
  }
}
