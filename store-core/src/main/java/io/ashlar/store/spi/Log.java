package io.ashlar.store.spi;

import org.jspecify.annotations.Nullable;

/**
 * How this project logs. A logger is the application's code: whatever it throws is dropped, and
 * nothing of the store depends on it.
 *
 * <p>Calls of a logger count as a callback ({@link #isLogging}): a store refuses calls that would
 * wait for the thread that logs.
 *
 * <p>Thread: any.
 */
public final class Log {

  private static final ThreadMarks LOGGING = new ThreadMarks();

  private Log() {}

  /**
   * Logs a message.
   *
   * @param from the class whose name is the logger's.
   * @param level the level.
   * @param message the message.
   */
  public static void log(Class<?> from, System.Logger.Level level, String message) {
    log(from, level, message, null);
  }

  /**
   * Logs a message.
   *
   * @param from the class whose name is the logger's.
   * @param level the level.
   * @param message the message.
   * @param thrown what to log with it, if anything.
   */
  public static void log(
      Class<?> from, System.Logger.Level level, String message, @Nullable Throwable thrown) {
    boolean marked = false;
    try {
      LOGGING.mark();
      marked = true;
      System.getLogger(from.getName()).log(level, message, thrown);
    } catch (Throwable dropped) { // a checked one too, from a language that has none
      // There is no other place to report it.
    } finally {
      if (marked) {
        LOGGING.unmark();
      }
    }
  }

  /** Returns whether a logger that was called here will never return ({@link System#exit}). */
  static boolean isExiting() {
    return LOGGING.isExiting();
  }

  /** {@return whether this thread is within a logger that was called here} */
  public static boolean isLogging() {
    return LOGGING.isMarked();
  }
}
