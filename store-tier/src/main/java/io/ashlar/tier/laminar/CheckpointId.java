package io.ashlar.tier.laminar;

import com.fasterxml.uuid.Generators;
import com.fasterxml.uuid.NoArgGenerator;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The name of a checkpoint in LaminarDB's layout: a UUID of version 7, whose text sorts by time.
 *
 * <p>Order is that of the text, which is that of the 128 bits unsigned ({@link UUID#compareTo} is
 * another). Thread: any; immutable.
 *
 * @param uuid of version 7 and the usual variant.
 */
public record CheckpointId(UUID uuid) implements Comparable<CheckpointId> {
  private static final int VERSION = 7;
  private static final int VARIANT = 2;
  private static final int TEXT_CHARS = 36;
  private static final NoArgGenerator GENERATOR = Generators.timeBasedEpochRandomGenerator();
  private static final Object NEWEST_LOCK = new Object();

  /** The greatest that this process has made; guarded by {@code NEWEST_LOCK}. */
  private static @Nullable CheckpointId newest;

  /** Checks version and variant. */
  public CheckpointId {
    if (uuid.version() != VERSION || uuid.variant() != VARIANT) {
      throw new IllegalArgumentException("checkpoint id is not a UUID of version 7: id=" + uuid);
    }
  }

  /**
   * Makes a new one, greater than every other that this process has made, even within one
   * millisecond or after the clock was set back.
   */
  public static CheckpointId newId() {
    CheckpointId made = new CheckpointId(GENERATOR.generate());
    synchronized (NEWEST_LOCK) {
      CheckpointId before = newest;
      if (before != null && made.compareTo(before) <= 0) {
        // The low 62 bits are random: adding one would have to be done 2^61 times to overflow.
        made =
            new CheckpointId(
                new UUID(
                    before.uuid.getMostSignificantBits(),
                    before.uuid.getLeastSignificantBits() + 1));
      }
      newest = made;
      return made;
    }
  }

  /**
   * Reads the text of one, in any case.
   *
   * @throws IllegalArgumentException if it is not a UUID of version 7 with its four hyphens.
   */
  public static CheckpointId parse(String text) {
    // UUID.fromString takes "1-2-3-4-5" too.
    if (text.length() != TEXT_CHARS) {
      throw new IllegalArgumentException(
          "checkpoint id is not a UUID: characters=" + text.length());
    }
    UUID uuid = UUID.fromString(text);
    if (!uuid.toString().equalsIgnoreCase(text)) {
      throw new IllegalArgumentException("checkpoint id is not a UUID in its usual form");
    }
    return new CheckpointId(uuid);
  }

  /** When it was made, in milliseconds since 1970 by its maker's clock. For people only. */
  public long timestampMs() {
    return uuid.getMostSignificantBits() >>> 16;
  }

  @Override
  public int compareTo(CheckpointId other) {
    int high =
        Long.compareUnsigned(uuid.getMostSignificantBits(), other.uuid.getMostSignificantBits());
    return high != 0
        ? high
        : Long.compareUnsigned(
            uuid.getLeastSignificantBits(), other.uuid.getLeastSignificantBits());
  }

  /** The text: 36 lower-case characters. */
  @Override
  public String toString() {
    return uuid.toString();
  }
}
