package io.ashlar.tier.checkpoint;

import com.fasterxml.uuid.Generators;
import java.util.List;
import java.util.UUID;

/**
 * One tier checkpoint: what it adds to its parent, and up to where the store is now remote-durable.
 * The state at a manifest is all batches of the chain from its base to it, in order; a later entry
 * of an id replaces an earlier one. The JSON form is {@link TierManifestCodec}'s.
 *
 * <p>A claim is a manifest without batches: it takes the next sequence for a new generation and so
 * fences the writer before. A <i>base</i> is a manifest that lists every batch of the state, so
 * that the chain begins there ({@link Upkeep#baseSequence}). Thread: any; immutable.
 *
 * @param storeId the identity of the store that is tiered, all 64 bits.
 * @param incarnation the store's open that wrote this, unsigned order.
 * @param generation the tier writer's fencing number, 1 to {@link TierKeys#GENERATION_MAX}.
 * @param sequence this manifest's place in the chain, 1 or more; its key.
 * @param putId a UUID of version 7, made anew for each manifest written: who reads it back after an
 *     unanswered put knows by it whether it is his own.
 * @param parentSequence {@code sequence − 1}; 0 for the first.
 * @param lastRecordSequence the last log sequence of the store whose changes, deletes included, are
 *     in the chain; 0 while there are none.
 * @param lastEpoch the last epoch up to there.
 * @param createdMs when it was written, for people only.
 * @param batches the batches that this checkpoint adds, in the order in which they apply, at most
 *     {@value #BATCHES_MAX}.
 * @param upkeep where the chain begins, what is retained and what is to be deleted.
 */
public record TierManifest(
    long storeId,
    long incarnation,
    long generation,
    long sequence,
    UUID putId,
    long parentSequence,
    long lastRecordSequence,
    long lastEpoch,
    long createdMs,
    List<BatchReference> batches,
    Upkeep upkeep) {

  /** Most batches in one manifest; one that needs more is written as several. */
  public static final int BATCHES_MAX = 20_000;

  /** Checks every field and takes a copy of the list. */
  public TierManifest {
    BatchReference.check("generation", generation, 1, TierKeys.GENERATION_MAX);
    BatchReference.check("sequence", sequence, 1, Long.MAX_VALUE);
    BatchReference.check("parentSequence", parentSequence, sequence - 1, sequence - 1);
    BatchReference.check("lastRecordSequence", lastRecordSequence, 0, Long.MAX_VALUE);
    BatchReference.check("lastEpoch", lastEpoch, 0, Long.MAX_VALUE);
    BatchReference.check("createdMs", createdMs, 0, Long.MAX_VALUE);
    BatchReference.check("batches", batches.size(), 0, BATCHES_MAX);
    if (putId.version() != 7) {
      throw new IllegalArgumentException("putId is not a UUID of version 7: putId=" + putId);
    }
    upkeep.checkFor(sequence);
    batches = List.copyOf(batches);
  }

  /** A manifest of a chain that begins at sequence 1 and of which everything is retained. */
  public TierManifest(
      long storeId,
      long incarnation,
      long generation,
      long sequence,
      UUID putId,
      long parentSequence,
      long lastRecordSequence,
      long lastEpoch,
      long createdMs,
      List<BatchReference> batches) {
    this(
        storeId,
        incarnation,
        generation,
        sequence,
        putId,
        parentSequence,
        lastRecordSequence,
        lastEpoch,
        createdMs,
        batches,
        Upkeep.NONE);
  }

  /** A new put id or batch id: a UUID of version 7, whose text sorts by time. Thread: any. */
  public static UUID newId() {
    return Generators.timeBasedEpochRandomGenerator().generate();
  }

  /** Whether it lists every batch of its state. */
  public boolean isBase() {
    return upkeep.baseSequence() == sequence;
  }

  /** Where it is stored. */
  public String key() {
    return TierKeys.manifest(sequence);
  }
}
