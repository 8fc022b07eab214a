package io.ashlar.store.background;

import io.ashlar.store.StoreConfig;
import io.ashlar.store.metrics.CommitLatency;
import io.ashlar.store.spi.BackgroundWork;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Decides when steps of a store's background work may begin.
 *
 * <table>
 *   <caption>What a step waits for after the one before</caption>
 *   <tr><th>what</th><th>when</th><th>how long</th></tr>
 *   <tr><td>the bytes ceiling</td><td>if it is set</td><td>until the average holds again</td></tr>
 *   <tr><td>the processor ceiling</td><td>if it is set</td><td>the same</td></tr>
 *   <tr><td>commits</td><td>while they go on</td><td>as long as the step took, times {@link
 *       YieldLevel}; then until it is its turn. At most {@value #YIELD_NS_MAX} ns</td></tr>
 * </table>
 *
 * <p>Pieces of work take turns while commits go on, so that only one of them computes at a time.
 * The bound on this wait is what keeps all work going. A step that a commit waits for never waits
 * ({@link PacedWork#hurry}); what it did counts all the same.
 *
 * <p>Thread: any. Its lock is held for a few instructions and never by a commit.
 */
public final class Governor implements AutoCloseable {

  /** The longest that a step waits for commits and for its turn. */
  static final long YIELD_NS_MAX = 20_000_000;

  /** The most bytes of a step while commits go on. */
  static final long STEP_BYTES_BESIDE = 256 << 10;

  /** How long the last step makes commits count as disturbed. */
  private static final long BESIDE_NS = YieldLevel.QUIET_NS;

  private static final long PERCENT = 100;
  private static final double SECOND_NS = TimeUnit.SECONDS.toNanos(1);

  /**
   * The ceilings of all background work of a store together.
   *
   * @param bytesPerSecondMax bytes a second on average; 0 for no ceiling.
   * @param processorPercentMax percent of all processors on average; 100 for no ceiling.
   * @param processors how many there are.
   */
  public record Ceilings(long bytesPerSecondMax, int processorPercentMax, int processors) {

    /** No ceilings. */
    public static final Ceilings NONE = new Ceilings(0, (int) PERCENT, 1);

    /** Returns those of a store's settings, on this machine. */
    public static Ceilings of(StoreConfig config) {
      return new Ceilings(
          config.backgroundBytesPerSecondMax(),
          config.backgroundProcessorSharePercentMax(),
          Runtime.getRuntime().availableProcessors());
    }
  }

  /**
   * The clocks of background work.
   *
   * @param monotonicNs the store's monotonic clock.
   * @param threadCpuNs the processor time of the calling thread.
   * @param waits whether rests wait; a test that drives all work itself only asks how long they
   *     are.
   */
  public record Clocks(LongSupplier monotonicNs, LongSupplier threadCpuNs, boolean waits) {}

  private final Ceilings ceilings;
  private final CommitLatency latency;
  private final Clocks clocks;
  private final long originNs;

  // Guarded by this.
  private final YieldLevel level;
  private final List<PacedWork> resting = new ArrayList<>();
  private long bytesFreeNs; // when the bytes of all steps so far are paid for
  private long cpuFreeNs; // the same of their processor time
  private long turnNs; // when the turn of the last in line has ended

  private volatile boolean closed; // written by the closing thread, read by any

  /**
   * Creates one.
   *
   * @param latency of the commits that work yields to.
   */
  public Governor(Ceilings ceilings, CommitLatency latency, Clocks clocks) {
    this.ceilings = ceilings;
    this.latency = latency;
    this.clocks = clocks;
    originNs = clocks.monotonicNs().getAsLong();
    level = new YieldLevel(latency, 0);
  }

  /** Begins work on this thread, which an interrupt does not hurry. */
  public PacedWork begin() {
    return begin(0);
  }

  /**
   * Begins work on this thread, which an interrupt does not hurry, with a ceiling of its own.
   *
   * @param bytesPerSecondMax bytes a second, on average since now; 0 for no ceiling.
   */
  public PacedWork begin(long bytesPerSecondMax) {
    return new PacedWork(this, bytesPerSecondMax, PacedWork.Kind.PATIENT);
  }

  /** Begins work on this thread whose rest an interrupt ends; the interrupt stays pending. */
  public PacedWork beginInterruptible() {
    return new PacedWork(this, 0, PacedWork.Kind.INTERRUPTIBLE);
  }

  /**
   * Begins work on this thread that commits will soon wait for. It yields to commits at most as
   * long as a step took, and to no ceiling.
   */
  public PacedWork beginAhead() {
    return new PacedWork(this, 0, PacedWork.Kind.AHEAD);
  }

  /** Looks what commits do, because work begins. */
  synchronized void look(long nowNs) {
    level.look(nowNs);
  }

  /** Returns the nanoseconds since this was made. */
  long nowNs() {
    return clocks.monotonicNs().getAsLong() - originNs;
  }

  Clocks clocks() {
    return clocks;
  }

  /**
   * Counts a step that ends now, and tells its work when the next may begin. Allocates nothing.
   *
   * @param beganNs when the step began, as {@link #nowNs}.
   * @param nowNs the time.
   * @param cpuNs its processor time.
   * @param bytes what it moved.
   */
  synchronized void endStep(PacedWork work, long beganNs, long nowNs, long cpuNs, long bytes) {
    latency.besideUntil(originNs + nowNs + BESIDE_NS);
    level.look(nowNs);
    long ceilingNs = 0;
    if (ceilings.bytesPerSecondMax() > 0) {
      double ns = SECOND_NS * bytes / ceilings.bytesPerSecondMax();
      bytesFreeNs = Math.max(bytesFreeNs, beganNs) + (long) ns;
      ceilingNs = bytesFreeNs;
    }
    if (ceilings.processorPercentMax() < PERCENT) {
      long percents = ceilings.processors() * (long) ceilings.processorPercentMax();
      cpuFreeNs = Math.max(cpuFreeNs, beganNs) + cpuNs * PERCENT / percents;
      ceilingNs = Math.max(ceilingNs, cpuFreeNs);
    }
    long yieldNs = 0;
    if (level.isActive(nowNs)) {
      long tookNs = nowNs - beganNs;
      yieldNs = Math.max(turnNs, nowNs) + (long) (level.level() * tookNs);
      yieldNs = Math.min(yieldNs, nowNs + Math.min(work.yieldNsMax(tookNs), YIELD_NS_MAX));
      turnNs = yieldNs + tookNs; // the next step will take about as long
    }
    work.restUntil(yieldNs, ceilingNs);
  }

  /** Returns the most bytes that a step should move now. */
  synchronized long stepBytesMax() {
    long nowNs = nowNs();
    level.look(nowNs);
    return level.isActive(nowNs) ? STEP_BYTES_BESIDE : BackgroundWork.STEP_BYTES_MAX;
  }

  /** Notes that a piece of work begins to rest, so that a close wakes it. */
  synchronized void rests(PacedWork work) {
    resting.add(work);
  }

  /** Notes that it no longer rests. */
  synchronized void works(PacedWork work) {
    resting.remove(work);
  }

  /** Returns whether the store is being closed: work should end. */
  public boolean isClosed() {
    return closed;
  }

  /** Ends all rests, now and from now on: the store is being closed. Idempotent. */
  @Override
  public void close() {
    closed = true;
    synchronized (this) {
      resting.forEach(PacedWork::wake);
    }
  }
}
