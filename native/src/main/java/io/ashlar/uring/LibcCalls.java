package io.ashlar.uring;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.ashlar.uring.libc.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import org.jspecify.annotations.Nullable;

/**
 * The libc calls, each returning its result or the negated errno.
 *
 * <p>Thread: any. Every thread has some scratch memory, made at its first call; after that the
 * calls of the hot path allocate nothing: {@link #read}, {@link #write}, {@link #signal}, {@link
 * #pread}, {@link #pwritev2}. None of the calls is {@code critical}: they block, and the JVM must
 * be able to reach a safepoint meanwhile. Functions are looked up in the library that the system
 * property {@code ashlar.libc.path} names, if any, then in the default lookup (which does not see
 * LD_PRELOAD).
 *
 * <p>All of them go through {@link Downcalls#withErrno}: linking a shape of its own for each would
 * cost most of a first open (0085).
 */
final class LibcCalls {

  /** Where the captured state of a call has its errno. Checked by the ABI test. */
  static final long ERRNO_OFFSET = 0;

  /** {@code struct iovec}: address, then length, 8 bytes each. Checked by the ABI test. */
  static final long IOVEC_BYTES = 16;

  static final long IOVEC_LENGTH_OFFSET = 8;

  private static final SymbolLookup LOOKUP = lookup();
  private static final MemorySegment OPENAT = function("openat");
  private static final MemorySegment CLOSE = function("close");
  private static final MemorySegment READ = function("read");
  private static final MemorySegment WRITE = function("write");
  private static final MemorySegment PREAD = function("pread");
  private static final MemorySegment PWRITEV2 = function("pwritev2");
  private static final MemorySegment FSYNC = function("fsync");
  private static final MemorySegment FDATASYNC = function("fdatasync");
  private static final MemorySegment FTRUNCATE = function("ftruncate");
  private static final MemorySegment FALLOCATE = function("fallocate");
  private static final MemorySegment LSEEK = function("lseek");
  private static final MemorySegment FLOCK = function("flock");
  private static final MemorySegment STATX = function("statx");
  private static final MemorySegment EVENTFD = function("eventfd");
  private static final @Nullable MemorySegment RENAMEAT2 = // not in every libc
      LOOKUP.find("renameat2").orElse(null);
  private static final MemorySegment MMAP = function("mmap");
  private static final MemorySegment MUNMAP = function("munmap");
  private static final MemorySegment MADVISE = function("madvise");
  private static final MemorySegment CLOCK_GETTIME = function("clock_gettime");

  private static final int STATE = 0;
  private static final int VECTOR = 1;
  private static final ThreadLocal<MemorySegment[]> SCRATCH =
      ThreadLocal.withInitial(LibcCalls::newScratch);

  private LibcCalls() {}

  /**
   * Returns the calling thread's scratch memory: the captured state at {@link #STATE}, one iovec at
   * {@link #VECTOR}. Classes of the JDK only, since a thread may outlive the class loader of this
   * one. Freed with the thread: an automatic arena has no owner that would have to close it.
   */
  private static MemorySegment[] newScratch() {
    Arena arena = Arena.ofAuto();
    return new MemorySegment[] {
      arena.allocate(Linker.Option.captureStateLayout()), arena.allocate(IOVEC_BYTES, 8)
    };
  }

  /** Returns the calling thread's iovec, set to {@code source}; valid until the next call. */
  static MemorySegment vectorOf(MemorySegment source) {
    MemorySegment vector = SCRATCH.get()[VECTOR];
    vector.set(JAVA_LONG, 0, source.address());
    vector.set(JAVA_LONG, IOVEC_LENGTH_OFFSET, source.byteSize());
    return vector;
  }

  private static MemorySegment state() {
    return SCRATCH.get()[STATE];
  }

  private static long result(MemorySegment state, long value) {
    return value == -1 ? -state.get(JAVA_INT, ERRNO_OFFSET) : value;
  }

  private static long call(
      MemorySegment function,
      long first,
      MemorySegment second,
      long third,
      long fourth,
      long fifth) {
    MemorySegment state = state();
    return result(state, Downcalls.withErrno(function, state, first, second, third, fourth, fifth));
  }

  /** Calls a function that returns an int: only that half of the result means anything. */
  private static int intCall(
      MemorySegment function,
      long first,
      MemorySegment second,
      long third,
      long fourth,
      long fifth) {
    MemorySegment state = state();
    int value = (int) Downcalls.withErrno(function, state, first, second, third, fourth, fifth);
    return (int) result(state, value);
  }

