package io.ashlar.store.local;

import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreLockedException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.disk.DataFileHandle;
import io.ashlar.uring.Errno;
import io.ashlar.uring.NativeException;
import io.ashlar.uring.NativeFile;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Opens and locks the data file of a store (rule L23). The open is close-on-exec and follows no
 * link at the last step. It takes {@code flock} on the file's own descriptor before it reads
 * anything. With the lock held it compares the file with its path.
 *
 * <p>The lock is on the data descriptor because a killed process's writes can land seconds later.
 * The kernel drops this lock only after them.
 */
final class StoreFile {

  /** The data file's name in the store's folder. */
  static final String NAME = "ashlar.data";

  private static final long RETRY_NS = TimeUnit.MILLISECONDS.toNanos(5);

  private StoreFile() {}

  /** Opens data files; a test puts a file system here that refuses. */
  @FunctionalInterface
  interface Opener {
    /** As {@link DataFileHandle#open}. */
    DataFileHandle open(Path path, NativeFile.Mode mode, boolean allowBuffered);
  }

  /**
   * Opens and locks.
   *
   * @throws StoreLockedException if another holds the lock until the deadline.
   * @throws StoreOpenException if the place is no good.
   */
  static DataFileHandle open(Path folder, StoreConfig config) {
    return open(folder.resolve(NAME), config, false, DataFileHandle::open);
  }

  /**
   * Opens a data file for reading, with a lock that others who only read may share.
   *
   * @param path the data file itself, by whatever name.
   * @throws StoreLockedException if a writer holds the lock until the deadline.
   * @throws StoreOpenException if the place is no good.
   */
  static DataFileHandle openReadOnly(Path path, StoreConfig config) {
    return open(path, config, true, DataFileHandle::open);
  }

  static DataFileHandle open(Path path, StoreConfig config, boolean readOnly, Opener opener) {
    if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      throw new StoreOpenException(
          "there is no store here: create one first: folder=" + path.getParent(), null);
    }
    long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(config.lockTimeoutMs());
    while (true) {
      DataFileHandle file = openFile(path, readOnly, config, opener);
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
      } catch (NativeException e) {
        throw cannotLockOrOpen(path, e);
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

  private static DataFileHandle openFile(
      Path path, boolean readOnly, StoreConfig config, Opener opener) {
    try {
      return opener.open(
          path,
          readOnly ? NativeFile.Mode.READ_ONLY : NativeFile.Mode.READ_WRITE,
          config.allowBuffered());
    } catch (NativeException e) {
      throw cannotOpen(path, e);
    }
  }

  /** Returns the exception for a failure while a data file is locked and looked at. */
  static StoreOpenException cannotLockOrOpen(Path path, NativeException e) {
    return e.call().equals("flock") ? cannotLock(path, e) : cannotOpen(path, e);
  }

  private static StoreOpenException cannotLock(Path path, NativeException e) {
    return new StoreOpenException(
        "the file system cannot lock files, so two processes could write to one store: mount it"
            + " with locks (NFS: start its lock service), or choose another file system: store="
            + path
            + ", failure="
            + e.getMessage(),
        e);
  }

  /** Returns the exception for a failure of the system while a store is opened. */
  static StoreOpenException cannotOpen(Path path, NativeException e) {
    return new StoreOpenException(
        "the store cannot be opened: "
            + (e.isOfMedium() || isGone(e.errno())
                ? "check the device"
                : "fix the problem or choose another place")
            + ": store="
            + path
            + ", failure="
            + e.getMessage(),
        e);
  }

  private static boolean isGone(int errno) {
    return errno == Errno.ENODEV
        || errno == Errno.ENXIO
        || errno == Errno.ESTALE
        || errno == Errno.ETIMEDOUT;
  }
}
