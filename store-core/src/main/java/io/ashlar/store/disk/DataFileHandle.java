package io.ashlar.store.disk;

import io.ashlar.uring.Errno;
import io.ashlar.uring.IoVectors;
import io.ashlar.uring.NativeException;
import io.ashlar.uring.NativeFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The open data file: the synchronous half of every {@link Disk} on a real file, its lock and its
 * identity.
 *
 * <p>Thread: every method is safe from any thread. The lock is that of this open file. {@link
 * #close} takes it back before it returns. The kernel drops it in two other cases, once every
 * operation in flight has landed: when the process dies, and after {@link NativeFile#keepLock}
 * (rule L24). Sources: flock(2), open(2).
 */
public final class DataFileHandle implements AutoCloseable {
  private final Path path;
  private final NativeFile file;

  private DataFileHandle(Path path, NativeFile file) {
    this.path = path;
    this.file = file;
  }

  /** Opens files; a test puts a file system here that refuses. */
  @FunctionalInterface
  interface Opener {
    /** As {@link NativeFile#open}. */
    NativeFile open(Path path, NativeFile.Mode mode, boolean direct);
  }

  /**
   * Opens the file for direct I/O.
   *
   * @param allowBuffered whether a file system that refuses direct I/O is accepted; durable writes
   *     then end with an fdatasync.
   * @throws NativeException as {@link NativeFile#open}; EINVAL, with the remedy, where direct I/O
   *     is refused. A file that CREATE made is removed then.
   */
  public static DataFileHandle open(Path path, NativeFile.Mode mode, boolean allowBuffered) {
    return open(path, mode, allowBuffered, NativeFile::open);
  }

  static DataFileHandle open(
      Path path, NativeFile.Mode mode, boolean allowBuffered, Opener opener) {
    try {
      NativeFile file = opener.open(path, mode, true);
      int alignment = file.stat().offsetAlignment();
      if (alignment <= Disk.BLOCK_BYTES) {
        return new DataFileHandle(path, file);
      }
      file.close();
    } catch (NativeException refused) {
      if (refused.errno() != Errno.EINVAL) {
        throw refused;
      }
    }
    // The kernel checks for direct I/O after it has created the file, and leaves it behind.
    boolean leftBehind = mode == NativeFile.Mode.CREATE && Files.exists(path);
    if (allowBuffered) {
      return new DataFileHandle(
          path, opener.open(path, leftBehind ? NativeFile.Mode.READ_WRITE : mode, false));
    }
    if (leftBehind) {
      delete(path);
    }
    throw new NativeException(
        "open",
        Errno.EINVAL,
        "file="
            + path
            + "; its file system refuses direct I/O of 4096-byte blocks: use another one (ext4, XFS)"
            + " or allow buffered I/O");
  }

  /**
   * Makes the entries of a directory durable.
   *
   * @throws NativeException if the sync failed; it must not be retried.
   */
  public static void syncDirectory(Path directory) {
    NativeFile.syncDirectory(directory);
  }

  /**
   * Gives a file another name that must be free: no file is ever replaced. Durable once the
   * directory is synced. In one step; where the file system cannot do that, by a second link and
   * the removal of the first name, so that a crash between leaves both.
   *
   * @return false if the name is taken; nothing changed.
   * @throws NativeException if the file system can do neither, or fails.
   */
  public static boolean moveToFreeName(Path from, Path to) {
    try {
      NativeFile.renameToFreeName(from, to);
      return true;
    } catch (NativeException e) {
      if (e.errno() == Errno.EEXIST) {
        return false;
      }
      if (e.errno() != Errno.EINVAL && e.errno() != Errno.ENOSYS && e.errno() != Errno.EOPNOTSUPP) {
        throw e;
      }
    }
    return linkToFreeName(from, to);
  }

  /** The second way of {@link #moveToFreeName}. */
  static boolean linkToFreeName(Path from, Path to) {
    try {
      Files.createLink(to, from);
    } catch (FileAlreadyExistsException e) {
      return false;
    } catch (IOException | UnsupportedOperationException e) {
      throw new NativeException(
          "link", Errno.EOPNOTSUPP, "from=" + from + ", to=" + to + ", failure=" + e);
    }
    delete(from);
    return true;
  }

  private static void delete(Path path) {
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the path by which the file was opened. */
  public Path path() {
    return path;
  }

  /** Returns whether the page cache is in between, because the file system refused direct I/O. */
  public boolean buffered() {
    return !file.direct();
  }

  /**
   * Takes the lock without waiting.
   *
   * @param shared whether other shared holders are tolerated.
   * @return false if another open file holds it.
   */
  public boolean tryLock(boolean shared) {
    return file.tryLock(shared);
  }

  /**
   * Returns whether the path still names this file: not after it was deleted, renamed or replaced.
   *
   * @throws NativeException anything but ENOENT from statx(2).
   */
  public boolean isAtItsPath() {
    try {
      return file.stat().sameFile(NativeFile.stat(path));
    } catch (NativeException e) {
      if (e.errno() == Errno.ENOENT) {
        return false;
      }
      throw e;
    }
  }

  /**
   * Makes sure that the file has a name in some folder: not after it was deleted or replaced.
   *
   * @throws NativeException ENOENT if it has none; others from statx(2).
   */
  void requireLinked() {
    if (file.stat().links() == 0) {
      throw new NativeException("statx", Errno.ENOENT, "file=" + path);
    }
  }

  void forEachHole(Disk.RangeVisitor visitor) {
    long end = file.size();
    try {
      for (long hole = file.nextHole(0); hole < end; ) {
        long data = dataAfter(hole, end);
        visitor.visit(hole, data - hole);
        hole = data < end ? file.nextHole(data) : end;
      }
    } catch (NativeException e) {
      if (e.errno() != Errno.EINVAL && e.errno() != Errno.ENXIO) { // cannot tell; an empty file
        throw e;
      }
    }
  }

  private long dataAfter(long hole, long end) {
    try {
      return Math.min(end, file.nextData(hole));
    } catch (NativeException e) {
      if (e.errno() != Errno.ENXIO) {
        throw e;
      }
      return end;
    }
  }

  /** Closes the file, and with it the lock; idempotent. */
  @Override
  public void close() {
    file.close();
  }

  /** Returns the file itself, for what needs neither its path nor to know of the page cache. */
  NativeFile nativeFile() {
    return file;
  }

  void write(IoVectors sources, long offset, boolean durable) {
    file.write(sources, offset, durable && !buffered());
    if (durable && buffered()) {
      file.dataSync();
    }
  }

  void syncAll() {
    file.sync();
    Path directory = path.toAbsolutePath().getParent();
    if (directory != null) {
      NativeFile.syncDirectory(directory);
    }
  }
}
