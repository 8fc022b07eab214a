package io.ashlar.store.spi;

/**
 * How something is done that must be done although the heap is full: a future completed, space
 * given back. It is tried again, for some seconds. Otherwise a waiter would wait forever, or a
 * taken resource would stay taken.
 *
 * <pre>{@code
 * boolean done = false;
 * for (int attempt = 0; !done; attempt++) {
 *   try {
 *     work();
 *     done = true;
 *   } catch (OutOfMemoryError e) {
 *     HeapShortage.await(attempt, e);
 *   }
 * }
 * }</pre>
 *
 * <p>Thread: any. Nothing is allocated.
 */
public final class HeapShortage {

  private static final int ATTEMPTS_MAX = 1_000;
  private static final long PARK_NS = 5_000_000;

  private HeapShortage() {}

  /** Loads the needed classes while there is heap, because loading a class takes some. */
  public static void prepare() {
    Uninterrupted.sleep(HeapShortage.class, 1);
  }

  /**
   * Waits a little before the next attempt.
   *
   * @param attempt the number of the one that failed, from 0.
   * @param failure what the attempt threw.
   * @throws OutOfMemoryError the failure, if that was the last attempt.
   */
  public static void await(int attempt, OutOfMemoryError failure) {
    if (attempt >= ATTEMPTS_MAX) {
      throw failure;
    }
    // Not a plain park: it returns at once while an interrupt is pending, and uses the attempts up.
    Uninterrupted.sleep(HeapShortage.class, PARK_NS);
  }
}
