package io.ashlar.store.commit.role;

import java.util.function.LongSupplier;

/**
 * The time that the first epoch of a group waits for others. It opens when it is first asked, and
 * is open until its group is taken.
 *
 * <p>Thread: the I/O thread; {@link #isOn} any.
 */
public final class CoalescingWindow {

  private final LongSupplier clockNs;
  private final long lengthNs;
  private boolean open;
  private long endNs;

  /**
   * Creates one that is not open.
   *
   * @param lengthNs how long it lasts; 0 for none.
   */
  CoalescingWindow(LongSupplier clockNs, long lengthNs) {
    this.clockNs = clockNs;
    this.lengthNs = lengthNs;
  }

  /** Returns whether epochs wait for others at all. */
  public boolean isOn() {
    return lengthNs > 0;
  }

  /** Returns whether the first epoch of the next group still waits. */
  boolean holds() {
    long now = clockNs.getAsLong();
    if (!open) {
      open = true;
      endNs = now + lengthNs;
    }
    return now - endNs < 0;
  }

  /** Returns how long it still lasts, at least 1 ns. */
  long leftNs() {
    return Math.max(1, endNs - clockNs.getAsLong());
  }

  /** Ends it: its group is taken. */
  public void end() {
    open = false;
  }
}
