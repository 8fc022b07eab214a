package io.ashlar.uring;

import io.ashlar.uring.libc.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.nio.file.Path;
import java.util.Objects;

/**
 * An open file with positional reads and gathered, optionally durable, writes.
 *
 * <p>Thread: every method is safe from any thread; the calls block. A thread's interrupt is left
 * pending and closes or abandons nothing. After {@link #close()} every method throws {@link
 * IllegalStateException}; the descriptor itself goes away with the last call that uses it.
 *
 * <p>Memory: buffers belong to the caller and must be native. With direct I/O their address, their
 * length and the offset must be multiples of 4096 (or of what {@link #stat()} says). Reads and
 * writes allocate nothing unless the kernel completes them in part.
 *
 * <p>Sources: open(2), pread(2), pwritev2(2), fsync(2), flock(2), statx(2), fallocate(2).
 */
public final class NativeFile implements AutoCloseable {
  /** How a file is opened. */
  public enum Mode {
    /** An existing file, for reading. */
    READ_ONLY,
    /** An existing file, for reading and writing. */
    READ_WRITE,
    /** A new file, mode 0600, for reading and writing; fails with EEXIST if there is one. */
    CREATE
  }

  /** {@code O_NOFOLLOW}, which the bindings lack: it differs by architecture, see open(2). */
  static final int O_NOFOLLOW = System.getProperty("os.arch").equals("aarch64") ? 0100000 : 0400000;

  static final int AT_SYMLINK_NOFOLLOW = 0x100;

  /** {@code RENAME_NOREPLACE}, which the bindings lack: see renameat2(2). */
  static final int RENAME_NOREPLACE = 1;

  /** The unit to which a short transfer is rounded down before the rest is requested again. */
  private static final long DIRECT_ALIGNMENT = 4096;

  private final Descriptor descriptor;
  private final FileCalls calls;
  private final long alignment;

  private NativeFile(Descriptor descriptor, boolean direct, FileCalls calls) {
    this.descriptor = descriptor;
    this.calls = calls;
    this.alignment = direct ? DIRECT_ALIGNMENT : 1;
  }

  /**
   * Opens a file, with O_CLOEXEC and O_NOFOLLOW: a symbolic link at the last step is refused.
   *
   * @param direct whether to bypass the page cache (O_DIRECT).
   * @throws NativeException ELOOP for a symbolic link; EINVAL where the file system refuses direct
   *     I/O; ENOENT, EEXIST, EACCES, EMFILE, … as open(2) says.
   */
  public static NativeFile open(Path path, Mode mode, boolean direct) {
    return open(path, mode, direct, FileCalls.LIBC);
  }

  /** Opens a file whose reads, writes and syncs go through {@code calls}. */
  static NativeFile open(Path path, Mode mode, boolean direct, FileCalls calls) {
    NativeAccess.require();
    int flags = Libc.O_CLOEXEC() | O_NOFOLLOW | (direct ? Libc.O_DIRECT() : 0);
    flags |=
        switch (mode) {
          case READ_ONLY -> Libc.O_RDONLY();
          case READ_WRITE -> Libc.O_RDWR();
          case CREATE -> Libc.O_RDWR() | Libc.O_CREAT() | Libc.O_EXCL();
        };
    return new NativeFile(Descriptor.open(path, flags), direct, calls);
  }

  /**
   * Makes a directory's entries durable: what was created, renamed or deleted in it.
   *
   * @throws NativeException if it cannot be opened or synced; a failed sync is not retried.
   */
  public static void syncDirectory(Path directory) {
    NativeAccess.require();
    Descriptor descriptor =
        Descriptor.open(directory, Libc.O_RDONLY() | Libc.O_DIRECTORY() | Libc.O_CLOEXEC());
    int fd = descriptor.acquire();
    try {
      check("fsync", LibcCalls.fsync(fd), descriptor);
    } finally {
      descriptor.release();
      descriptor.close();
    }
  }

