package io.ashlar.store.disk;

import io.ashlar.uring.Errno;
import io.ashlar.uring.NativeException;
import io.ashlar.uring.NativeFile;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A folder that is open, and perhaps locked; the kernel ends the lock with the process. Thread:
 * one.
 */
public final class FolderLock implements AutoCloseable {

  private final Path path;
  private final NativeFile folder;

  private FolderLock(Path path, NativeFile folder) {
    this.path = path;
    this.folder = folder;
  }

  /**
   * Opens a folder; returns null if there is none.
   *
   * @throws NativeException if it cannot be opened.
   */
  public static @Nullable FolderLock open(Path path) {
    try {
      return new FolderLock(path, NativeFile.open(path, NativeFile.Mode.READ_ONLY, false));
    } catch (NativeException e) {
      if (e.errno() == Errno.ENOENT) {
        return null;
      }
      throw e;
    }
  }

  /**
   * Locks it, unless somebody else has; returns whether it is locked.
   *
   * @throws NativeException if the file system cannot lock.
   */
  public boolean tryLock() {
    return folder.tryLock(false);
  }

  /** Returns whether its path still leads to this folder. */
  public boolean isAtItsPath() {
    try {
      return folder.stat().sameFile(NativeFile.stat(path));
    } catch (NativeException e) {
      if (e.errno() == Errno.ENOENT) {
        return false;
      }
      throw e;
    }
  }

  /** Unlocks and closes it. */
  @Override
  public void close() {
    folder.close();
  }
}
