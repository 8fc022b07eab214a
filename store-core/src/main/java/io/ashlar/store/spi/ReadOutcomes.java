package io.ashlar.store.spi;

import io.ashlar.store.BlobId;
import io.ashlar.store.ReadListener;
import org.jspecify.annotations.Nullable;

/**
 * How a {@link ReadListener} hears of a read, of a local store or of a tier: always (G10), whatever
 * became of the read and whatever the listener throws.
 *
 * <p>Thread: any.
 */
public final class ReadOutcomes {

  @SuppressWarnings("StaticAssignmentOfThrowable")
  private static final RuntimeException NO_HEAP = // made ahead
      new IllegalStateException("the read failed, and the heap was too full to record why");

  private ReadOutcomes() {}

  /**
   * {@return the exception that tells a listener why a read failed} A listener takes exceptions
   * only.
   *
   * @param thrown a {@link RuntimeException}, or an {@link Error} such as a fault in a target that
   *     is a mapped file.
   */
  public static RuntimeException failure(Throwable thrown) {
    if (thrown instanceof RuntimeException failure) {
      return failure;
    }
    try {
      return new IllegalStateException("the read failed: " + thrown, thrown);
    } catch (OutOfMemoryError e) {
      return NO_HEAP;
    }
  }

  /**
   * Calls a listener; logs and drops its exceptions.
   *
   * @param listener the listener.
   * @param id the blob.
   * @param length the blob's length in bytes; ignored if the read failed.
   * @param failure why the blob was not read, or null if it was.
   */
  public static void tell(
      ReadListener listener, BlobId id, long length, @Nullable RuntimeException failure) {
    try {
      if (failure == null) {
        listener.onRead(id, length);
      } else {
        listener.onFailed(id, failure);
      }
    } catch (Throwable e) { // a checked one too, from a language that has none
      Log.log(ReadOutcomes.class, System.Logger.Level.WARNING, "a read listener threw", e);
    }
  }
}
