package io.ashlar.uring;

import io.ashlar.uring.libc.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.charset.Charset;
import java.nio.file.Path;

/**
 * A file descriptor that is closed once, when no call uses it any more.
 *
 * <p>The kernel gives a closed number out again at once, so a call that raced with close could
 * write into somebody else's file. Every call therefore holds a use for its duration.
 *
 * <p>Uses are counted in padded cells by thread, so that calls on different cores do not share a
 * cache line. The state of a cell is {@code 2 × uses + closed}. A closed cell without uses has
 * ended, and the call that ends the last cell closes the descriptor.
 *
 * <p>Thread: any; a use ends on the thread that began it. Allocates nothing after construction.
 */
final class Descriptor {
  private static final int MODE_PRIVATE = 0600;
  private static final int CLOSED = 1;
  private static final int ONE_USE = 2;
  private static final int CELLS = 16;
  private static final int CELL_INTS = 32; // two cache lines: processors fetch them in pairs
  private static final VarHandle STATE = MethodHandles.arrayElementVarHandle(int[].class);
  private static final VarHandle CELLS_OPEN;

  static {
    try {
      CELLS_OPEN = MethodHandles.lookup().findVarHandle(Descriptor.class, "cellsOpen", int.class);
    } catch (ReflectiveOperationException impossible) {
      throw new ExceptionInInitializerError(impossible);
    }
  }

  private final int fd;
  private final String subject;

  private final int[] states = new int[(CELLS + 1) * CELL_INTS]; // through STATE, by every thread

  @SuppressWarnings("unused") // through CELLS_OPEN: those that have not ended
  private int cellsOpen = CELLS;

  private volatile boolean unlocks; // written by who locks, or keeps the lock; read by who closes

  /** Takes charge of an open descriptor; {@code subject} names it in messages. */
  Descriptor(int fd, String subject) {
    this.fd = fd;
    this.subject = subject;
  }

  /**
   * Opens a path; a file that this creates has mode 0600.
   *
   * @throws NativeException as open(2) says.
   */
  static Descriptor open(Path path, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = nativeName(arena, path);
      int fd;
      do {
        fd = LibcCalls.open(name, flags, MODE_PRIVATE);
      } while (fd == -Errno.EINTR);
      if (fd < 0) {
        throw new NativeException("open", -fd, "file=" + path);
      }
      return new Descriptor(fd, "file=" + path);
    }
  }

  /** Returns the path as the kernel takes it: in the file system's encoding, ended by a zero. */
  static MemorySegment nativeName(Arena arena, Path path) {
    // The encoding by which the JDK itself turns paths into file names.
    Charset charset = Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));
    byte[] bytes = path.toString().getBytes(charset);
    MemorySegment name = arena.allocate(bytes.length + 1L);
    MemorySegment.copy(bytes, 0, name, ValueLayout.JAVA_BYTE, 0, bytes.length);
    return name;
  }

  String subject() {
    return subject;
  }

  private static int cell() {
    long id = Thread.currentThread().threadId();
    return ((int) (id ^ id >>> 4) & CELLS - 1) * CELL_INTS + CELL_INTS;
  }

  /**
   * Begins a use and returns the descriptor's number; {@link #release()} must follow.
   *
   * @throws IllegalStateException after {@link #close()}.
   */
  int acquire() {
    if (!tryAcquire()) {
      throw new IllegalStateException("already closed: " + subject);
    }
    return fd;
  }

  /** Begins a use like {@link #acquire()}; false, and no use begun, after {@link #close()}. */
  boolean tryAcquire() {
    int cell = cell();
    int before;
    do {
      before = (int) STATE.getVolatile(states, cell);
      if ((before & CLOSED) != 0) {
        return false;
      }
    } while (!STATE.compareAndSet(states, cell, before, before + ONE_USE));
    return true;
  }

  /** Returns the descriptor's number; to be used between {@link #tryAcquire()} and release. */
  int number() {
    return fd;
  }

  /** Ends a use. */
  void release() {
    if ((int) STATE.getAndAdd(states, cell(), -ONE_USE) == ONE_USE + CLOSED) {
      endCell();
    }
  }

  /**
   * Sets whether closing first takes back the flock(2) of the open file. Else the lock goes with
   * the last reference to the open file: a ring that was closed holds one for a while.
   */
  void setUnlocks(boolean on) {
    unlocks = on;
  }

  /** Lets no further use begin, and closes the descriptor with the last one. Idempotent. */
  void close() {
    for (int cell = CELL_INTS; cell < states.length; cell += CELL_INTS) {
      if ((int) STATE.getAndBitwiseOr(states, cell, CLOSED) == 0) {
        endCell();
      }
    }
  }

  private void endCell() {
    if ((int) CELLS_OPEN.getAndAdd(this, -1) == 1) {
      closeNow();
    }
  }

  private void closeNow() {
    if (unlocks) {
      LibcCalls.flock(fd, Libc.LOCK_UN()); // if this fails, the lock still goes with the open file
    }
    // EINTR leaves the descriptor closed on Linux, see close(2); nothing could be done about
    // others.
    LibcCalls.close(fd);
  }
}
