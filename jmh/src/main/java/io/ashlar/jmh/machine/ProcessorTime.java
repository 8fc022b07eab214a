package io.ashlar.jmh.machine;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Processor time, in user and kernel mode, of this process and of its threads. Thread: any.
 *
 * <p>The kernel counts a process in nanoseconds and tells it in hundredths of a second, see
 * times(2). So a single difference is off by up to 10 ms, and a sum of many is not.
 */
public final class ProcessorTime {

  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private ProcessorTime() {}

  /** Returns the processor time of all threads of this process so far, native ones included. */
  public static long ofProcessNs() {
    return SYSTEM.getProcessCpuTime();
  }

  /** Returns the processor time of a live Java thread so far, or 0 if it has ended. */
  public static long ofThreadNs(long thread) {
    return Math.max(0, THREADS.getThreadCpuTime(thread));
  }

  /** Returns the numbers of the live platform threads of Java. */
  public static Set<Long> threads() {
    Set<Long> threads = new HashSet<>();
    Arrays.stream(THREADS.getAllThreadIds()).forEach(threads::add);
    return threads;
  }

  /** Returns the numbers of the live platform threads of a name that are not among some others. */
  public static List<Long> threadsNamed(String name, Set<Long> others) {
    return Arrays.stream(THREADS.getThreadInfo(THREADS.getAllThreadIds()))
        .filter(info -> info != null && info.getThreadName().equals(name))
        .map(ThreadInfo::getThreadId)
        .filter(thread -> !others.contains(thread))
        .toList();
  }
}
