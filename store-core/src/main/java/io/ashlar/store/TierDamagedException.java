package io.ashlar.store;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Objects of the tier are missing or differ from those written. Local copies of their blobs are
 * kept. Uploads and reads continue. Repair the tier from its store with {@code Tier.repair} or
 * {@code ashlar repair STORE URL}.
 */
public final class TierDamagedException extends StoreException {
  /** The most objects that the message and {@link #objects} name. */
  public static final int NAMES_MAX = 20;

  private final List<String> objects;
  private final long count;

  /**
   * Creates one.
   *
   * @param message the refused action, the remedy and values; the constructor appends the objects.
   * @param damaged the keys of the objects, one or more; the first {@value #NAMES_MAX} are kept.
   * @param cause the cause, or null.
   */
  public TierDamagedException(String message, List<String> damaged, @Nullable Throwable cause) {
    super(message + text(damaged), cause);
    this.objects = first(damaged);
    this.count = damaged.size();
  }

  private static List<String> first(List<String> damaged) {
    return List.copyOf(damaged.subList(0, Math.min(damaged.size(), NAMES_MAX)));
  }

  private static String text(List<String> damaged) {
    return ", missing="
        + damaged.size()
        + ", objects="
        + String.join(" ", first(damaged))
        + (damaged.size() > NAMES_MAX ? " …" : "");
  }

  /** {@return the keys of the objects, at most {@value #NAMES_MAX}} */
  public List<String> objects() {
    return objects;
  }

  /** {@return how many objects are missing or differ from those written} */
  public long count() {
    return count;
  }
}
