package io.ashlar.store.commit.role;

import io.ashlar.store.commit.epoch.CommitQueue;
import io.ashlar.store.commit.epoch.EpochBuffer;
import io.ashlar.store.disk.Disk;
import org.jspecify.annotations.Nullable;

/**
 * Chooses who serves the queue once the commit role is free: a caller that waits for its commit, or
 * the I/O thread.
 *
 * <p>A caller that leads writes its group with one system call and needs no other thread for it. A
 * group of the I/O thread needs two more hand-overs: from the kernel's worker to the I/O thread,
 * and from there to the callers. On a busy processor each of them can take a scheduler tick. The
 * ring gains where a group is large, since the I/O thread tells its callers during the next write,
 * and where a group needs several writes (record 0082).
 *
 * <p>Only threads that would wait anyway lead: not a virtual thread, which would pin its carrier
 * (L20), and not for an epoch whose listener is to be told on the store's own thread.
 *
 * <p>Thread: the commit role's holder, unless a method says otherwise.
 */
final class Leaders {

  /** With this many epochs waiting, the I/O thread commits more of them a second than a leader. */
  private static final int EPOCHS_MAX = 24;

  /** The most bytes of values that a leader writes; longer groups are seldom one write. */
  static final long BYTES_MAX = 256 << 10;

  private final CommitQueue queue;
  private volatile boolean allowed; // written before the store is open

  /** Makes one that leaves everything to the I/O thread. */
  Leaders(CommitQueue queue) {
    this.queue = queue;
  }

  /** Lets callers lead, because there is an I/O thread for all that they leave. */
  void allow() {
    allowed = true;
  }

  /** Returns whether a caller may lead while it waits for its commit. Thread: any. */
  boolean isAllowed(Thread caller) {
    return allowed && !caller.isVirtual();
  }

  /** Returns the caller that is to lead the next group, or null if the I/O thread is. */
  @Nullable Thread next() {
    return allowed && queue.peek() instanceof EpochBuffer epoch && queue.size() < EPOCHS_MAX
        ? leader(epoch)
        : null;
  }

  private static @Nullable Thread leader(EpochBuffer epoch) {
    return isLed(epoch) && epoch.writableBlocks() * Disk.BLOCK_BYTES <= BYTES_MAX
        ? epoch.outcome().platformWaiter()
        : null;
  }

  /** Returns whether an epoch may be in a group that a caller leads: no listener is to be told. */
  static boolean isLed(EpochBuffer epoch) {
    return epoch.outcome().listener() == null;
  }
}