  /**
   * Gives a file another name that must be free, in one step. Durable once the directory is synced.
   *
   * @throws NativeException EEXIST if the name is taken; EINVAL or ENOSYS where the file system or
   *     the C library cannot.
   */
  public static void renameToFreeName(Path from, Path to) {
    NativeAccess.require();
    try (Arena arena = Arena.ofConfined()) {
      int result =
          LibcCalls.renameat2(
              Descriptor.nativeName(arena, from),
              Descriptor.nativeName(arena, to),
              RENAME_NOREPLACE);
      if (result < 0) {
        throw new NativeException("renameat2", -result, "from=" + from + ", to=" + to);
      }
    }
  }

  /**
   * Describes the file at a path, the link itself where it is a symbolic link.
   *
   * @throws NativeException ENOENT if there is none.
   */
  public static FileStat stat(Path path) {
    NativeAccess.require();
    try (Arena arena = Arena.ofConfined()) {
      return FileStat.of(
          arena,
          Libc.AT_FDCWD(),
          Descriptor.nativeName(arena, path),
          AT_SYMLINK_NOFOLLOW,
          "file=" + path);
    }
  }

  /** Describes this open file, whatever its path now names. */
  public FileStat stat() {
    int fd = descriptor.acquire();
    try (Arena arena = Arena.ofConfined()) {
      return FileStat.of(arena, fd, arena.allocate(1), Libc.AT_EMPTY_PATH(), descriptor.subject());
    } finally {
      descriptor.release();
    }
  }

  /**
   * Reads at an offset until the target is full or the file ends.
   *
   * @return bytes read, fewer than {@code target.byteSize()} only at the end of the file.
   * @throws NativeException EIO, … from pread(2).
   */
  public long read(MemorySegment target, long offset) {
    return read(target, target.byteSize(), offset);
  }

  /**
   * Reads {@code size} bytes at an offset to the start of a target that may be longer, which saves
   * the caller a slice; otherwise as {@link #read(MemorySegment, long)}.
   *
   * @throws IndexOutOfBoundsException if the target is shorter.
   */
  public long read(MemorySegment target, long size, long offset) {
    if (target.isReadOnly()) {
      throw new IllegalArgumentException("cannot read into a read-only segment");
    }
    var _ = Objects.checkFromIndexSize(0, size, target.byteSize());
    int fd = descriptor.acquire();
    try {
      long done = 0;
      int attempts = 0;
      while (done < size) {
        // An unaligned short read under direct I/O is asked for again from its last whole block:
        // if the same number of bytes comes back, that is where the file ends.
        long from = done & -alignment;
        MemorySegment rest = from == 0 ? target : target.asSlice(from);
        long read = calls.pread(fd, rest, size - from, offset + from);
        if (read < 0) {
          attempts = retryOrThrow("pread", (int) -read, attempts, offset);
        } else if (from + read <= done) {
          return done;
        } else {
          done = from + read;
        }
      }
      return done;
    } finally {
      descriptor.release();
    }
  }

  /**
   * Writes the whole source at an offset.
   *
   * @param dsync whether these bytes, and the metadata needed to read them back, are durable when
   *     this returns (RWF_DSYNC).
   * @throws NativeException ENOSPC, EIO, EDQUOT, … from pwritev2(2); some of the bytes may have
   *     been written.
   */
  public void write(MemorySegment source, long offset, boolean dsync) {
    if (!source.isNative()) {
      throw new IllegalArgumentException("a source must be native memory: " + source);
    }
    int fd = descriptor.acquire();
    try {
      long size = source.byteSize();
      long done = 0;
      int attempts = 0;
      while (done < size) {
        MemorySegment rest = done == 0 ? source : source.asSlice(done);
        MemorySegment vector = LibcCalls.vectorOf(rest);
        long written = calls.pwritev2(fd, vector, 1, offset + done, writeFlags(dsync));
        long progress = wholeUnits(written, size - done);
        attempts = progress > 0 ? 0 : retryWriteOrThrow(written, attempts, offset);
        done += progress;
      }
    } finally {
      descriptor.release();
      Reference.reachabilityFence(source);
    }
  }

