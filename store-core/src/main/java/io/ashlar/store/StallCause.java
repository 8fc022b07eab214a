package io.ashlar.store;

/**
 * What a commit of more than a millisecond waited for. {@link StallStats} counts by cause.
 *
 * <p>The store holds the <i>commit role</i> on one thread at a time. A commit that takes no fast
 * path waits in a queue until the role's holder takes it into a group. The group is then written,
 * and its callers are told.
 *
 * <p>The ids are stable: a cause keeps its id in later versions.
 */
public enum StallCause {
  /**
   * The role's holder committed other groups, or a coalescing window was open. No single write or
   * sync of these groups took over a millisecond.
   */
  ROLE(0),

  /**
   * A write of the group, or of its values ahead of it. A durable write includes its sync. The time
   * ends when the thread that wrote runs again, because the kernel does not say when the device was
   * done. A write of another group that took over a millisecond counts here too.
   */
  WRITE(1),

  /** A sync of the group, or a sync of another group that took over a millisecond. */
  SYNC(2),

  /** The data file had to grow, or a hole in it had to be filled, before the group had a place. */
  GROWTH(3),

  /** A step of an index checkpoint held the role. */
  CHECKPOINT(4),

  /**
   * A thread that could run did not: the role was free and the queue was not empty, or the caller
   * was told and did not run yet. Telling the callers of one group one after another counts here.
   */
  SCHEDULING(5),

  /** No buffer of the pool was free, or claims held their share of it. */
  BUFFERS(6),

  /** A step of a vacuum held the role. */
  VACUUM(7),

  /** Another task held the role, such as a snapshot that opens or space for a long value. */
  TASK(8),

  /**
   * The role's holder computed: it placed and encoded the group, updated the index, freed space or
   * told the callers of the group before. Pauses of the JVM in this work count here.
   */
  WORK(9);

  private final int id;

  StallCause(int id) {
    this.id = id;
  }

  /** {@return the number that stands for the cause, from 0 without gaps} */
  public int id() {
    return id;
  }
}
