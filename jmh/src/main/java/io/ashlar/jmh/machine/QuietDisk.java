package io.ashlar.jmh.machine;

import io.ashlar.uring.NativeFile;
import io.ashlar.uring.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Waits until nobody else keeps the disk busy: a small durable write is fast. */
public final class QuietDisk {

  private static final long QUIET_NS = TimeUnit.MICROSECONDS.toNanos(200);
  private static final long PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(250);
  private static final int PROBES = 64;
  private static final int BLOCK_BYTES = 4096;

  private QuietDisk() {}

  /**
   * Waits until the median of 64 writes of 4 KiB, each with fdatasync, is below 200 µs.
   *
   * @param waitMs how long at most.
   * @return the last median, in microseconds.
   */
  public static double await(Path folder, long waitMs) {
    Path probeFolder = Folders.make(folder, "probe-");
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(waitMs);
    try (NativeMemory memory = NativeMemory.allocate(BLOCK_BYTES);
        NativeFile file =
            NativeFile.open(probeFolder.resolve("probe"), NativeFile.Mode.CREATE, true)) {
      file.write(memory.segment(), 0, false);
      file.sync();
      long median = median(file, memory.segment());
      while (median >= QUIET_NS && System.nanoTime() - deadline < 0) {
        LockSupport.parkNanos(PAUSE_NS);
        median = median(file, memory.segment());
      }
      return median / 1e3;
    } finally {
      Folders.remove(probeFolder);
    }
  }

  private static long median(NativeFile file, MemorySegment block) {
    long[] times = new long[PROBES];
    for (int i = 0; i < PROBES; i++) {
      long start = System.nanoTime();
      file.write(block, 0, false);
      file.dataSync();
      times[i] = System.nanoTime() - start;
    }
    Arrays.sort(times);
    return times[PROBES / 2];
  }
}
