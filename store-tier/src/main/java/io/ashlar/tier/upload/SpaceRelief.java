package io.ashlar.tier.upload;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.StoreStats;
import io.ashlar.store.TierDamagedException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.spi.Log;
import io.ashlar.tier.SpaceConfig;
import java.lang.System.Logger.Level;
import java.util.function.BooleanSupplier;

/**
 * Makes room in the data file after a pass: evicts down to the low mark if the file is above the
 * high one. A damaged or unavailable tier only stops the eviction; the next pass tries again.
 *
 * <p>Thread: the tiering agent.
 */
final class SpaceRelief {
  private final ClaimedPrefix prefix;
  private final SpaceConfig space;
  private final BooleanSupplier closing;

  private boolean failing;

  /**
   * @param closing whether the agent is being closed, which makes failures expected.
   */
  SpaceRelief(ClaimedPrefix prefix, SpaceConfig space, BooleanSupplier closing) {
    this.prefix = prefix;
    this.space = space;
    this.closing = closing;
  }

  /**
   * Evicts if the file is above its high mark.
   *
   * @throws io.ashlar.store.FencedException if another writer took over; nothing was evicted.
   */
  void run() {
    if (!space.isLimited() || prefix.evidence().isPaused()) {
      return;
    }
    StoreStats stats = prefix.store().stats();
    // Blobs are a part of that, so mostly there is no need to look at each.
    if (stats.fileBytes() - stats.freeBytes() <= space.highBytes()) {
      return;
    }
    try {
      long evicted = new Evictor(prefix).relieve(prefix.tieredSequence(), space);
      Log.log(TieringAgent.class, Level.DEBUG, "evicted to make room: blobs=" + evicted);
      failing = false;
    } catch (TierDamagedException | CorruptionException e) {
      Log.log(
          TieringAgent.class,
          Level.DEBUG,
          "no room was made: " + e.getMessage()); // the evidence has warned
    } catch (TierUnavailableException e) {
      Log.log(
          TieringAgent.class,
          failing || closing.getAsBoolean() ? Level.DEBUG : Level.WARNING,
          "no room was made; the next pass tries again: " + e.getMessage());
      failing = true;
    }
  }
}
