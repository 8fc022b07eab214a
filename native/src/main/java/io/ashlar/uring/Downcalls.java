package io.ashlar.uring;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Calls native functions through two shapes, which are linked once.
 *
 * <p>A method handle for each function and its own types would cost a fresh JVM 20 to 30 hidden
 * classes each, which is most of a first open (0085). So every argument that is no pointer is a
 * {@code long}. On Linux, x86-64 and aarch64 alike, the first six integers and pointers of a call
 * lie in registers of 64 bits. A function that takes an {@code int} reads the lower half, one that
 * takes fewer arguments ignores the others, and the variable arguments of open(2) lie where fixed
 * ones do. A function that returns an {@code int} leaves the upper half of the result undefined:
 * the caller casts.
 *
 * <p>Thread: any. The calls allocate nothing.
 */
final class Downcalls {

  private static final Unfolded WITH_ERRNO =
      new Unfolded(
          Linker.nativeLinker()
              .downcallHandle(
                  FunctionDescriptor.of(
                      JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
                  Linker.Option.captureCallState("errno")));

  private Downcalls() {}

  /** The shape that captures nothing, linked when it is first called. */
  private static final class Plain {
    private static final MethodHandle HANDLE =
        Linker.nativeLinker()
            .downcallHandle(
                FunctionDescriptor.of(
                    JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG));
  }

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
   * Calls a function and captures errno. A sixth argument is 0.
   *
   * @param state receives the errno: of {@link Linker.Option#captureStateLayout()}.
   * @param second an address; its arena cannot be closed during the call.
   * @return what the register of the result holds.
   */
  static long withErrno(
      MemorySegment function,
      MemorySegment state,
      long first,
      MemorySegment second,
      long third,
      long fourth,
      long fifth) {
    try {
      return (long)
          WITH_ERRNO.handle.invokeExact(function, state, first, second, third, fourth, fifth, 0L);
    } catch (Throwable failure) {
      throw unexpected(failure);
    }
  }

  /**
   * Calls a function.
   *
   * @return what the register of the result holds.
   */
  static long plain(
      MemorySegment function,
      long first,
      long second,
      long third,
      long fourth,
      long fifth,
      long sixth) {
    try {
      return (long) Plain.HANDLE.invokeExact(function, first, second, third, fourth, fifth, sixth);
    } catch (Throwable failure) {
      throw unexpected(failure);
    }
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
