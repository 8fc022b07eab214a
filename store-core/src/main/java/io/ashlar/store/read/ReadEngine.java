package io.ashlar.store.read;

/** Carries out reads that others wait for or are told of. Thread: any. */
sealed interface ReadEngine extends AutoCloseable permits RingReads, HelperReads {

  /**
   * Takes a prepared request, to be served after earlier ones.
   *
   * @return false, and nothing done, when as many wait as can.
   */
  boolean offer(ReadRequest request);

  /** Returns whether the caller is completing requests, and so must not wait for one. */
  boolean isAtWork();

  /** Ends its threads, once every request is done; no caller offers any more. Idempotent. */
  @Override
  void close();
}
