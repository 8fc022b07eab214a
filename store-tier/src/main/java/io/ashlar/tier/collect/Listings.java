package io.ashlar.tier.collect;

import io.ashlar.store.TierUnavailableException;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectPage;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreException;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Complete listings: one that breaks off fails as a whole.
 *
 * <p>Thread: any; there is no state.
 */
public final class Listings {
  private Listings() {}

  /**
   * Visits the objects below a prefix in order, until the visitor says that it is enough.
   *
   * @param more given each object; false to end.
   * @throws TierUnavailableException if the object store does not answer.
   */
  public static void forEach(ObjectStore objects, String prefix, Predicate<ObjectInfo> more) {
    forEach(objects, prefix, null, more);
  }

  /**
   * The same, from the first key after another.
   *
   * @param startAfter that key, or null to begin at the first.
   */
  static void forEach(
      ObjectStore objects, String prefix, @Nullable String startAfter, Predicate<ObjectInfo> more) {
    String after = startAfter;
    while (true) {
      ObjectPage page = page(objects, prefix, after);
      for (ObjectInfo object : page.objects()) {
        if (!more.test(object)) {
          return;
        }
      }
      if (!page.more() || page.objects().isEmpty()) {
        return;
      }
      after = page.objects().getLast().key();
    }
  }

  private static ObjectPage page(ObjectStore objects, String prefix, @Nullable String after) {
    try {
      return objects.list(prefix, after);
    } catch (ObjectStoreException e) {
      throw new TierUnavailableException(
          "listing failed, nothing was deleted for it: prefix="
              + prefix
              + ", reason="
              + e.getMessage(),
          e);
    }
  }
}
