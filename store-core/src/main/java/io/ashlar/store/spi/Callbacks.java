package io.ashlar.store.spi;

/**
 * Which threads are calling the application back, so that what would wait for its own caller is
 * refused at once (G10). There are two kinds:
 *
 * <ul>
 *   <li>A <i>listener</i> is told on a thread that others wait for. It must not wait for any thread
 *       of the store or of its tier: {@link #refuseListener}.
 *   <li>Any other callback runs within a call that it was given to. It may wait for those threads,
 *       but not for the end of its own call: only closing does that, and {@link #refuseCallback}
 *       refuses it.
 * </ul>
 *
 * <p>A logger is a listener of every store and tier ({@link Log}).
 *
 * <p>Thread: any; each marks itself.
 */
public final class Callbacks {

  private final String subject;
  private final ThreadMarks listeners = new ThreadMarks();
  private final ThreadMarks others = new ThreadMarks();

  /**
   * Creates them, with no thread marked.
   *
   * @param subject what calls back, for messages.
   */
  public Callbacks(String subject) {
    this.subject = subject;
  }

  /** Notes that this thread is about to tell listeners; {@link #endListener} must follow. */
  public void beginListener() {
    listeners.mark();
  }

  /** Notes that the listeners were told. */
  public void endListener() {
    listeners.unmark();
  }

  /** Notes that this thread calls the application back; {@link #endCallback} must follow. */
  public void beginCallback() {
    others.mark();
  }

  /** Notes that the application has returned. */
  public void endCallback() {
    others.unmark();
  }

  /** {@return whether a listener, or a logger, is being told on this thread} */
  public boolean isInListener() {
    return listeners.isMarked() || Log.isLogging();
  }

  /**
   * Refuses what waits for a thread of the store or of its tier in a listener: those threads may be
   * waiting for that to return.
   *
   * @throws IllegalStateException if a listener is being told on this thread.
   */
  public void refuseListener() {
    if (isInListener()) {
      throw refusal();
    }
  }

  /**
   * Refuses what waits for every call to return, in a callback of such a call.
   *
   * @throws IllegalStateException if this thread is in a callback of any kind.
   */
  public void refuseCallback() {
    if (isInListener() || others.isMarked()) {
      throw refusal();
    }
  }

  /**
   * {@return whether a callback will never return, since its thread is within {@link System#exit}}
   * A thread that waits for it, such as a shutdown hook, would wait forever. This looks at the
   * stack of each thread that is marked.
   */
  public boolean isExiting() {
    return listeners.isExiting() || others.isExiting() || Log.isExiting();
  }

  /** {@return what to throw where this thread would wait for itself} */
  public IllegalStateException refusal() {
    return new IllegalStateException(
        "this was called by a callback of the store and would wait for it to return: call it on"
            + " another thread, or use a form that does not wait: store="
            + subject);
  }
}
