package io.ashlar.store.commit;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

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

  /** Takes the role if nobody holds it. */
  boolean tryTake() {
    return (int) HELD.getAcquire(this) == 0 && HELD.compareAndSet(this, 0, 1);
  }

  /** Lets go of the role; the caller then looks at the queue. */
  void release() {
    assert isHeld() : "L19: released by somebody who does not hold it";
    HELD.setRelease(this, 0);
    VarHandle.fullFence();
  }

  /** Returns whether somebody holds the role. */
  boolean isHeld() {
    return (int) HELD.getAcquire(this) != 0;
  }
}
