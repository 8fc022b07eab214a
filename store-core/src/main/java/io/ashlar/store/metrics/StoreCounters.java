package io.ashlar.store.metrics;

import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/** A store's counters since its open. Thread: any; a reader may see counts of one moment apart. */
public final class StoreCounters {

  /** Epochs that became durable. */
  public final LongAdder epochs = new LongAdder();

  /** Log records that were written and synced with their blobs. */
  public final LongAdder groups = new LongAdder();

  /** Groups that a caller committed on its own thread. */
  public final LongAdder callerGroups = new LongAdder();

  public final LongAdder scatteredGroups = new LongAdder();

  /** Blobs put. */
  public final LongAdder puts = new LongAdder();

  /** Deletes committed. */
  public final LongAdder deletes = new LongAdder();

  /** Bytes that commits wrote to the data file, padding and records included. */
  public final LongAdder bytesWritten = new LongAdder();

  /** Bytes zeroed ahead to grow the data file. */
  public final LongAdder bytesGrown = new LongAdder();

  /** Blobs read. */
  public final LongAdder reads = new LongAdder();

  /** Bytes of blobs read. */
  public final LongAdder bytesRead = new LongAdder();

  /** What the commit role was doing lately. */
  public final RoleTimeline timeline;

  /** What commits of more than a millisecond waited for. */
  public final Stalls stalls;

  /** How long commits take lately. */
  public final CommitLatency latency;

  /** Creates counters that stand at zero, with the system's clock. */
  public StoreCounters() {
    this(System::nanoTime);
  }

  /**
   * Creates counters that stand at zero.
   *
   * @param clockNs a monotonic clock.
   */
  public StoreCounters(LongSupplier clockNs) {
    timeline = new RoleTimeline(clockNs);
    latency = new CommitLatency(epochs);
    stalls = new Stalls(timeline, latency);
  }
}
