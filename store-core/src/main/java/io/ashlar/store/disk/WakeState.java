package io.ashlar.store.disk;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Whether a queue's owner sleeps, and whether somebody wants it awake.
 *
 * <pre>
 *              tryFallAsleep                 wake (tells the waker to signal)
 *   RUNNING ------------------> SLEEPING --------------------------------.
 *      ^  ^                        | awake                               v
 *      |  '------------------------'                                 NOTIFIED
 *      '---------------- awake, tryFallAsleep (fails) -------------------'
 *   RUNNING -- wake --> NOTIFIED -- wake --> NOTIFIED
 * </pre>
 *
 * <p>Each edge is one atomic exchange with a full fence. So after {@link #awake()} the owner sees
 * everything that a waker published before {@link #wake()}. No wake-up is lost between the owner's
 * last check and its sleep.
 */
final class WakeState {
  private static final int RUNNING = 0;
  private static final int SLEEPING = 1;
  private static final int NOTIFIED = 2;
  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(WakeState.class, "state", int.class);
    } catch (ReflectiveOperationException impossible) {
      throw new ExceptionInInitializerError(impossible);
    }
  }

  @SuppressWarnings("unused") // reached through STATE: by the owner, and by any thread in wake
  private int state = RUNNING;

  /** Owner: about to sleep. False if a wake-up came first, which this consumes. */
  boolean tryFallAsleep() {
    if (STATE.compareAndSet(this, RUNNING, SLEEPING)) {
      return true;
    }
    STATE.setVolatile(this, RUNNING);
    return false;
  }

  /** Owner: returns whether a wake-up came since it fell asleep; does not consume it. */
  boolean notified() {
    return (int) STATE.getVolatile(this) == NOTIFIED;
  }

  /** Owner: sleeps no longer; consumes a wake-up. */
  void awake() {
    int before = (int) STATE.getAndSet(this, RUNNING);
    assert before != RUNNING : "only a sleeper wakes";
  }

  /** Any thread: asks the owner to wake; returns whether it sleeps and must be signalled. */
  boolean wake() {
    return (int) STATE.getAndSet(this, NOTIFIED) == SLEEPING;
  }
}
