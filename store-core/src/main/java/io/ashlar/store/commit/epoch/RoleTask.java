package io.ashlar.store.commit.epoch;

import io.ashlar.store.disk.Poison;
import io.ashlar.store.spi.Uninterrupted;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A small task that the holder of the commit role does between two groups. It takes or frees space
 * for a blob that is written ahead, or counts blocks. Its requester waits.
 */
public final class RoleTask implements QueueEntry {

  private final Runnable work;
  private final Thread requester = Thread.currentThread();
  private final BooleanSupplier isDone = this::isDone; // made here: await needs no heap
  private volatile boolean done; // written by the role's holder, read by the requester
  private @Nullable RuntimeException failure; // published by done

  public RoleTask(Runnable work) {
    this.work = work;
  }

  /**
   * Does it and wakes the requester. An error leaves it half done, and so poisons the store (L19).
   * Thread: the commit role's holder.
   */
  public void execute(Poison poison) {
    try {
      work.run();
    } catch (RuntimeException e) {
      failure = e;
    } catch (Error e) {
      poison.set(e);
      failure = poison.failure(true);
    }
    finish();
  }

  /** Refuses it: the store failed or closes. Thread: the commit role's holder. */
  public void refuse(RuntimeException reason) {
    failure = reason;
    finish();
  }

  private void finish() {
    done = true;
    LockSupport.unpark(requester);
  }

  private boolean isDone() {
    return done;
  }

  /** Waits until the task was done, remembering interrupts; throws the task's exception. */
  public void await() {
    Uninterrupted.parkUntil(this, isDone);
    if (failure != null) {
      throw failure;
    }
  }
}
