package io.ashlar.uring;

/**
 * The processor time of threads.
 *
 * <p>Thread: any. Allocates nothing after a thread's first call. Source: clock_gettime(2),
 * CLOCK_THREAD_CPUTIME_ID.
 */
public final class ThreadClock {

  private static final int CLOCK_THREAD_CPUTIME_ID = 3; // the same on every architecture of Linux

  private ThreadClock() {}

  /**
   * {@return the processor time that the calling thread has used, in nanoseconds} A virtual thread
   * sees that of its carrier.
   *
   * @throws NativeException if the kernel refuses.
   */
  public static long cpuNs() {
    long ns = LibcCalls.clockGettime(CLOCK_THREAD_CPUTIME_ID);
    if (ns < 0) {
      throw new NativeException("clock_gettime", (int) -ns, "processor time of a thread");
    }
    return ns;
  }
}