  /**
   * Writes all sources, one after another, at an offset: one system call unless the kernel
   * completes it in part.
   *
   * @param dsync as in {@link #write(MemorySegment, long, boolean)}.
   * @throws NativeException as in {@link #write(MemorySegment, long, boolean)}.
   */
  public void write(IoVectors sources, long offset, boolean dsync) {
    int fd = descriptor.acquire();
    IoVectors rest = sources;
    try {
      long size = sources.bytes();
      long done = 0;
      int attempts = 0;
      while (done < size) {
        long written =
            calls.pwritev2(fd, rest.vectors(), rest.count(), offset + done, writeFlags(dsync));
        long progress = wholeUnits(written, size - done);
        attempts = progress > 0 ? 0 : retryWriteOrThrow(written, attempts, offset);
        done += progress;
        if (progress > 0 && done < size) {
          rest = rest == sources ? IoVectors.confined(sources.count()) : rest;
          rest.setToRestOf(sources, done);
        }
      }
    } finally {
      if (rest != sources) {
        rest.close();
      }
      descriptor.release();
      Reference.reachabilityFence(sources);
    }
  }

  /**
   * Makes every completed write durable (fdatasync). A failure is never retried: the next call
   * would report success for pages that were lost.
   *
   * @throws NativeException EIO, ENOSPC, … from fdatasync(2).
   */
  public void dataSync() {
    int fd = descriptor.acquire();
    try {
      check("fdatasync", calls.fdatasync(fd), descriptor);
    } finally {
      descriptor.release();
    }
  }

  /**
   * Makes every completed write and all metadata durable (fsync). Never retried on failure.
   *
   * @throws NativeException EIO, ENOSPC, … from fsync(2).
   */
  public void sync() {
    int fd = descriptor.acquire();
    try {
      check("fsync", calls.fsync(fd), descriptor);
    } finally {
      descriptor.release();
    }
  }

  /** Returns the length of the file in bytes. */
  public long size() {
    return stat().bytes();
  }

  /**
   * Sets the length of the file; a new part reads as zeroes. Not durable until {@link #sync()}.
   *
   * @throws NativeException EFBIG, ENOSPC, EIO, … from ftruncate(2).
   */
  public void truncate(long bytes) {
    int fd = descriptor.acquire();
    try {
      int result;
      do {
        result = calls.ftruncate(fd, bytes);
      } while (result == -Errno.EINTR);
      check("ftruncate", result, descriptor);
    } finally {
      descriptor.release();
    }
  }

  /**
   * Gives the space of a range back to the file system; the range reads as zeroes and the file's
   * length stays.
   *
   * @throws NativeException EOPNOTSUPP where the file system cannot; others as fallocate(2) says.
   */
  public void punchHole(long offset, long length) {
    fallocate(Libc.FALLOC_FL_PUNCH_HOLE() | Libc.FALLOC_FL_KEEP_SIZE(), offset, length);
  }

  /**
   * Gives a range its space without writing to it: it reads as zeroes, whatever it held, and the
   * file becomes as long as that takes.
   *
   * @throws NativeException EOPNOTSUPP where the file system cannot; others as fallocate(2) says.
   */
  public void zeroRange(long offset, long length) {
    fallocate(Libc.FALLOC_FL_ZERO_RANGE(), offset, length);
  }

  /**
   * Gives a range its space without writing to it: what it held stays, the rest reads as zeroes,
   * and the file becomes as long as that takes.
   *
   * @throws NativeException EOPNOTSUPP where the file system cannot; others as fallocate(2) says. A
   *     part may have been done all the same.
   */
  public void allocate(long offset, long length) {
    fallocate(0, offset, length);
  }

  /**
   * Returns where the first hole at or after an offset begins. The end of the file counts as one,
   * as does space that was allocated and never written; a file system that knows of no holes has
   * none.
   *
   * @throws NativeException ENXIO beyond the end; EINVAL where the file system cannot tell.
   */
  public long nextHole(long offset) {
    return seek(offset, Libc.SEEK_HOLE());
  }

