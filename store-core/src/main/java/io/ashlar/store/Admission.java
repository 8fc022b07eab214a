package io.ashlar.store;

/** The answer of a form that never waits. */
public enum Admission {
  /** It was done. */
  ACCEPTED,

  /**
   * It would have had to wait for a buffer or a queue slot: nothing was done. Try again when
   * earlier commits are durable.
   */
  BACK_PRESSURED
}
