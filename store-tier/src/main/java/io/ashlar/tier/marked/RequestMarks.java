package io.ashlar.tier.marked;

import io.ashlar.store.spi.Callbacks;
import io.ashlar.store.spi.Log;
import io.ashlar.store.spi.ThreadMarks;
import java.util.function.Supplier;

/**
 * Which threads are within a request of one tier or follower. An object store, keys and credentials
 * are the application's code, and run on threads that others wait for. So they are listeners
 * ({@link Callbacks}), and may not read from the tier that calls them.
 *
 * <p>Thread: any; each marks itself.
 */
public final class RequestMarks {
  private final Callbacks callbacks;
  private final ThreadMarks requests = new ThreadMarks();

  /**
   * Creates them, with no thread marked.
   *
   * @param callbacks those of the store whose tier it is, or of the follower.
   */
  public RequestMarks(Callbacks callbacks) {
    this.callbacks = callbacks;
  }

  /** Notes that this thread begins a request; {@link #end} must follow. */
  public void begin() {
    callbacks.beginListener();
    boolean marked = false;
    try {
      requests.mark();
      marked = true;
    } finally {
      if (!marked) {
        callbacks.endListener();
      }
    }
  }

  /** Notes that the request has returned. */
  public void end() {
    requests.unmark();
    callbacks.endListener();
  }

  /** Makes a request. */
  public <T> T within(Supplier<T> request) {
    begin();
    try {
      return request.get();
    } finally {
      end();
    }
  }

  /**
   * Refuses a read from the tier within one of its requests, or in a logger that such a request may
   * have called. The read might wait for that very request.
   *
   * @throws IllegalStateException if this thread is within one.
   */
  public void refuseWithin() {
    if (requests.isMarked() || Log.isLogging()) {
      throw callbacks.refusal();
    }
  }
}
