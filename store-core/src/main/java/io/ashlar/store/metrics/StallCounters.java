package io.ashlar.store.metrics;

import io.ashlar.store.StallCause;
import io.ashlar.store.StallStats;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Stalls since open, by cause, in memory that another process may map.
 *
 * <p>An entry for each {@linkplain StallCause#id id}, in the order of ids; all numbers are
 * little-endian:
 *
 * <pre>
 *   offset          bytes  content
 *   24 × id             8  stalls whose longest part had this cause
 *   24 × id + 8         8  nanoseconds that all stalls spent on it
 *   24 × id + 16        8  the longest time that one stall spent on it, nanoseconds
 *   24 × causes         -  zero, up to {@value #BYTES}
 * </pre>
 *
 * <p>A later version may add causes after the last. A reader may see the numbers of one entry a
 * moment apart.
 *
 * <p>Thread: any; wait-free but for the maximum, which is lock-free. Nothing is allocated here but
 * by {@link #stats()}.
 */
public final class StallCounters {

  /** The bytes of all entries, room for later causes included. */
  public static final int BYTES = 384;

  static final int ENTRY_BYTES = 24;
  static final int TOTAL = 8;
  static final int MAX = 16;

  private static final List<StallCause> CAUSES = List.of(StallCause.values());
  private static final VarHandle LONG =
      ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();

  private final MemorySegment memory;

  /** Creates counters on the heap that stand at zero. */
  public StallCounters() {
    this(MemorySegment.ofArray(new long[BYTES / Long.BYTES]));
  }

  /**
   * Creates counters that continue in a memory.
   *
   * @param memory at least {@link #BYTES} bytes, aligned to 8 bytes, open as long as this is used.
   */
  public StallCounters(MemorySegment memory) {
    this.memory = memory;
  }

  /** Counts a stall under the cause of its longest part. */
  void addStall(StallCause longest) {
    add(offset(longest), 1);
  }

  /** Adds what one stall spent on a cause. */
  void addTime(StallCause cause, long ns) {
    add(offset(cause) + TOTAL, ns);
    long at = offset(cause) + MAX;
    long seen = (long) LONG.getOpaque(memory, at);
    while (ns > seen && !LONG.compareAndSet(memory, at, seen, ns)) {
      seen = (long) LONG.getOpaque(memory, at);
    }
  }

  private void add(long offset, long delta) {
    long _ = (long) LONG.getAndAdd(memory, offset, delta);
  }

  private static long offset(StallCause cause) {
    return (long) cause.id() * ENTRY_BYTES;
  }

  /** Returns an entry for each cause, in the order of ids. */
  public List<StallStats> stats() {
    List<StallStats> stats = new ArrayList<>(CAUSES.size());
    for (StallCause cause : CAUSES) {
      long at = offset(cause);
      stats.add(
          new StallStats(
              cause,
              (long) LONG.getOpaque(memory, at),
              (long) LONG.getOpaque(memory, at + TOTAL),
              (long) LONG.getOpaque(memory, at + MAX)));
    }
    return List.copyOf(stats);
  }
}
