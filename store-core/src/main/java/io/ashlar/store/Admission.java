package io.ashlar.store;

/** The result of a call that never waits. */
public enum Admission {
  /** The call was carried out. */
  ACCEPTED,

  /**
   * The call would have waited for a buffer or a queue slot, so it changed nothing. Try again when
   * earlier commits are durable.
   */
  BACK_PRESSURED
}
