package io.ashlar.store.spi;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Records where each open handle was taken, to find handles that are never closed. A stack for each
 * handle costs some microseconds and a kilobyte, so there is one of these only when the system
 * property {@value #PROPERTY} is true at open.
 *
 * <p>Thread: any. A handle is known by its identity; its trace keeps it from the garbage collector
 * until it is closed.
 */
public final class HandleTraces {

  /** The system property that asks for one. */
  public static final String PROPERTY = "ashlar.handles.trace";

  /** Where and when a handle was taken. */
  private record Taken(String kind, String thread, long atNs, Throwable where) {

    Throwable described() {
      long ms = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - atNs);
      Throwable taken =
          new Throwable(
              "the oldest open " + kind + " was taken here: thread=" + thread + ", msAgo=" + ms);
      taken.setStackTrace(where.getStackTrace());
      return taken;
    }
  }

  private final Map<Object, Taken> open = new ConcurrentHashMap<>();

  private HandleTraces() {}

  /** {@return a record of open handles if the property asks for it, else null} */
  public static @Nullable HandleTraces ifWanted() {
    return Boolean.getBoolean(PROPERTY) ? new HandleTraces() : null;
  }

  /**
   * Notes where a handle is taken: on this thread, here.
   *
   * @param handle an object that is equal to itself only.
   * @param kind the kind of handle, for messages.
   */
  public void taken(Object handle, String kind) {
    open.put(
        handle,
        new Taken(kind, Thread.currentThread().getName(), System.nanoTime(), new Throwable()));
  }

  /**
   * Notes that a handle was given back.
   *
   * @param handle the handle; does nothing if it was not noted as taken.
   */
  public void returned(Object handle) {
    open.remove(handle);
  }

  /**
   * {@return where the oldest open handle was taken, or null if none is open} The oldest handle of
   * each other kind is added as suppressed.
   */
  public @Nullable Throwable oldest() {
    Map<String, Taken> byKind = new HashMap<>();
    for (Taken taken : open.values()) {
      byKind.merge(taken.kind(), taken, HandleTraces::older);
    }
    Taken first = byKind.values().stream().reduce(HandleTraces::older).orElse(null);
    if (first == null) {
      return null;
    }
    Throwable described = first.described();
    byKind.values().stream()
        .filter(taken -> !taken.equals(first))
        .forEach(taken -> described.addSuppressed(taken.described()));
    return described;
  }

  private static Taken older(Taken a, Taken b) {
    return a.atNs() - b.atNs() <= 0 ? a : b;
  }
}
