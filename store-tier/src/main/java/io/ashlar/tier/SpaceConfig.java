package io.ashlar.tier;

/**
 * When a tier evicts by itself. Immutable; every setting is validated once, here.
 *
 * @param highBytes bytes of local blobs, in whole blocks of 4 KiB, above which a pass is followed
 *     by an eviction, 0 to 1 EiB; 0 for never. The log and the index checkpoints come on top.
 * @param lowBytes what that eviction aims at, 0 to {@code highBytes}. Blobs that were written
 *     longest ago go first, as soon as they are remote-durable.
 */
public record SpaceConfig(long highBytes, long lowBytes) {
  /** Evicts only when asked. */
  public static final SpaceConfig NONE = new SpaceConfig(0, 0);

  /** Validates every setting. */
  public SpaceConfig {
    Settings.check("highBytes", highBytes, 0, 1L << 60);
    Settings.check("lowBytes", lowBytes, 0, highBytes);
  }

  /** Whether there is a limit. */
  public boolean isLimited() {
    return highBytes > 0;
  }
}
