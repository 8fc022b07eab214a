package io.ashlar.jmh.tier;

import io.ashlar.store.BlobStore;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.HdrHistogram.Histogram;

/** Random reads of the blobs of a sample, one after the other. Thread: one. */
final class EvictedReads {

  private static final long LATENCY_NS_MAX = 300_000_000_000L;

  private final TierSample sample;
  private final Histogram latencies = new Histogram(LATENCY_NS_MAX, 3);

  EvictedReads(TierSample sample) {
    this.sample = sample;
  }

  /**
   * Reads blobs at random.
   *
   * @throws IllegalStateException if one is missing.
   */
  void read(BlobStore store, int count, SplittableRandom random) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment target = arena.allocate(sample.blobBytes());
      for (int i = 0; i < count; i++) {
        int number = random.nextInt(sample.blobs());
        long startNs = System.nanoTime();
        if (store.get(TierSample.id(number), target) < 0) {
          throw new IllegalStateException("a blob is missing: number=" + number);
        }
        latencies.recordValue(System.nanoTime() - startNs);
      }
    }
  }

  /** Reads every blob once, and does not measure that. */
  void readAll(BlobStore store) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment target = arena.allocate(sample.blobBytes());
      for (int number = 0; number < sample.blobs(); number++) {
        if (store.get(TierSample.id(number), target) < 0) {
          throw new IllegalStateException("a blob is missing: number=" + number);
        }
      }
    }
  }

  /** Returns a percentile of the reads, in microseconds. */
  double us(double percentile) {
    return latencies.getValueAtPercentile(percentile) / 1e3;
  }
}
