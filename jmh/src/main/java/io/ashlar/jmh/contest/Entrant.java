package io.ashlar.jmh.contest;

/**
 * A contestant in a cell, and what each round measured of it.
 *
 * <p>Thread: the main thread.
 */
public abstract class Entrant implements AutoCloseable {

  private final String label;
  private final Contestant.Kind kind;
  private final Rounds rounds = new Rounds();

  /** Makes one that no round has measured yet. */
  protected Entrant(String label, Contestant.Kind kind) {
    this.label = label;
    this.kind = kind;
  }

  /** Returns what the slices since the last call measured, and forgets them; at least one. */
  protected abstract Round takeRound();

  /** Returns how long a slice takes beyond its duration. */
  public long overheadNs() {
    return 0;
  }

  /** Returns what durability was given, and facts about the store. */
  public abstract String note();

  /** Ends a round: keeps or forgets what the slices since the last one measured. */
  public final void endRound(boolean keep) {
    Round round = takeRound();
    if (keep) {
      rounds.add(round);
    }
  }

  /** Returns the name in results. */
  public final String label() {
    return label;
  }

  /** Returns what it is compared as. */
  public final Contestant.Kind kind() {
    return kind;
  }

  /** Returns what each round measured. */
  public final Rounds rounds() {
    return rounds;
  }

  @Override
  public abstract void close();
}
