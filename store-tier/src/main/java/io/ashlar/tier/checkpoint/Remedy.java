package io.ashlar.tier.checkpoint;

import io.ashlar.store.CorruptionException;

/** The remedies that messages about a damaged tier name. Thread: any; there is no state. */
public final class Remedy {
  /** For the store whose tier it is. */
  public static final String REPAIR =
      "repair the tier from its store with Tier.repair or \"ashlar repair STORE URL\"";

  /** For a reader that may have no store. */
  public static final String REPAIR_OR_RESTORE =
      REPAIR + ", or restore what is left with \"ashlar restore --partial URL STORE\"";

  private Remedy() {}

  /**
   * Adds the remedy to damage of a tier.
   *
   * @return the same damage with the remedy after its message and {@code damage} as its cause;
   *     {@code damage} itself if it names the remedy already, or lies in the data file of a store.
   */
  public static CorruptionException added(CorruptionException damage) {
    String message = String.valueOf(damage.getMessage());
    return message.contains(REPAIR) || damage.block() >= 0
        ? damage
        : new CorruptionException(
            message + "; " + REPAIR_OR_RESTORE,
            damage.id(),
            damage.block(),
            damage.expected(),
            damage.actual(),
            damage);
  }
}
