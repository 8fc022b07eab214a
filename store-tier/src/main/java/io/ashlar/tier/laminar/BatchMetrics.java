package io.ashlar.tier.laminar;

import java.util.concurrent.atomic.LongAdder;

/**
 * What batching has cost and saved since the start. Thread: written by the batchers that share it,
 * read by any thread.
 */
public final class BatchMetrics {
  private final LongAdder batches = new LongAdder();
  private final LongAdder entries = new LongAdder();
  private final LongAdder bytesBefore = new LongAdder();
  private final LongAdder bytesAfter = new LongAdder();
  private final LongAdder puts = new LongAdder();

  /**
   * Counters at one moment. Taken while a batch is recorded, they may differ by that batch.
   *
   * @param batches objects written.
   * @param entries entries in them.
   * @param bytesBefore their bytes before compression, framing included.
   * @param bytesAfter their bytes after compression, header included.
   * @param puts PUT requests that wrote them.
   */
  public record Snapshot(long batches, long entries, long bytesBefore, long bytesAfter, long puts) {
    /** Bytes before over bytes after; 1 while nothing was written. */
    public double compressionRatio() {
      return bytesAfter == 0 ? 1 : (double) bytesBefore / bytesAfter;
    }
  }

  /** Counts one object that was written. */
  void recordBatch(long entryCount, long before, long after) {
    batches.increment();
    entries.add(entryCount);
    bytesBefore.add(before);
    bytesAfter.add(after);
    puts.increment();
  }

  /** The counters now. */
  public Snapshot snapshot() {
    return new Snapshot(
        batches.sum(), entries.sum(), bytesBefore.sum(), bytesAfter.sum(), puts.sum());
  }
}
