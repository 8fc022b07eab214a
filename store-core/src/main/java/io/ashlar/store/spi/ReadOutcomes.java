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

  private static final System.Logger LOG = System.getLogger(ReadOutcomes.class.getName());

  private ReadOutcomes() {}

  /**
   * Returns what a listener is told that a read failed with: it knows exceptions only.
   *
   * @param thrown a {@link RuntimeException}, or an {@link Error} such as a fault in a target that
   *     is a mapped file.
   */
  public static RuntimeException failure(Throwable thrown) {
    return thrown instanceof RuntimeException failure
        ? failure
        : new IllegalStateException("the read broke off: " + thrown, thrown);
  }

  /**
   * Tells a listener; logs and drops what it throws.
   *
   * @param length the blob's length, unless {@code failure} says why it was not read.
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
      LOG.log(System.Logger.Level.WARNING, "a read listener threw", e);
    }
  }
}
