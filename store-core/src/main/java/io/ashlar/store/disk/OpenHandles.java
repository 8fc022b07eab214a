package io.ashlar.store.disk;

import io.ashlar.store.spi.HandleTraces;
import io.ashlar.store.spi.Log;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The open handles of a store's callers: leases, epochs and snapshots. Counted for the statistics,
 * named where a pool has run dry, and reported when the store closes.
 *
 * <p>Nothing is noted for it: the gate counts leases as they come and go, and a walk over the pool
 * finds the bytes. Only with {@code -Dashlar.handles.trace=true} does each handle note where it was
 * taken ({@link HandleTraces}).
 *
 * <p>Thread: any. Numbers are exact when no thread takes or gives back a handle.
 */
public final class OpenHandles {

  /** The counts of handles that other packages keep. */
  public record Sources(
      LongSupplier longLeaseBytes,
      IntSupplier epochs,
      LongSupplier epochFileBytes,
      IntSupplier snapshots,
      LongSupplier pinnedBytes) {

    /** Those of a store without epochs and snapshots. */
    public static Sources ofReads(LongSupplier longLeaseBytes) {
      return new Sources(longLeaseBytes, () -> 0, () -> 0, () -> 0, () -> 0);
    }
  }

  private final StoreGate gate;
  private final BufferPool pool;
  private final Sources sources;
  private final @Nullable HandleTraces traces;

  /** Watches a store's handles, and lets its pool name them. */
  public OpenHandles(Lender lender, Sources sources) {
    gate = lender.gate();
    pool = lender.pool();
    this.sources = sources;
    traces = lender.traces();
    pool.handles(this);
  }

  /** Returns how many leases are open. */
  public int leases() {
    return gate.leases();
  }

  /**
   * Returns the memory that leases hold: buffers of the pool, and memory of their own where a blob
   * is longer than any buffer. Bytes in the cache count as the cache's.
   */
  public long leasedBytes() {
    return pool.bytesUsedFor(PooledBuffer.Use.LEASE) + sources.longLeaseBytes().getAsLong();
  }

  /** Returns how many epochs were begun and have not yet become durable, failed or been closed. */
  public int epochs() {
    return sources.epochs().getAsInt();
  }

  /** Returns the memory of the pool that these hold. */
  public long epochPoolBytes() {
    return pool.bytesUsedFor(PooledBuffer.Use.EPOCH);
  }

  /** Returns the space of the data file that these hold, written ahead of their commit. */
  public long epochFileBytes() {
    return sources.epochFileBytes().getAsLong();
  }

  /** Returns how many snapshots are open. */
  public int snapshots() {
    return sources.snapshots().getAsInt();
  }

  /** Returns where the oldest handle was taken, if that was noted. */
  @Nullable Throwable oldest() {
    return traces == null ? null : traces.oldest();
  }

  /**
   * Logs the handles that are still open when the store closes, if there are any. Thread: the
   * closing one, when no operation is in progress and every commit has ended.
   *
   * @param subject the store that is closed.
   */
  public void reportAtClose(String subject) {
    try {
      report(subject);
    } catch (OutOfMemoryError e) {
      // the close matters more
    }
  }

  private void report(String subject) {
    if (leases() + epochs() + snapshots() > 0) {
      Log.log(
          OpenHandles.class,
          System.Logger.Level.WARNING,
          "the store was closed while handles were open, which ended them; close them first: store="
              + subject
              + ", "
              + this,
          oldest());
    }
  }

  /** Returns the numbers as a message names them. */
  @Override
  public String toString() {
    return "openLeases="
        + leases()
        + ", leasedBytes="
        + leasedBytes()
        + ", openEpochs="
        + epochs()
        + ", epochPoolBytes="
        + epochPoolBytes()
        + ", epochFileBytes="
        + epochFileBytes()
        + ", snapshots="
        + snapshots()
        + ", pinnedBySnapshotsBytes="
        + sources.pinnedBytes().getAsLong()
        + (traces == null ? " (-Dashlar.handles.trace=true tells where the oldest was taken)" : "");
  }
}
