package io.ashlar.store.spi;

import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * The threads that drive agents. A wait of such a thread drives its agents meanwhile, because what
 * it waits for may be their work (L34).
 *
 * <p>Thread: any, unless a method says otherwise. Memory: {@link #pause} allocates nothing.
 */
public final class Driving {

  /** How long a driver parks when its agents had nothing to do. */
  private static final long PARK_NS = 20_000;

  private static final long LOOK_NS = 1_000_000;

  /** Agents that one thread drives. */
  public interface Driver {

    /**
     * Does the work of the agents once.
     *
     * @return how much was done; 0 within this call itself.
     */
    int drive();
  }

  /** A thread and what it drives. */
  private record Entry(Thread thread, Driver driver) {}

  private static volatile Entry[] entries = {}; // replaced under the class's lock

  private Driving() {}

  /**
   * Makes a thread the driver of agents.
   *
   * @param thread the thread; it may drive several sets of agents.
   * @param driver does their work; {@link #end} takes the same object.
   */
  public static synchronized void begin(Thread thread, Driver driver) {
    Entry[] next = Arrays.copyOf(entries, entries.length + 1);
    next[entries.length] = new Entry(thread, driver);
    entries = next;
  }

  /**
   * Ends what {@link #begin} began.
   *
   * @param driver the one given there; does nothing if it has ended.
   */
  public static synchronized void end(Driver driver) {
    entries =
        Arrays.stream(entries).filter(entry -> !entry.driver.equals(driver)).toArray(Entry[]::new);
  }

  /** {@return whether the caller drives agents} */
  public static boolean isHere() {
    for (Entry entry : entries) {
      if (entry.thread.equals(Thread.currentThread())) {
        return true;
      }
    }
    return false;
  }

  /**
   * Drives until {@code done} holds, before a wait that does not drive. Returns at once if the
   * caller does not drive. The caller holds no lock that an agent or a helping thread needs.
   *
   * @param blocker what the thread waits for, as thread dumps show it.
   * @param done the condition.
   */
  public static void until(Object blocker, BooleanSupplier done) {
    while (isHere() && !done.getAsBoolean()) {
      pause(blocker, LOOK_NS);
    }
  }

  /**
   * Passes a moment of a wait: drives the agents of the caller and parks only if they had nothing
   * to do, or parks for a time.
   *
   * @param blocker what the thread waits for, as thread dumps show it.
   * @param ns nanoseconds; {@link Uninterrupted#FOR_EVER_NS} parks until the thread is unparked.
   */
  public static void pause(Object blocker, long ns) {
    boolean drives = false;
    int done = 0;
    for (Entry entry : entries) {
      if (entry.thread.equals(Thread.currentThread())) {
        drives = true;
        done += entry.driver.drive();
      }
    }
    if (done > 0) {
      return;
    }
    if (drives) {
      LockSupport.parkNanos(blocker, Math.min(ns, PARK_NS));
    } else if (ns == Uninterrupted.FOR_EVER_NS) {
      LockSupport.park(blocker);
    } else {
      LockSupport.parkNanos(blocker, ns);
    }
  }
}
