package io.ashlar.uring;

/** Receives the completions that {@link Uring#reap} takes from the ring, on the owner's thread. */
@FunctionalInterface
public interface CompletionHandler {
  /**
   * One operation has completed, or a multishot operation has fired once more. May prepare further
   * operations on the same ring.
   *
   * @param token the token it was prepared with.
   * @param result the result of the system call: 0 or more, or the negated errno.
   * @param flags the completion's flags; {@link Uring#COMPLETION_MORE} says that the operation
   *     continues.
   */
  void onCompletion(long token, int result, int flags);
}
