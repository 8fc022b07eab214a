package io.ashlar.uring;

import java.lang.foreign.MemorySegment;

/**
 * The system calls of a {@link NativeFile}: the seam at which a test puts what a kernel answers
 * rarely. Each returns its result or the negated errno, as {@link LibcCalls} does.
 *
 * <p>There is one class of it in production, so the JIT compiler sees through every call.
 */
class FileCalls {
  static final FileCalls LIBC = new FileCalls();

  /** Reads {@code bytes} to the start of {@code target}, which may be longer. */
  long pread(int fd, MemorySegment target, long bytes, long offset) {
    return LibcCalls.pread(fd, target, bytes, offset);
  }

  long pwritev2(int fd, MemorySegment vectors, int count, long offset, int flags) {
    return LibcCalls.pwritev2(fd, vectors, count, offset, flags);
  }

  int fsync(int fd) {
    return LibcCalls.fsync(fd);
  }

  int fdatasync(int fd) {
    return LibcCalls.fdatasync(fd);
  }

  int ftruncate(int fd, long bytes) {
    return LibcCalls.ftruncate(fd, bytes);
  }

  int flock(int fd, int operation) {
    return LibcCalls.flock(fd, operation);
  }

  int fallocate(int fd, int mode, long offset, long length) {
    return LibcCalls.fallocate(fd, mode, offset, length);
  }
}
