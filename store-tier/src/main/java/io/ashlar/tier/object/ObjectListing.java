package io.ashlar.tier.object;

import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Pages of a listing joined into one lazy stream. */
final class ObjectListing {
  private ObjectListing() {}

  static Stream<ObjectInfo> stream(ObjectStore store, String prefix) {
    return Stream.<@Nullable ObjectPage>iterate(
            store.list(prefix, null), Objects::nonNull, page -> next(store, prefix, page))
        .filter(Objects::nonNull)
        .flatMap(page -> page.objects().stream());
  }

  private static @Nullable ObjectPage next(
      ObjectStore store, String prefix, @Nullable ObjectPage page) {
    if (page == null || !page.more()) {
      return null;
    }
    List<ObjectInfo> objects = page.objects();
    return store.list(prefix, objects.getLast().key());
  }
}
