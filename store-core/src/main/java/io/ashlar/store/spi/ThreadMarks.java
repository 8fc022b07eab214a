package io.ashlar.store.spi;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * The threads that are inside something, each as often as it entered, so that a thread can ask
 * whether it is.
 *
 * <p>Not a thread-local: a mark goes with its {@link #unmark}, so a thread that outlives the store
 * keeps nothing of it. Nothing is allocated while no more threads than ever before are inside.
 *
 * <p>Thread: any; each sees and changes its own marks only.
 */
public final class ThreadMarks {

  private static final int SLOTS = 16;
  private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(Thread[].class);

  // A slot is taken by compare-and-set, and given back by the thread that is in it (release).
  private final @Nullable Thread[] slots = new Thread[SLOTS];
  private volatile @Nullable ThreadMarks more; // written once, under this object's monitor

  /** Creates one without marks. */
  public ThreadMarks() {}

  /**
   * Marks this thread once more.
   *
   * @throws OutOfMemoryError if that needs heap and there is none: it is not marked.
   */
  public void mark() {
    Thread self = Thread.currentThread();
    ThreadMarks marks = this;
    while (!marks.tryMark(self)) {
      marks = marks.more();
    }
  }

  private boolean tryMark(Thread self) {
    int first = (int) self.threadId() & SLOTS - 1;
    for (int i = 0; i < SLOTS; i++) {
      if (SLOT.compareAndSet(slots, (first + i) & SLOTS - 1, (Thread) null, self)) {
        return true;
      }
    }
    return false;
  }

  private synchronized ThreadMarks more() {
    ThreadMarks known = more;
    if (known == null) {
      known = new ThreadMarks();
      more = known;
    }
    return known;
  }

  /**
   * Takes one mark of this thread back.
   *
   * @throws IllegalStateException if this thread has no mark.
   */
  public void unmark() {
    Thread self = Thread.currentThread();
    int first = (int) self.threadId() & SLOTS - 1;
    for (ThreadMarks marks = this; marks != null; marks = marks.more) {
      for (int i = 0; i < SLOTS; i++) {
        int slot = (first + i) & SLOTS - 1;
        if (self.equals(marks.slots[slot])) {
          SLOT.setRelease(marks.slots, slot, (Thread) null);
          return;
        }
      }
    }
    throw new IllegalStateException("this thread was not marked: " + self);
  }

  /**
   * {@return whether a marked thread is within {@link System#exit}, from which it never returns}
   * This looks at the stack of each.
   */
  public boolean isExiting() {
    for (ThreadMarks marks = this; marks != null; marks = marks.more) {
      for (int i = 0; i < SLOTS; i++) {
        Thread marked = (Thread) SLOT.getAcquire(marks.slots, i);
        if (marked != null && isExiting(marked)) {
          return true;
        }
      }
    }
    return false;
  }

  private static boolean isExiting(Thread thread) {
    for (StackTraceElement frame : thread.getStackTrace()) {
      if (frame.getClassName().equals("java.lang.Runtime")
          && frame.getMethodName().equals("exit")) {
        return true;
      }
    }
    return false;
  }

  /** {@return whether this thread is marked} */
  public boolean isMarked() {
    Thread self = Thread.currentThread();
    for (ThreadMarks marks = this; marks != null; marks = marks.more) {
      for (Thread marked : marks.slots) {
        if (self.equals(marked)) {
          return true;
        }
      }
    }
    return false;
  }
}