  /** Returns a number as the argument in whose place other functions have an address. */
  private static MemorySegment number(long value) {
    return MemorySegment.ofAddress(value);
  }

  static int open(MemorySegment path, int flags, int mode) {
    return intCall(OPENAT, Libc.AT_FDCWD(), path, flags, mode, 0);
  }

  static int close(int fd) {
    return intCall(CLOSE, fd, MemorySegment.NULL, 0, 0, 0);
  }

  static int fsync(int fd) {
    return intCall(FSYNC, fd, MemorySegment.NULL, 0, 0, 0);
  }

  static int fdatasync(int fd) {
    return intCall(FDATASYNC, fd, MemorySegment.NULL, 0, 0, 0);
  }

  static int flock(int fd, int operation) {
    return intCall(FLOCK, fd, number(operation), 0, 0, 0);
  }

  static int eventfd(int count, int flags) {
    return intCall(EVENTFD, count, number(flags), 0, 0, 0);
  }

  static long read(int fd, MemorySegment target) {
    return call(READ, fd, target, target.byteSize(), 0, 0);
  }

  static long write(int fd, MemorySegment source) {
    return call(WRITE, fd, source, source.byteSize(), 0, 0);
  }

  /**
   * Adds the number in {@code count} to an eventfd: {@link #write}, but the errno is asked for only
   * when it failed, by trying again. A handle that captures it slices its segment at each call.
   * Whether the compiler can remove that object depends on the caller that it is compiled into.
   *
   * @param count lives as long as the process.
   */
  static long signal(int fd, MemorySegment count) {
    long result = Downcalls.plain(WRITE, fd, count.address(), Long.BYTES, 0, 0, 0);
    return result >= 0 ? result : write(fd, count);
  }

  static long pread(int fd, MemorySegment target, long bytes, long offset) {
    return call(PREAD, fd, target, bytes, offset, 0);
  }

  static long pwritev2(int fd, MemorySegment vectors, int count, long offset, int flags) {
    return call(PWRITEV2, fd, vectors, count, offset, flags);
  }

  static int ftruncate(int fd, long bytes) {
    return intCall(FTRUNCATE, fd, number(bytes), 0, 0, 0);
  }

  static int fallocate(int fd, int mode, long offset, long length) {
    return intCall(FALLOCATE, fd, number(mode), offset, length, 0);
  }

  /**
   * Calls statx(2).
   *
   * @param target stays alive during the call.
   */
  static int statx(int fd, MemorySegment path, int flags, int mask, MemorySegment target) {
    return intCall(STATX, fd, path, flags, mask, target.address());
  }

  static long lseek(int fd, long offset, int whence) {
    return call(LSEEK, fd, number(offset), whence, 0, 0);
  }

  /**
   * Calls renameat2(2).
   *
   * @param to stays alive during the call.
   */
  static int renameat2(MemorySegment from, MemorySegment to, int flags) {
    MemorySegment function = RENAMEAT2;
    return function == null
        ? -Errno.ENOSYS
        : intCall(function, Libc.AT_FDCWD(), from, Libc.AT_FDCWD(), to.address(), flags);
  }

  static long mmap(long address, long length, int protection, int flags) {
    return call(MMAP, address, number(length), protection, flags, -1); // at offset 0 of no file
  }

  static int munmap(long address, long length) {
    return intCall(MUNMAP, address, number(length), 0, 0, 0);
  }

  static int madvise(long address, long length, int advice) {
    return intCall(MADVISE, address, number(length), advice, 0, 0);
  }

  /**
   * Calls clock_gettime(2).
   *
   * @return the time in nanoseconds, or the negated errno.
   */
  static long clockGettime(int clock) {
    MemorySegment time = SCRATCH.get()[VECTOR]; // struct timespec: seconds, nanoseconds
    int failure = intCall(CLOCK_GETTIME, clock, time, 0, 0, 0);
    return failure < 0
        ? failure
        : time.get(JAVA_LONG, 0) * 1_000_000_000L + time.get(JAVA_LONG, Long.BYTES);
  }

  private static SymbolLookup lookup() {
    SymbolLookup standard = Linker.nativeLinker().defaultLookup();
    String path = System.getProperty("ashlar.libc.path");
    return path == null ? standard : SymbolLookup.libraryLookup(path, Arena.global()).or(standard);
  }

  private static MemorySegment function(String name) {
    MemorySegment found = LOOKUP.find(name).orElse(null);
    if (found == null) {
      throw new UnsatisfiedLinkError("libc has no " + name);
    }
    return found;
  }
}
