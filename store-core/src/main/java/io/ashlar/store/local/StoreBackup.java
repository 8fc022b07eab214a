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
import java.nio.file.attribute.PosixFilePermissions;

/**
 * Writes what a snapshot holds to a file that is itself the data file of a store: by the name
 * {@code ashlar.data} in a folder it opens like any other, with an identity of its own (rule L7).
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
   * What a backup holds.
   *
   * @param epoch the last epoch of the original that it holds.
   * @param blobs blobs copied.
   * @param bytes their bytes.
   * @param remote blobs left out, since they are in a tier only.
   */
  public record Report(long epoch, long blobs, long bytes, long remote) {}

  /**
   * Copies and verifies: every blob is read against its checksum, and again from the copy.
   *
   * @param file the new file; it appears by that name only once it is whole and durable.
   * @throws IOException if the file exists, or cannot be made.
   * @throws io.ashlar.store.CorruptionException if a blob of the original is damaged.
   */
  public static Report write(Snapshot from, Path file) throws IOException {
    Path target = file.toAbsolutePath();
    Path parent = target.getParent();
    if (parent == null || Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      throw new IOException("the backup exists already: choose another name: file=" + file);
    }
    Path folder =
        Files.createTempDirectory(
            parent,
            "ashlar-backup-",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    try {
      Report report;
      try (LocalBlobStore to = LocalBlobStore.builder(folder).open()) {
        report = new StoreBackup(from, to).run();
      }
      check(folder, report);
      var _ = Files.move(folder.resolve(StoreFile.NAME), target, StandardCopyOption.ATOMIC_MOVE);
      DataFileHandle.syncDirectory(parent);
      return report;
    } finally {
      var _ = Files.deleteIfExists(folder.resolve(StoreFile.NAME));
      Files.delete(folder);
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
