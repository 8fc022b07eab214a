package io.ashlar.tier.checkpoint;

import java.util.List;

/**
 * What a manifest says about the life of its prefix. Immutable.
 *
 * @param baseSequence the manifest where the chain begins: it lists every batch of its state. 1 to
 *     the manifest's own sequence.
 * @param retainedFrom the oldest checkpoint that retention keeps, 1 to the manifest's own sequence.
 *     Older ones may still be there, as the base of that one or since they are not deleted yet.
 * @param boundary manifests at or below it are dropped: 0 to {@code baseSequence − 1}.
 * @param minInflight every batch of this manifest's generation with a lower number is listed by a
 *     manifest up to this one, or never will be by any; 0 or more.
 * @param held batches that are not part of the state, but that evicted blobs of the store may still
 *     be read back from: compaction has copied them, and the store has not yet taken that in.
 * @param pendingDeletes batches that nothing retained needs, recorded before they are deleted.
 */
public record Upkeep(
    long baseSequence,
    long retainedFrom,
    long boundary,
    long minInflight,
    List<String> held,
    List<String> pendingDeletes) {

  /** Most names in {@link #held}, and in {@link #pendingDeletes}. */
  public static final int NAMES_MAX = 10_000;

  /** Of a chain that begins at sequence 1 and of which everything is retained. */
  public static final Upkeep NONE = new Upkeep(1, 1, 0, 0, List.of(), List.of());

  /** Checks what can be checked alone, and takes copies of the lists. */
  public Upkeep {
    BatchReference.check("baseSequence", baseSequence, 1, Long.MAX_VALUE);
    BatchReference.check("retainedFrom", retainedFrom, 1, Long.MAX_VALUE);
    BatchReference.check("boundary", boundary, 0, baseSequence - 1);
    BatchReference.check("minInflight", minInflight, 0, Long.MAX_VALUE);
    held = names("held", held);
    pendingDeletes = names("pendingDeletes", pendingDeletes);
  }

  private static List<String> names(String field, List<String> names) {
    BatchReference.check(field, names.size(), 0, NAMES_MAX);
    for (String name : names) {
      if (TierKeys.batchName(name) == null) {
        throw new IllegalArgumentException(
            field + " has a name that is not batches/…: length=" + name.length());
      }
    }
    return List.copyOf(names);
  }

  void checkFor(long sequence) {
    BatchReference.check("baseSequence", baseSequence, 1, sequence);
    BatchReference.check("retainedFrom", retainedFrom, 1, sequence);
  }

  /** This, as the next manifest of a writer says it. */
  public Upkeep withMinInflight(long value) {
    return new Upkeep(baseSequence, retainedFrom, boundary, value, held, pendingDeletes);
  }

  /** This with other names. */
  public Upkeep withNames(List<String> newHeld, List<String> newPendingDeletes) {
    return new Upkeep(
        baseSequence, retainedFrom, boundary, minInflight, newHeld, newPendingDeletes);
  }
}
