package io.ashlar.tier.object;

import java.util.List;

/**
 * One page of a listing.
 *
 * @param objects at most {@link ObjectStore#LIST_OBJECTS_MAX}, in the order of {@link
 *     ObjectKey#compare}.
 * @param more whether keys follow the last one: list again, starting after it.
 */
public record ObjectPage(List<ObjectInfo> objects, boolean more) {
  /**
   * Copies the list.
   *
   * @param objects copied.
   * @param more whether keys follow.
   */
  public ObjectPage {
    objects = List.copyOf(objects);
  }
}
