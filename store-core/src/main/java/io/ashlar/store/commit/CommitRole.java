package io.ashlar.store.commit;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * The right to commit: held by one thread at a time, which then owns the allocator, the index
 * writer and the log's tail (rule L19). It is taken only when no operation of a commit is in
 * flight, since its holder reaps all of them before it lets go.
 *
 * <p>After {@link #release} comes a full fence, and then a look at the queue by whoever released:
 * what was queued meanwhile must not be left lying.
 */
final class CommitRole {

  private static final VarHandle HELD;

  static {
    try {
      HELD = MethodHandles.lookup().findVarHandle(CommitRole.class, "held", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  @SuppressWarnings("unused") // through HELD: written by any thread (compare-and-set, release)
  private int held;

  private @Nullable Thread holder; // written by the holder, of use to it alone

  /** Takes the role if nobody holds it. */
  boolean tryTake() {
    boolean taken = (int) HELD.getAcquire(this) == 0 && HELD.compareAndSet(this, 0, 1);
    if (taken) {
      holder = Thread.currentThread();
    }
    return taken;
  }

  /** Lets go of the role; the caller then looks at the queue. */
  void release() {
    assert isHeld() : "L19: released by somebody who does not hold it";
    holder = null;
    HELD.setRelease(this, 0);
    VarHandle.fullFence();
  }

  /** Leaves it taken for ever, by nobody: the store is closed. Thread: the holder. */
  void retire() {
    holder = null;
  }

  /**
   * Refuses what waits for the role, or for its holder's work, on the thread that has it: called by
   * a listener it would wait for itself, and everybody for it (G10).
   *
   * @throws IllegalStateException if this thread holds the role.
   */
  void refuseHolder() {
    if (isMine()) {
      throw new IllegalStateException(
          "this was called by a listener of the store and would wait for it to return: do it on"
              + " another thread, or use a form that does not wait");
    }
  }

  /** Returns whether this thread holds the role. */
  boolean isMine() {
    return Thread.currentThread().equals(holder);
  }

  /** Returns whether somebody holds the role. */
  boolean isHeld() {
    return (int) HELD.getAcquire(this) != 0;
  }
}
