package io.ashlar.store.commit.role;

import io.ashlar.store.StallCause;
import io.ashlar.store.commit.epoch.CommitQueue;
import io.ashlar.store.commit.epoch.RoleTask;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.disk.StoreGate;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/**
 * Runs small tasks of any thread while no group is in flight. The thread runs its task itself if
 * the commit role is free; else the role's holder runs it between two groups.
 *
 * <p>Thread: any, which waits; never the role's holder or the thread of a listener.
 */
public final class RoleTasks {

  private final StoreGate gate;
  private final CommitQueue queue;
  private final CommitRole role;
  private final CommitAgent agent;
  private final Poison poison;
  private final long queueTimeoutMs;

  /**
   * Creates one.
   *
   * @param queueTimeoutMs how long a full queue is waited for before looking whether the store has
   *     failed.
   */
  public RoleTasks(
      StoreGate gate,
      CommitQueue queue,
      CommitRole role,
      CommitAgent agent,
      Poison poison,
      long queueTimeoutMs) {
    this.gate = gate;
    this.queue = queue;
    this.role = role;
    this.agent = agent;
    this.poison = poison;
    this.queueTimeoutMs = queueTimeoutMs;
  }

  /** Has a task done as {@link #perform(StallCause, Runnable)} does, one without a name. */
  public void perform(Runnable work) {
    perform(StallCause.TASK, work);
  }

  /**
   * Has a task done and waits for it; throws the task's exception.
   *
   * @param cause what a commit waits for meanwhile.
   * @throws IllegalStateException in a listener.
   * @throws io.ashlar.store.StoreFailedException if no thread can take the role any more.
   */
  public void perform(StallCause cause, Runnable work) {
    gate.refuseListener();
    assert !role.isMine() : "L19: the role's holder would wait for itself";
    RoleTask task = new RoleTask(() -> role.timeline().run(cause, work));
    if (role.tryTake()) {
      try {
        task.execute(poison);
      } finally {
        agent.releaseRole();
      }
    } else {
      while (!queue.offer(task, queueTimeoutMs)) {
        poison.check();
      }
      agent.wakeForTask();
    }
    task.await();
  }

  /** Has a task with a result done, and returns the result. */
  public <T> T ask(Supplier<T> question) {
    return ask(StallCause.TASK, question);
  }

  /** Has a task with a result done, during which a commit waits for {@code cause}. */
  public <T> T ask(StallCause cause, Supplier<T> question) {
    AtomicReference<T> answer = new AtomicReference<>();
    perform(cause, () -> answer.setPlain(question.get()));
    return answer.getPlain();
  }
}
