package io.ashlar.jmh.result;

/**
 * A result divided by others of the same rounds: 1 is as good, more is better.
 *
 * @param toLimit by the limit.
 * @param toBestPeer by the best peer.
 */
public record Ratios(Spread toLimit, Spread toBestPeer) {

  /** What stands where nothing was compared. */
  public static final Ratios NONE = new Ratios(Spread.NONE, Spread.NONE);
}
