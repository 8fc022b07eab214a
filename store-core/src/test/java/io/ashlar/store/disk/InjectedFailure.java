package io.ashlar.store.disk;

import java.util.EnumSet;
import java.util.Set;

/**
 * A failure for a {@link SimulatedDisk} to deliver.
 *
 * @param kinds the operations that it is about, and that are counted.
 * @param index the first of them to fail, counted from 0 since the disk was made.
 * @param errno what they fail with.
 * @param forever whether all later ones fail too.
 * @param landedBytes how much of a write, from its begin, is done all the same.
 */
public record InjectedFailure(
    Set<Kind> kinds, long index, int errno, boolean forever, long landedBytes) {
  /** What an operation is. */
  public enum Kind {
    /** A read. */
    READ,
    /** A write, durable or not. */
    WRITE,
    /** A sync of either sort. */
    SYNC,
    /** A change of the file's length. */
    TRUNCATE,
    /** A hole punched. */
    PUNCH,
    /** Space given to a range. */
    ALLOCATE
  }

  /** Fails one operation of a kind, counted among its kind. */
  public static InjectedFailure once(Kind kind, long index, int errno) {
    return new InjectedFailure(EnumSet.of(kind), index, errno, false, 0);
  }

  /** Fails one operation of a kind and all of that kind after it. */
  public static InjectedFailure forever(Kind kind, long index, int errno) {
    return new InjectedFailure(EnumSet.of(kind), index, errno, true, 0);
  }

  /** Fails the operation of this index among all but reads. */
  public static InjectedFailure change(long index, int errno, boolean forever) {
    return new InjectedFailure(
        EnumSet.complementOf(EnumSet.of(Kind.READ)), index, errno, forever, 0);
  }

  /** Fails one write after a part of it was done. */
  public static InjectedFailure shortWrite(long index, int errno, long landedBytes) {
    return new InjectedFailure(EnumSet.of(Kind.WRITE), index, errno, false, landedBytes);
  }
}
