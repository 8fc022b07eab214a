package io.ashlar.jmh.reopen;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/**
 * What this process holds: resident memory as the kernel counts it, heap as the JVM does.
 *
 * @param rssBytes resident now, {@code VmRSS}.
 * @param rssBytesMax the most that was ever resident, {@code VmHWM}.
 * @param heapBytes heap that the last collection left in use.
 */
record ProcessMemory(long rssBytes, long rssBytesMax, long heapBytes) {

  private static final Path STATUS = Path.of("/proc/self/status");
  private static final int COLLECTIONS = 2;

  /** Asks for a full collection, then measures. */
  static ProcessMemory afterCollection() {
    for (int i = 0; i < COLLECTIONS; i++) {
      System.gc(); // the second frees what the first let finalizers and cleaners go for
    }
    List<String> status;
    try {
      status = Files.readAllLines(STATUS);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read a file: file=" + STATUS, e);
    }
    return new ProcessMemory(bytes(status, "VmRSS"), bytes(status, "VmHWM"), heapAfterCollection());
  }

  /** Without what was allocated since: the pools keep what the last collection left. */
  private static long heapAfterCollection() {
    return ManagementFactory.getMemoryPoolMXBeans().stream()
        .filter(pool -> pool.getType() == MemoryType.HEAP)
        .map(MemoryPoolMXBean::getCollectionUsage)
        .filter(Objects::nonNull)
        .mapToLong(MemoryUsage::getUsed)
        .sum();
  }

  /** Finds a line such as {@code VmRSS: 1234 kB}, see proc(5), and returns its bytes. */
  static long bytes(List<String> status, String name) {
    return status.stream()
        .filter(line -> line.startsWith(name + ":"))
        .map(line -> line.substring(name.length() + 1).strip().split("\\s+"))
        .mapToLong(words -> Long.parseLong(words[0]) * 1024)
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("no such line: name=" + name));
  }
}
