package io.ashlar.tier.checkpoint;

import io.ashlar.tier.batch.Encryption;
import java.util.List;

/**
 * What a manifest says about the life of its prefix. Immutable.
 *
 * @param baseSequence the manifest where the chain begins: it lists every batch of its state. 1 to
 *     the manifest's own sequence.
 * @param retainedFrom the oldest checkpoint that retention keeps, 1 to the manifest's own sequence.
 *     Older ones may still be there, as the base of that one or since they are not deleted yet.
 * @param boundary manifests at or below it are dropped: 0 to {@code baseSequence − 1}.
 * @param inflight which batches may still come to be listed.
 * @param names batches that are not part of the state, and why they are named.
 * @param encryption how the newest batches of the prefix are encrypted, and those that the writer
 *     of this manifest will add.
 */
public record CollectionState(
    long baseSequence,
    long retainedFrom,
    long boundary,
    Inflight inflight,
    Names names,
    Encryption encryption) {

  /** Most names in each of the lists. */
  public static final int NAMES_MAX = 10_000;

  /** Of a chain that begins at sequence 1 and of which everything is retained. */
  public static final CollectionState NONE =
      new CollectionState(
          1,
          1,
          0,
          new CollectionState.Inflight(0, 0),
          new CollectionState.Names(List.of(), List.of(), List.of()),
          Encryption.UNKNOWN);

  /**
   * Which batches may still come to be listed.
   *
   * @param min the batches of this generation with a lower number are settled. A manifest up to
   *     this one lists them, or none ever will. 0 or more.
   * @param parent of a claim: {@code min} of the manifest that it follows, which is of the
   *     generation before. If that manifest is lost, this shows which batches it can have listed. 0
   *     for all other manifests.
   */
  public record Inflight(long min, long parent) {
    /** Checks both. */
    public Inflight {
      BatchReference.check("minInflight", min, 0, Long.MAX_VALUE);
      BatchReference.check("parentInflight", parent, 0, Long.MAX_VALUE);
    }
  }

  /**
   * Batches that are not part of the state, and why they are named.
   *
   * @param held the store may still read evicted blobs back from them. Compaction has copied them,
   *     but the store does not know the copies yet.
   * @param pendingDeletes nothing retained needs them; recorded before they are deleted.
   * @param lost records of lost blobs that repairs wrote: batches of deletes. Their ids are those
   *     of blobs that the store still knows and the tier has lost.
   */
  public record Names(List<String> held, List<String> pendingDeletes, List<String> lost) {
    /** Checks the names, and takes copies of the lists. */
    public Names {
      held = checked("held", held);
      pendingDeletes = checked("pendingDeletes", pendingDeletes);
      lost = checked("lost", lost);
    }

    private static List<String> checked(String field, List<String> names) {
      BatchReference.check(field, names.size(), 0, NAMES_MAX);
      for (String name : names) {
        if (TierKeys.batchName(name) == null) {
          throw new IllegalArgumentException(
              field + " has a name that is not batches/…: length=" + name.length());
        }
      }
      return List.copyOf(names);
    }
  }

  /** Checks what can be checked alone. */
  public CollectionState {
    BatchReference.check("baseSequence", baseSequence, 1, Long.MAX_VALUE);
    BatchReference.check("retainedFrom", retainedFrom, 1, Long.MAX_VALUE);
    BatchReference.check("boundary", boundary, 0, baseSequence - 1);
  }

  /** The {@link Inflight#min} of {@link #inflight}. */
  public long minInflight() {
    return inflight.min();
  }

  /** The {@link Inflight#parent} of {@link #inflight}. */
  public long parentInflight() {
    return inflight.parent();
  }

  /** The {@link Names#held} of {@link #names}. */
  public List<String> held() {
    return names.held();
  }

  /** The {@link Names#pendingDeletes} of {@link #names}. */
  public List<String> pendingDeletes() {
    return names.pendingDeletes();
  }

  /** The {@link Names#lost} of {@link #names}. */
  public List<String> lost() {
    return names.lost();
  }

  void checkFor(long sequence) {
    BatchReference.check("baseSequence", baseSequence, 1, sequence);
    BatchReference.check("retainedFrom", retainedFrom, 1, sequence);
  }

  /** This, as the next manifest of its writer says it. */
  public CollectionState withMinInflight(long value) {
    return new CollectionState(
        baseSequence, retainedFrom, boundary, new Inflight(value, 0), names, encryption);
  }

  /** This, as the claim of the next generation says it. */
  public CollectionState ofClaim() {
    return new CollectionState(
        baseSequence, retainedFrom, boundary, new Inflight(0, inflight.min()), names, encryption);
  }

  /** This with other names. */
  public CollectionState withNames(List<String> newHeld, List<String> newPendingDeletes) {
    return new CollectionState(
        baseSequence,
        retainedFrom,
        boundary,
        inflight,
        new Names(newHeld, newPendingDeletes, names.lost()),
        encryption);
  }

  /** This with another encryption. */
  public CollectionState withEncryption(Encryption value) {
    return new CollectionState(baseSequence, retainedFrom, boundary, inflight, names, value);
  }
}
