package io.ashlar.tier.collect;

import io.ashlar.store.CorruptionException;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;

/**
 * The batches that are needed, by generation and number. Any name with these two counts as needed,
 * whatever its other parts.
 *
 * <p>Thread: one.
 */
public final class LiveBatches {
  private static final long NUMBER_MAX = 0xFFFF_FFFFL;

  private final Set<Long> numbers = new HashSet<>();

  /** Nothing is needed yet. */
  public LiveBatches() {}

  /**
   * Generation and number of a batch, packed as in the first word of a reference.
   *
   * @throws CorruptionException if it is no name that a writer makes.
   */
  public static long number(String name) {
    TierKeys.BatchName parts = TierKeys.batchName(name);
    if (parts == null || parts.generation() > NUMBER_MAX || parts.number() > NUMBER_MAX) {
      throw new CorruptionException("batch name is none: name=" + name, null, -1, 0, 0, null);
    }
    return parts.generation() << 32 | parts.number();
  }

  /** Adds a packed generation and number. */
  public void add(long number) {
    numbers.add(number);
  }

  /** Adds names. */
  public void addNames(Collection<String> names) {
    for (String name : names) {
      add(number(name));
    }
  }

  /** Adds the batches that a manifest names, except those that it wants deleted. */
  public void addAll(TierManifest manifest) {
    for (BatchReference batch : manifest.batches()) {
      add(number(batch.name()));
    }
    addNames(manifest.collection().held());
    addNames(manifest.collection().lost());
  }

  /** How many there are. */
  public int size() {
    return numbers.size();
  }

  /** Whether something needs it. */
  public boolean contains(String name) {
    return numbers.contains(number(name));
  }

  /** Whether something needs the batch of a packed generation and number. */
  public boolean contains(long number) {
    return numbers.contains(number);
  }
}
