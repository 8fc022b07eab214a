package io.ashlar.store.commit;

import io.ashlar.store.disk.Poison;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/**
 * Lets any thread have something small done while no group is in flight: by itself if nobody holds
 * the commit role, else by its holder between two groups.
 *
 * <p>Thread: any, which waits; not one that holds the role.
 */
final class RoleTasks {

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
  RoleTasks(
      CommitQueue queue, CommitRole role, CommitAgent agent, Poison poison, long queueTimeoutMs) {
    this.queue = queue;
    this.role = role;
    this.agent = agent;
    this.poison = poison;
    this.queueTimeoutMs = queueTimeoutMs;
  }

  /**
   * Has something done, and waits for it; throws what it throws.
   *
   * @throws IllegalStateException if this thread holds the role.
   * @throws io.ashlar.store.StoreFailedException if nobody can hold the role any more.
   */
  void perform(Runnable work) {
    role.refuseHolder();
    RoleTask task = new RoleTask(work);
    if (role.tryTake()) {
      try {
        task.execute();
      } finally {
        agent.releaseRole();
      }
    } else {
      while (!queue.offer(task, queueTimeoutMs)) {
        poison.check();
      }
      agent.wakeForWork();
    }
    task.await();
  }

  /** Does the same for what has a result. */
  <T> T ask(Supplier<T> question) {
    AtomicReference<T> answer = new AtomicReference<>();
    perform(() -> answer.setPlain(question.get()));
    return answer.getPlain();
  }
}