  /**
   * Returns where the first data at or after an offset begins.
   *
   * @throws NativeException ENXIO when none follows; EINVAL where the file system cannot tell.
   */
  public long nextData(long offset) {
    return seek(offset, Libc.SEEK_DATA());
  }

  private long seek(long offset, int whence) {
    int fd = descriptor.acquire();
    try {
      long result = LibcCalls.lseek(fd, offset, whence); // all I/O is positional
      if (result < 0) {
        throw new NativeException("lseek", (int) -result, descriptor.subject());
      }
      return result;
    } finally {
      descriptor.release();
    }
  }

  private void fallocate(int mode, long offset, long length) {
    int fd = descriptor.acquire();
    try {
      int result;
      do {
        result = calls.fallocate(fd, mode, offset, length);
      } while (result == -Errno.EINTR);
      check("fallocate", result, descriptor);
    } finally {
      descriptor.release();
    }
  }

  /**
   * Takes the advisory lock of this open file, without waiting. {@link #close()} takes it back when
   * the last call has returned, unless {@link #keepLock()} was called.
   *
   * @param shared whether other shared holders are tolerated.
   * @return false if somebody else holds it.
   * @throws NativeException anything but EWOULDBLOCK from flock(2).
   */
  public boolean tryLock(boolean shared) {
    int fd = descriptor.acquire();
    try {
      int operation = (shared ? Libc.LOCK_SH() : Libc.LOCK_EX()) | Libc.LOCK_NB();
      int result;
      do {
        result = calls.flock(fd, operation);
      } while (result == -Errno.EINTR);
      if (result == -Errno.EAGAIN) {
        return false;
      }
      check("flock", result, descriptor);
      descriptor.setUnlocks(true);
      return true;
    } finally {
      descriptor.release();
    }
  }

  /**
   * Leaves the lock in place when this is closed: an operation of a ring may still land. The kernel
   * then drops the lock once none is left, as it does when a process dies.
   */
  public void keepLock() {
    descriptor.setUnlocks(false);
  }

  /**
   * Returns the descriptor's number, for registering with a ring. It stays this file's only until
   * {@link #close()}.
   */
  public int fd() {
    int fd = descriptor.acquire();
    descriptor.release();
    return fd;
  }

  /** Returns whether the file was opened to bypass the page cache. */
  public boolean direct() {
    return alignment > 1;
  }

  /** Closes the file once the calls that run have returned; idempotent, never interrupted. */
  @Override
  public void close() {
    descriptor.close();
  }

  private static int writeFlags(boolean dsync) {
    return dsync ? Libc.RWF_DSYNC() : 0;
  }

  /** What of a write's result counts: all of it if complete, else its whole units. */
  private long wholeUnits(long written, long asked) {
    return written <= 0 ? 0 : written == asked ? written : written & -alignment;
  }

  private int retryWriteOrThrow(long written, int attempts, long offset) {
    if (written == 0) {
      throw new NativeException(
          "pwritev2", Errno.EIO, descriptor.subject() + ", offset=" + offset + ", wrote 0 bytes");
    }
    // Less than one unit was written: the same write again, as after EAGAIN.
    return retryOrThrow("pwritev2", written > 0 ? Errno.EAGAIN : (int) -written, attempts, offset);
  }

  private int retryOrThrow(String call, int errno, int attempts, long offset) {
    boolean again = errno == Errno.EINTR || (errno == Errno.EAGAIN && Backoff.before(attempts));
    if (!again) {
      throw new NativeException(call, errno, descriptor.subject() + ", offset=" + offset);
    }
    return errno == Errno.EINTR ? attempts : attempts + 1;
  }

  private static void check(String call, int result, Descriptor descriptor) {
    if (result < 0) {
      throw new NativeException(call, -result, descriptor.subject());
    }
  }
}
