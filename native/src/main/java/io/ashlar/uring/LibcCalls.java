package io.ashlar.uring;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.ashlar.uring.libc.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * The libc calls, each returning its result or the negated errno.
 *
 * <p>Thread: any. Every thread has some scratch memory, made at its first call; after that nothing
 * is allocated. None of the calls is {@code critical}: they block, and the JVM must be able to
 * reach a safepoint meanwhile. Functions are looked up in the library that the system property
 * {@code ashlar.libc.path} names, if any, then in the default lookup (which does not see
 * LD_PRELOAD).
 */
final class LibcCalls {
  private static final StructLayout CAPTURE = Linker.Option.captureStateLayout();
  private static final long ERRNO_OFFSET =
      CAPTURE.byteOffset(MemoryLayout.PathElement.groupElement("errno"));

  /** {@code struct iovec}: address, then length, 8 bytes each. Checked by the ABI test. */
  static final long IOVEC_BYTES = 16;

  static final long IOVEC_LENGTH_OFFSET = 8;

  private static final SymbolLookup LOOKUP = lookup();
  private static final MethodHandle OPEN =
      link(
          "open",
          FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT),
          Linker.Option.firstVariadicArg(2));
  private static final MethodHandle CLOSE = link("close", Libc.close$descriptor());
  private static final MethodHandle READ = link("read", Libc.read$descriptor());
  private static final MethodHandle WRITE = link("write", Libc.write$descriptor());
  private static final MethodHandle SIGNAL =
      Linker.nativeLinker().downcallHandle(function("write"), Libc.write$descriptor());
  private static final Unfolded PREAD = new Unfolded(link("pread", Libc.pread$descriptor()));
  private static final Unfolded PWRITEV2 =
      new Unfolded(link("pwritev2", Libc.pwritev2$descriptor()));
  private static final MethodHandle FSYNC = link("fsync", Libc.fsync$descriptor());
  private static final MethodHandle FDATASYNC = link("fdatasync", Libc.fdatasync$descriptor());
  private static final MethodHandle FTRUNCATE = link("ftruncate", Libc.ftruncate$descriptor());
  private static final MethodHandle FALLOCATE = link("fallocate", Libc.fallocate$descriptor());
  private static final MethodHandle LSEEK =
      link("lseek", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT));
  private static final MethodHandle FLOCK = link("flock", Libc.flock$descriptor());
  private static final MethodHandle STATX = link("statx", Libc.statx$descriptor());
  private static final MethodHandle EVENTFD = link("eventfd", Libc.eventfd$descriptor());
  private static final @Nullable MethodHandle RENAMEAT2 = // not in every libc
      LOOKUP.find("renameat2").isEmpty()
          ? null
          : link(
              "renameat2",
              FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT));
  private static final MethodHandle MMAP =
      link(
          "mmap",
          FunctionDescriptor.of(
              JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
  private static final MethodHandle MUNMAP =
      link("munmap", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));
  private static final MethodHandle MADVISE =
      link("madvise", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));

  private static final int STATE = 0;
  private static final int VECTOR = 1;
  private static final ThreadLocal<MemorySegment[]> SCRATCH =
      ThreadLocal.withInitial(LibcCalls::newScratch);

  private LibcCalls() {}

  /**
   * A handle that the compiler does not take for a constant. In a static final field or a record it
   * would, and would inline the call at the end of a long chain of callers. There it gives up
   * before it sees that the slice of the captured state does not escape, which costs 40 bytes a
   * call. This way the handle is compiled by itself. The jump costs nothing compared with the I/O.
   */
  private static final class Unfolded {
    private final MethodHandle handle;

    private Unfolded(MethodHandle handle) {
      this.handle = handle;
    }
  }

  /**
   * Returns the calling thread's scratch memory: the captured state at {@link #STATE}, one iovec at
   * {@link #VECTOR}. Classes of the JDK only, since a thread may outlive the class loader of this
   * one. Freed with the thread: an automatic arena has no owner that would have to close it.
   */
  private static MemorySegment[] newScratch() {
    Arena arena = Arena.ofAuto();
    return new MemorySegment[] {arena.allocate(CAPTURE), arena.allocate(IOVEC_BYTES, 8)};
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

  static int open(MemorySegment path, int flags, int mode) {
    MemorySegment state = state();
    try {
      return (int) result(state, (int) OPEN.invokeExact(state, path, flags, mode));
    } catch (Throwable failure) {
      throw unexpected(failure);
    }
  }

  static int close(int fd) {
    return descriptorCall(CLOSE, fd);
  }

  static int fsync(int fd) {
    return descriptorCall(FSYNC, fd);
  }

  static int fdatasync(int fd) {
    return descriptorCall(FDATASYNC, fd);
  }

  private static int descriptorCall(MethodHandle handle, int fd) {
    MemorySegment state = state();
    try {
      return (int) result(state, (int) handle.invokeExact(state, fd));
    } catch (Throwable failure) {
      throw unexpected(failure);
    }
  }

  static int flock(int fd, int operation) {
    return twoIntegers(FLOCK, fd, operation);
  }

  static int eventfd(int count, int flags) {
    return twoIntegers(EVENTFD, count, flags);
  }

  private static int twoIntegers(MethodHandle handle, int first, int second) {
    MemorySegment state = state();
    try {
      return (int) result(state, (int) handle.invokeExact(state, first, second));
    } catch (Throwable failure) {
      throw unexpected(failure);
    }
  }

  static long read(int fd, MemorySegment target) {
    MemorySegment state = state();
    try {
      return result(state, (long) READ.invokeExact(state, fd, target, target.byteSize()));
    } catch (Throwable failure) {
      throw unexpected(failure);
    }
  }

  static long write(int fd, MemorySegment source) {
    MemorySegment state = state();
    try {
      return result(state, (long) WRITE.invokeExact(state, fd, source, source.byteSize()));
    } catch (Throwable failure) {
      throw unexpected(failure);
    }
  }

  /**
   * Adds the number in {@code count} to an eventfd: {@link #write}, but the errno is asked for only
   * when it failed, by trying again. A handle that captures it slices its segment at each call.
   * Whether the compiler can remove that object depends on the caller that it is compiled into.
   */
  static long signal(int fd, MemorySegment count) {
    long result;
    try {
      result = (long) SIGNAL.invokeExact(fd, count, 8L);
    } catch (Throwable failure) {
      throw unexpected(failure);
    }
    return result >= 0 ? result : write(fd, count);
  }

  static long pread(int fd, MemorySegment target, long bytes, long offset) {
    MemorySegment state = state();
    try {
      return result(state, (long) PREAD.handle.invokeExact(state, fd, target, bytes, offset));
    } catch (Throwable failure) {
      throw unexpected(failure);
    }
  }

  static long pwritev2(int fd, MemorySegment vectors, int count, long offset, int flags) {
    MemorySegment state = state();
    try {
      return result(
          state, (long) PWRITEV2.handle.invokeExact(state, fd, vectors, count, offset, flags));
    } catch (Throwable failure) {
      throw unexpected(failure);
    }
  }

  static int ftruncate(int fd, long bytes) {
    MemorySegment state = state();
    try {
      return (int) result(state, (int) FTRUNCATE.invokeExact(state, fd, bytes));
    } catch (Throwable failure) {
      throw unexpected(failure);
    }
  }

  static int fallocate(int fd, int mode, long offset, long length) {
    MemorySegment state = state();
    try {
      return (int) result(state, (int) FALLOCATE.invokeExact(state, fd, mode, offset, length));
    } catch (Throwable failure) {
      throw unexpected(failure);
    }
  }

  static int statx(int fd, MemorySegment path, int flags, int mask, MemorySegment target) {
    MemorySegment state = state();
    try {
      return (int) result(state, (int) STATX.invokeExact(state, fd, path, flags, mask, target));
    } catch (Throwable failure) {
      throw unexpected(failure);
    }
  }

  static long lseek(int fd, long offset, int whence) {
    MemorySegment state = state();
    try {
      return result(state, (long) LSEEK.invokeExact(state, fd, offset, whence));
    } catch (Throwable failure) {
      throw unexpected(failure);
    }
  }

  static int renameat2(MemorySegment from, MemorySegment to, int flags) {
    MethodHandle handle = RENAMEAT2;
    if (handle == null) {
      return -Errno.ENOSYS;
    }
    MemorySegment state = state();
    int here = Libc.AT_FDCWD();
    try {
      return (int) result(state, (int) handle.invokeExact(state, here, from, here, to, flags));
    } catch (Throwable failure) {
      throw unexpected(failure);
    }
  }

  static long mmap(long address, long length, int protection, int flags) {
    MemorySegment state = state();
    try {
      return result(
          state, (long) MMAP.invokeExact(state, address, length, protection, flags, -1, 0L));
    } catch (Throwable failure) {
      throw unexpected(failure);
    }
  }

  static int munmap(long address, long length) {
    MemorySegment state = state();
    try {
      return (int) result(state, (int) MUNMAP.invokeExact(state, address, length));
    } catch (Throwable failure) {
      throw unexpected(failure);
    }
  }

  static int madvise(long address, long length, int advice) {
    MemorySegment state = state();
    try {
      return (int) result(state, (int) MADVISE.invokeExact(state, address, length, advice));
    } catch (Throwable failure) {
      throw unexpected(failure);
    }
  }

  private static SymbolLookup lookup() {
    SymbolLookup standard = Linker.nativeLinker().defaultLookup();
    String path = System.getProperty("ashlar.libc.path");
    return path == null ? standard : SymbolLookup.libraryLookup(path, Arena.global()).or(standard);
  }

  private static MethodHandle link(
      String name, FunctionDescriptor descriptor, Linker.Option... options) {
    Linker.Option[] all = new Linker.Option[options.length + 1];
    System.arraycopy(options, 0, all, 0, options.length);
    all[options.length] = Linker.Option.captureCallState("errno");
    return Linker.nativeLinker().downcallHandle(function(name), descriptor, all);
  }

  private static MemorySegment function(String name) {
    return LOOKUP.find(name).orElseThrow(() -> new UnsatisfiedLinkError("libc has no " + name));
  }

  private static RuntimeException unexpected(Throwable failure) {
    if (failure instanceof RuntimeException exception) {
      return exception;
    }
    if (failure instanceof Error error) {
      throw error;
    }
    return new IllegalStateException("a downcall declares no checked exception", failure);
  }
}
