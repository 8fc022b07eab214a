package io.ashlar.store.disk;

import io.ashlar.uring.NativeException;
import org.jspecify.annotations.Nullable;

/** Receives the completions of a {@link DiskQueue}, on its owner's thread. */
@FunctionalInterface
public interface DiskCompletion {
  /**
   * One operation is done. May submit further operations; must not throw.
   *
   * @param token the one it was submitted with.
   * @param failure why it failed, or null.
   * @param bytes bytes read or written; 0 for a sync or a failure.
   */
  void onComplete(long token, @Nullable NativeException failure, long bytes);
}
