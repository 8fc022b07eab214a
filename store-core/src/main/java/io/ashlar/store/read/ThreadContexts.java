package io.ashlar.store.read;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One {@link ReadContext} for each platform thread.
 *
 * <p>A thread refers to its context weakly, by classes of the JDK only. The contexts are kept here.
 * So a thread that outlives this class, as those of an application server do, keeps no class loader
 * and no part of a store alive.
 *
 * <p>Thread: any. The context of a thread that has ended is dropped once as many more were made.
 */
final class ThreadContexts {

  /** A context and whose it is; the thread is not kept. */
  private record Owned(WeakReference<Thread> thread, ReadContext context) {
    boolean isOver() {
      Thread owner = thread.get();
      return owner == null || !owner.isAlive();
    }
  }

  private static final int SWEEP_MIN = 64;
  private static final ThreadLocal<@Nullable WeakReference<ReadContext>> OF_THREAD =
      new ThreadLocal<>();
  private static final List<Owned> ALL = new ArrayList<>(); // guarded by itself
  private static int sweepAt = SWEEP_MIN; // guarded by ALL

  private ThreadContexts() {}

  /** Returns the calling thread's. */
  static ReadContext ofThisThread() {
    WeakReference<ReadContext> known = OF_THREAD.get();
    ReadContext context = known == null ? null : known.get();
    return context == null ? make() : context;
  }

  private static ReadContext make() {
    ReadContext context = new ReadContext(false);
    synchronized (ALL) {
      if (ALL.size() >= sweepAt) {
        ALL.removeIf(Owned::isOver);
        sweepAt = Math.max(SWEEP_MIN, 2 * ALL.size());
      }
      ALL.add(new Owned(new WeakReference<>(Thread.currentThread()), context));
    }
    OF_THREAD.set(new WeakReference<>(context));
    return context;
  }

  /** Returns how many contexts there are. */
  static int count() {
    synchronized (ALL) {
      return ALL.size();
    }
  }
}
