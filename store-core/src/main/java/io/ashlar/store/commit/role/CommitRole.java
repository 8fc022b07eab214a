package io.ashlar.store.commit.role;

import io.ashlar.store.StallCause;
import io.ashlar.store.metrics.RoleTimeline;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * The right to commit: held by one thread at a time, which then owns the allocator, the index
 * writer and the log's tail (rule L19). It is taken only when no operation of a commit is in
 * flight, because its holder reaps all of them before it releases the role.
 *
 * <p>After {@link #release} comes a full fence. The releasing thread then checks the queue, so that
 * an entry queued meanwhile is not forgotten.
 */
public final class CommitRole {

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
  private final RoleTimeline timeline;
  private final StallCause whileFree;

  /**
   * Creates one that is free.
   *
   * @param whileFree what a commit waits for that is queued while the role is free.
   */
  public CommitRole(RoleTimeline timeline, StallCause whileFree) {
    this.timeline = timeline;
    this.whileFree = whileFree;
  }

  /** Returns what notes what its holder does. Thread: the holder. */
  RoleTimeline timeline() {
    return timeline;
  }

  /** Takes the role if it is free. */
  public boolean tryTake() {
    boolean taken = (int) HELD.getAcquire(this) == 0 && HELD.compareAndSet(this, 0, 1);
    if (taken) {
      holder = Thread.currentThread();
      StallCause _ = timeline.enter(StallCause.WORK);
    }
    return taken;
  }

  /** Releases the role; the caller then checks the queue. */
  public void release() {
    assert isHeld() : "L19: released by a thread that does not hold it";
    StallCause _ = timeline.enter(whileFree);
    holder = null;
    HELD.setRelease(this, 0);
    VarHandle.fullFence();
  }

  /** Retires the role permanently, because the store is closed. Thread: the holder. */
  void retire() {
    holder = null;
  }

  /** Returns whether this thread holds the role. */
  boolean isMine() {
    return Thread.currentThread().equals(holder);
  }

  /** Returns whether any thread holds the role. */
  boolean isHeld() {
    return (int) HELD.getAcquire(this) != 0;
  }
}
