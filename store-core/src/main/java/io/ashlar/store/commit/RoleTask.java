package io.ashlar.store.commit;

import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Something small that must be done by the holder of the commit role between two groups: taking
 * space for a blob that is written ahead, giving it back, counting blocks. Its requester waits.
 */
final class RoleTask implements QueueEntry {

  private final Runnable work;
  private final Thread requester = Thread.currentThread();
  private volatile boolean done; // written by the role's holder, read by the requester
  private @Nullable RuntimeException failure; // published by done

  RoleTask(Runnable work) {
    this.work = work;
  }

  /** Does it and wakes the requester. Thread: the commit role's holder. */
  void execute() {
    try {
      work.run();
    } catch (RuntimeException e) {
      failure = e;
    }
    finish();
  }

  /** Refuses it: the store failed or closes. Thread: the commit role's holder. */
  void refuse(RuntimeException reason) {
    failure = reason;
    finish();
  }

  private void finish() {
    done = true;
    LockSupport.unpark(requester);
  }

  /** Waits until it was done, however often the thread is interrupted; throws what it threw. */
  void await() {
    boolean interrupted = false;
    while (!done) {
      LockSupport.park(this);
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (failure != null) {
      throw failure;
    }
  }
}
