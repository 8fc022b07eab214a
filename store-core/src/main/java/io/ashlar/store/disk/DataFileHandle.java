package io.ashlar.store.disk;

import io.ashlar.uring.Errno;
import io.ashlar.uring.FileStat;
import io.ashlar.uring.IoVectors;
import io.ashlar.uring.NativeException;
import io.ashlar.uring.NativeFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The open data file: the synchronous half of every {@link Disk} on a real file, its lock and its
 * identity.
 *
 * <p>Thread: every method is safe from any thread. The lock is that of this open file: it is held
 * until the file is closed and every operation in flight on it has landed, even those of a process
 * that was killed. Sources: flock(2), open(2).
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
   * @throws NativeException if that failed; nobody may try again.
   */
  public static void syncDirectory(Path directory) {
    NativeFile.syncDirectory(directory);
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

  /** Describes the open file, whatever its path names by now. */
  public FileStat stat() {
    return file.stat();
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

  /** Closes the file, and with it the lock; idempotent. */
  @Override
  public void close() {
    file.close();
  }

  int fd() {
    return file.fd();
  }

  long read(MemorySegment target, long bytes, long offset) {
    return file.read(target, bytes, offset);
  }

  void write(MemorySegment source, long offset) {
    file.write(source, offset, false);
  }

  void write(IoVectors sources, long offset, boolean durable) {
    file.write(sources, offset, durable && !buffered());
    if (durable && buffered()) {
      file.dataSync();
    }
  }

  void sync() {
    file.dataSync();
  }

  void syncAll() {
    file.sync();
    Path directory = path.toAbsolutePath().getParent();
    if (directory != null) {
      NativeFile.syncDirectory(directory);
    }
  }

  long size() {
    return file.size();
  }

  void truncate(long bytes) {
    file.truncate(bytes);
  }

  void punchHole(long offset, long bytes) {
    file.punchHole(offset, bytes);
  }

  void zeroRange(long offset, long bytes) {
    file.zeroRange(offset, bytes);
  }
}
