package io.ashlar.jmh.read;

/**
 * One setting of the read scenario.
 *
 * @param name its name in results.
 * @param hot whether values are in caches; else none is, and the page cache is dropped.
 * @param leased whether values are looked at where they lie; else copied.
 * @param valueBytes bytes of one value.
 * @param threads threads that read at once.
 * @param virtual whether these are virtual ones.
 */
record ReadCell(
    String name, boolean hot, boolean leased, int valueBytes, int threads, boolean virtual) {

  private static final int HOT_READS_A_SAMPLE = 64;

  static ReadCell cold(String name, int valueBytes, int threads) {
    return new ReadCell(name, false, false, valueBytes, threads, false);
  }

  static ReadCell coldOnVirtualThreads(String name, int valueBytes, int threads) {
    return new ReadCell(name, false, false, valueBytes, threads, true);
  }

  /** Returns a cell that is like cold ones to Java's compilers, of small values. */
  static ReadCell warmUp(boolean virtual) {
    return new ReadCell("warm-up", false, false, 4096, virtual ? 1000 : 16, virtual);
  }

  static ReadCell hot(String name, int valueBytes, boolean leased) {
    return new ReadCell(name, true, leased, valueBytes, 1, false);
  }

  /** Returns how many reads are timed together: a look at the clock takes as long as a hot read. */
  int readsASample() {
    return hot ? HOT_READS_A_SAMPLE : 1;
  }
}
