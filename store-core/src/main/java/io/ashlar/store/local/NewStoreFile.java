package io.ashlar.store.local;

import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.disk.DataFileHandle;
import io.ashlar.store.spi.Log;
import io.ashlar.uring.Errno;
import io.ashlar.uring.NativeException;
import io.ashlar.uring.NativeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HexFormat;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes the data file of a new store: completely under a temporary name, then moved to the store's
 * name in one step. So a file under the store's name has been a store. An empty file, or one of
 * zeroes, is never taken for a new store.
 *
 * <p><b>Steps, and a crash at each.</b> (1) Create {@code ashlar.data.new-…} and lock it; (2) write
 * the store into it, durable; (3) move it to {@code ashlar.data}, unless that exists by now. If it
 * exists, another creator was faster, and its file is the store. Before (3) a crash leaves no store
 * and a file that the next open for writing removes. After (3) there is a whole store. The open
 * that follows syncs the folder before it exposes anything (rule L5). Nothing is ever moved over an
 * existing file (rule L23).
 *
 * <p><b>Removal of leftovers.</b> A creator holds the lock of its file from (1) to (3). With the
 * lock held it checks that the file still has its name. A process that removes a file holds its
 * lock too. So a file is removed only when its creator has died, or before the creator has written
 * anything; the creator then begins again.
 *
 * <p>Thread: any.
 */
final class NewStoreFile {

  /** The prefix of the names of files that are not yet a store. */
  static final String PREFIX = StoreFile.NAME + ".new-";

  private NewStoreFile() {}

  /**
   * Makes a store in a folder that has none; makes the folder too.
   *
   * @param ids random 64-bit values.
   * @param maker writes a store into the file, durable.
   * @throws StoreOpenException if the place is no good.
   * @throws NativeException if the file cannot be written.
   */
  static void makeIfMissing(
      Path folder, StoreConfig config, LongSupplier ids, Consumer<DataFileHandle> maker) {
    Path path = folder.resolve(StoreFile.NAME);
    if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    createFolder(folder);
    boolean made = false;
    while (!made) {
      Path temporary = folder.resolve(PREFIX + HexFormat.of().toHexDigits(ids.getAsLong()));
      DataFileHandle created = create(temporary, config);
      try (created) {
        made = make(created, maker);
        if (made) {
          var _ = DataFileHandle.moveToFreeName(temporary, path);
        }
      } finally {
        remove(temporary); // unless it was moved
      }
    }
  }

  private static DataFileHandle create(Path path, StoreConfig config) {
    try {
      return DataFileHandle.open(path, NativeFile.Mode.CREATE, config.allowBuffered());
    } catch (NativeException e) {
      throw StoreFile.cannotOpen(path, e);
    }
  }

  /** Returns false, and has done nothing, when somebody removes the file at this moment. */
  private static boolean make(DataFileHandle file, Consumer<DataFileHandle> maker) {
    try {
      if (!file.tryLock(false) || !file.isAtItsPath()) {
        return false;
      }
    } catch (NativeException e) {
      throw StoreFile.cannotLockOrOpen(file.path(), e);
    }
    maker.accept(file);
    return true;
  }

  private static void remove(Path temporary) {
    try {
      var _ = Files.deleteIfExists(temporary);
    } catch (IOException e) {
      logLeft(temporary, e);
    }
  }

  /** Removes what creators have left that were killed. Does nothing where there is no folder. */
  static void removeLeftOver(Path folder) {
    String @Nullable [] names = folder.toFile().list();
    if (names == null) {
      return;
    }
    for (String name : names) {
      if (name.startsWith(PREFIX)) {
        removeUnlessInUse(folder.resolve(name));
      }
    }
  }

  private static void removeUnlessInUse(Path temporary) {
    try (DataFileHandle file = DataFileHandle.open(temporary, NativeFile.Mode.READ_WRITE, true)) {
      if (file.tryLock(false) && file.isAtItsPath()) {
        remove(temporary);
      }
    } catch (NativeException e) {
      logLeft(temporary, e);
    }
  }

  private static void logLeft(Path temporary, Exception failure) {
    Log.log(
        NewStoreFile.class,
        System.Logger.Level.DEBUG,
        "the file of a killed creator could not be removed: file="
            + temporary
            + ", failure="
            + failure);
  }

  /** Creates a folder and those above it, each durable in the one above. */
  private static void createFolder(Path folder) {
    Path existing = folder.toAbsolutePath();
    while (existing != null && !Files.isDirectory(existing)) {
      existing = existing.getParent();
    }
    try {
      if (!Files.isDirectory(folder)) {
        Files.createDirectories(
            folder,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      }
    } catch (IOException e) {
      throw new StoreOpenException(
          "the store's folder cannot be created: choose another place or fix its permissions:"
              + " folder="
              + folder
              + ", failure="
              + e,
          e);
    }
    Path made = folder.toAbsolutePath();
    while (made != null && !made.equals(existing)) {
      made = made.getParent();
      if (made != null) {
        syncFolder(made);
      }
    }
  }

  private static void syncFolder(Path folder) {
    try {
      DataFileHandle.syncDirectory(folder);
    } catch (NativeException e) {
      if (e.errno() != Errno.EACCES) { // a folder that may be entered, not read, cannot be synced
        throw StoreFile.cannotOpen(folder, e);
      }
    }
  }
}
