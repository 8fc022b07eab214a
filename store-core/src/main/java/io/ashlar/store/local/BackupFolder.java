package io.ashlar.store.local;

import io.ashlar.store.disk.FolderLock;
import io.ashlar.store.spi.Log;
import io.ashlar.uring.NativeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.UUID;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The folder in which a backup is written until it is whole. The next backup beside it removes
 * those of writers that were killed.
 *
 * <p><b>Removal of leftovers.</b> A writer locks its folder before it makes a file there. With the
 * lock held it checks that the folder still has its name. It keeps the lock until the folder is
 * gone; the kernel releases it when the process ends. A process that removes a folder holds its
 * lock too. So a folder is removed only when its writer has died, or while it is still empty; the
 * writer then begins again. The age of a folder does not matter. No folder is removed if the file
 * system cannot lock.
 *
 * <p>Only folders whose name matches {@link #NAME} are considered, and only the files of a store
 * are removed from them.
 *
 * <p>Thread: one.
 */
final class BackupFolder implements AutoCloseable {

  private static final String START = "ashlar-backup-";
  private static final String END = ".partial";
  private static final int ATTEMPTS_MAX = 100;

  /** The names of backup folders. A user's folder does not match. */
  static final Pattern NAME =
      Pattern.compile(
          START + "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\\" + END);

  private final Path path;
  private final FolderLock lock;

  private BackupFolder(Path path, FolderLock lock) {
    this.path = path;
    this.lock = lock;
  }

  /**
   * Makes one in a folder, after it has removed what others have left there.
   *
   * @throws IOException if none can be made there.
   */
  static BackupFolder make(Path parent) throws IOException {
    return make(parent, BackupFolder::lock);
  }

  /** Makes one with another way to lock a new folder. For tests. */
  static BackupFolder make(Path parent, Function<Path, @Nullable BackupFolder> locking)
      throws IOException {
    removeLeftOver(parent);
    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      Path path =
          Files.createDirectory(
              parent.resolve(START + UUID.randomUUID() + END),
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      BackupFolder made = locking.apply(path);
      if (made != null) {
        return made;
      }
    }
    throw new IOException(
        "each new folder for the backup was removed or locked by another process; end the other"
            + " backups: folder="
            + parent
            + ", attempts="
            + ATTEMPTS_MAX);
  }

  /** Returns null when somebody removes the folder at this moment. */
  private static @Nullable BackupFolder lock(Path path) {
    FolderLock lock = FolderLock.open(path);
    if (lock == null) {
      return null;
    }
    boolean ours = false;
    try {
      ours = !isRefused(lock) && lock.isAtItsPath();
      return ours ? new BackupFolder(path, lock) : null;
    } finally {
      if (!ours) {
        lock.close();
      }
    }
  }

  /** Returns whether another process has the lock; false where the file system has no locks. */
  private static boolean isRefused(FolderLock lock) {
    try {
      return !lock.tryLock();
    } catch (NativeException noLocks) {
      return false; // no other backup can lock it, so none removes it
    }
  }

  /** Returns where it is. */
  Path path() {
    return path;
  }

  /** Removes the folders in {@code parent} whose writers have died. */
  private static void removeLeftOver(Path parent) {
    String @Nullable [] names = parent.toFile().list();
    if (names == null) {
      return;
    }
    for (String name : names) {
      Path folder = parent.resolve(name);
      if (NAME.matcher(name).matches() && Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
        removeUnlessInUse(folder);
      }
    }
  }

  private static void removeUnlessInUse(Path folder) {
    try (FolderLock lock = FolderLock.open(folder)) {
      if (lock != null && lock.tryLock() && lock.isAtItsPath()) {
        remove(folder);
      }
    } catch (NativeException | IOException e) {
      Log.log(
          BackupFolder.class,
          System.Logger.Level.DEBUG,
          "the folder of a killed backup could not be removed: folder="
              + folder
              + ", failure="
              + e);
    }
  }

  private static void remove(Path folder) throws IOException {
    NewStoreFile.removeLeftOver(folder);
    try {
      var _ = Files.deleteIfExists(folder.resolve(StoreFile.NAME));
      Files.delete(folder);
    } catch (NoSuchFileException gone) {
      // another backup has removed it
    }
  }

  /**
   * Removes the folder with the store in it, if that was not moved elsewhere.
   *
   * @throws IOException if it cannot be removed: the next backup tries again.
   */
  @Override
  public void close() throws IOException {
    try (lock) {
      remove(path);
    }
  }
}
