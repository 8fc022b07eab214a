package io.ashlar.store.local;

import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreLockedException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.disk.DataFileHandle;
import io.ashlar.uring.Errno;
import io.ashlar.uring.NativeException;
import io.ashlar.uring.NativeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Opens and locks the data file of a store (rule L23): close-on-exec, never through a link at the
 * last step, {@code flock} on its own descriptor before anything is read, and compared with its
 * path once the lock is held.
 *
 * <p>The lock is on the data descriptor because a killed process's writes can land seconds after
 * its descriptors are gone; the kernel drops this lock only once they have.
 */
final class StoreFile {

  /** The data file's name in the store's folder. */
  static final String NAME = "ashlar.data";

  private static final long RETRY_NS = TimeUnit.MILLISECONDS.toNanos(5);

  private StoreFile() {}

  /**
   * Opens and locks.
   *
   * @throws StoreLockedException if another holds the lock until the deadline.
   * @throws StoreOpenException if the place is no good.
   */
  static DataFileHandle open(Path folder, StoreConfig config, boolean createIfMissing) {
    return open(folder.resolve(NAME), config, createIfMissing, false);
  }

  /**
   * Opens a data file for reading, with a lock that others who only read may share.
   *
   * @param path the data file itself, by whatever name.
   * @throws StoreLockedException if a writer holds the lock until the deadline.
   * @throws StoreOpenException if the place is no good.
   */
  static DataFileHandle openReadOnly(Path path, StoreConfig config) {
    return open(path, config, false, true);
  }

  private static DataFileHandle open(
      Path path, StoreConfig config, boolean createIfMissing, boolean readOnly) {
    if (createIfMissing) {
      createFolder(Objects.requireNonNull(path.getParent()));
    } else if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      throw new StoreOpenException(
          "there is no store here: create one first: folder=" + path.getParent(), null);
    }
    long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(config.lockTimeoutMs());
    while (true) {
      DataFileHandle file =
          readOnly
              ? openExisting(path, NativeFile.Mode.READ_ONLY, config)
              : openOrCreate(path, config, createIfMissing);
      boolean keep = false;
      try {
        while (!file.tryLock(readOnly)) {
          if (System.nanoTime() - deadlineNs >= 0) {
            throw new StoreLockedException(
                "the store is open elsewhere: close it there, or wait longer: store="
                    + path
                    + ", lockTimeoutMs="
                    + config.lockTimeoutMs(),
                null);
          }
          LockSupport.parkNanos(RETRY_NS);
        }
        keep = file.isAtItsPath();
      } finally {
        if (!keep) {
          file.close();
        }
      }
      if (keep) {
        return file;
      }
    }
  }

  private static DataFileHandle openExisting(Path path, NativeFile.Mode mode, StoreConfig config) {
    try {
      return DataFileHandle.open(path, mode, config.allowBuffered());
    } catch (NativeException e) {
      throw cannotOpen(path, e);
    }
  }

  private static DataFileHandle openOrCreate(
      Path path, StoreConfig config, boolean createIfMissing) {
    try {
      return DataFileHandle.open(path, NativeFile.Mode.READ_WRITE, config.allowBuffered());
    } catch (NativeException e) {
      if (e.errno() != Errno.ENOENT || !createIfMissing) {
        throw cannotOpen(path, e);
      }
    }
    try {
      return DataFileHandle.open(path, NativeFile.Mode.CREATE, config.allowBuffered());
    } catch (NativeException e) {
      if (e.errno() == Errno.EEXIST) { // somebody else was faster: theirs is the store
        return openOrCreate(path, config, false);
      }
      throw cannotOpen(path, e);
    }
  }

  private static void createFolder(Path folder) {
    try {
      if (!Files.isDirectory(folder)) {
        Files.createDirectories(
            folder,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      }
    } catch (IOException e) {
      throw new StoreOpenException(
          "the store's folder cannot be made: choose another place or mend its permissions: folder="
              + folder
              + ", failure="
              + e,
          e);
    }
  }

  /** Returns the exception for a failure of the system while a store is opened. */
  static StoreOpenException cannotOpen(Path path, NativeException e) {
    return new StoreOpenException(
        "the store cannot be opened: mend the place or choose another: store="
            + path
            + ", failure="
            + e.getMessage(),
        e);
  }
}
