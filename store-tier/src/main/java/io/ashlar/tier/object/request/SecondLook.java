package io.ashlar.tier.object.request;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.FormatVersionException;
import io.ashlar.store.spi.Log;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectKey;
import io.ashlar.tier.object.ObjectStore;
import java.lang.System.Logger.Level;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Asks once more before an object is called absent or damaged: one bad answer is no damage.
 *
 * <p>A gateway that was restarted, a cache or a proxy can answer 404, an empty body or another
 * body, and be right a moment later. So a first "absent" and a first bad body are not believed. The
 * second answer is, whatever it says. Both are requests of their own, and neither may be answered
 * by a cache on the way: {@code S3ObjectStore} forbids it in each.
 *
 * <p>What the store fails to answer is not asked for again here: {@code RetryingObjectStore} does
 * that. Thread: any; there is no state.
 */
public final class SecondLook {
  private SecondLook() {}

  /**
   * Reads an object that may be absent.
   *
   * @param <T> the type of what is read.
   * @param object its key, for the log.
   * @param read reads it once; empty if it is absent.
   * @param isBad whether what {@code read} threw says that the answer was bad; all else is thrown
   *     on at once.
   * @return what was read first or second.
   */
  public static <T> Optional<T> at(
      String object, Supplier<Optional<T>> read, Predicate<RuntimeException> isBad) {
    RuntimeException bad = null;
    try {
      Optional<T> first = read.get();
      if (first.isPresent()) {
        return first;
      }
    } catch (RuntimeException e) {
      if (!isBad.test(e)) {
        throw e;
      }
      bad = e;
    }
    Optional<T> second = again(read, bad);
    if (second.isPresent()) {
      Log.log(
          SecondLook.class,
          Level.WARNING,
          "a bad answer was asked for again and then was right: object="
              + ObjectKey.shown(object)
              + ", first="
              + (bad == null ? "absent" : bad.getMessage()));
    }
    return second;
  }

  private static <T> Optional<T> again(Supplier<Optional<T>> read, @Nullable RuntimeException bad) {
    try {
      return read.get();
    } catch (RuntimeException e) {
      if (bad != null && !bad.equals(e)) {
        e.addSuppressed(bad);
      }
      throw e;
    }
  }

  /**
   * Reads an object that must be there: as {@link #at}, where absence is thrown and bad.
   *
   * @param <T> the type of what is read.
   * @param object its key, for the log.
   * @param read reads it once, and throws if it is absent.
   * @param isBad whether what {@code read} threw says that the answer was bad; all else is thrown
   *     on at once.
   * @return what was read first or second.
   */
  public static <T> T required(String object, Supplier<T> read, Predicate<RuntimeException> isBad) {
    return at(object, () -> Optional.of(read.get()), isBad).orElseThrow();
  }

  /**
   * {@return whether a failure says that an answer was bad, and not that there was none}
   *
   * @param e what a read threw.
   */
  public static boolean isBadAnswer(RuntimeException e) {
    return e instanceof CorruptionException || e instanceof FormatVersionException;
  }

  /**
   * {@return what the store says about an object, or null if it said twice that it is absent}
   *
   * @param objects the store that is asked.
   * @param key the object.
   * @throws io.ashlar.tier.object.ObjectStoreException if the store does not answer.
   */
  public static @Nullable ObjectInfo head(ObjectStore objects, String key) {
    return at(key, () -> Optional.ofNullable(objects.head(key)), bad -> false).orElse(null);
  }
}
