package io.ashlar.tier.checkpoint;

import com.fasterxml.uuid.Generators;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One tier checkpoint: what it adds to its parent, and up to where the store is now remote-durable.
 * The state at a manifest is all batches of the chain from its base to it, in order; a later entry
 * of an id replaces an earlier one. The JSON form is {@link TierManifestCodec}'s.
 *
 * <p>A claim is a manifest without batches: it takes the next sequence for a new generation and so
 * fences the writer before. A <i>base</i> is a manifest that lists every batch of the state, so
 * that the chain begins there ({@link CollectionState#baseSequence}). Thread: any; immutable.
 *
 * @param writer who wrote it.
 * @param sequence its place in the chain, 1 or more; its key. Its parent is the one before.
 * @param stamp what is new in each manifest.
 * @param reach up to where the store is in the chain.
 * @param batches the batches that this checkpoint adds, in the order in which they apply, at most
 *     {@value #BATCHES_MAX}.
 * @param collection where the chain begins, what is retained and what will be deleted.
 * @param lineage the put id of the newest manifest of the chain, this one included, that a store
 *     noted in its file before it was sent. A store knows by it whether the chain is its own. A
 *     manifest that is written without the store repeats its parent's. Null if no store noted one,
 *     as earlier releases did not.
 */
public record TierManifest(
    Writer writer,
    long sequence,
    Stamp stamp,
    Reach reach,
    List<BatchReference> batches,
    CollectionState collection,
    @Nullable UUID lineage) {

  /** Most batches in one manifest; one that needs more is written as several. */
  public static final int BATCHES_MAX = 20_000;

  /**
   * Who wrote a manifest.
   *
   * @param storeId the identity of the store that is tiered, all 64 bits.
   * @param incarnation the store's open that wrote it, unsigned order.
   * @param generation the tier writer's fencing number, 1 to {@link TierKeys#GENERATION_MAX}.
   */
  public record Writer(long storeId, long incarnation, long generation) {
    /** Checks the generation. */
    public Writer {
      BatchReference.check("generation", generation, 1, TierKeys.GENERATION_MAX);
    }
  }

  /**
   * What is new in each manifest.
   *
   * @param putId a UUID of version 7: who reads a manifest back after an unanswered put knows by it
   *     whether it is his own.
   * @param createdMs when it was written, for people only.
   */
  public record Stamp(UUID putId, long createdMs) {
    /** Checks both. */
    public Stamp {
      BatchReference.check("createdMs", createdMs, 0, Long.MAX_VALUE);
      if (putId.version() != 7) {
        throw new IllegalArgumentException("putId is not a UUID of version 7: putId=" + putId);
      }
    }
  }

  /**
   * Up to where a store is in a chain.
   *
   * @param lastRecordSequence the last log sequence of the store whose changes, deletes included,
   *     are in the chain; 0 while there are none.
   * @param lastEpoch the last epoch up to there.
   */
  public record Reach(long lastRecordSequence, long lastEpoch) {
    /** Checks both. */
    public Reach {
      BatchReference.check("lastRecordSequence", lastRecordSequence, 0, Long.MAX_VALUE);
      BatchReference.check("lastEpoch", lastEpoch, 0, Long.MAX_VALUE);
    }
  }

  /** Checks every field and takes a copy of the list. */
  public TierManifest {
    BatchReference.check("sequence", sequence, 1, Long.MAX_VALUE);
    BatchReference.check("batches", batches.size(), 0, BATCHES_MAX);
    collection.checkFor(sequence);
    batches = List.copyOf(batches);
  }

  /** A new put id or batch id: a UUID of version 7, whose text sorts by time. Thread: any. */
  public static UUID newId() {
    return Generators.timeBasedEpochRandomGenerator().generate();
  }

  /** The identity of the store that is tiered: that of {@link #writer}. */
  public long storeId() {
    return writer.storeId();
  }

  /** The store's open that wrote this: that of {@link #writer}. */
  public long incarnation() {
    return writer.incarnation();
  }

  /** The fencing number of {@link #writer}. */
  public long generation() {
    return writer.generation();
  }

  /** The put id of {@link #stamp}. */
  public UUID putId() {
    return stamp.putId();
  }

  /** When this was written, for people only. */
  public long createdMs() {
    return stamp.createdMs();
  }

  /** The last log sequence of {@link #reach}. */
  public long lastRecordSequence() {
    return reach.lastRecordSequence();
  }

  /** The last epoch of {@link #reach}. */
  public long lastEpoch() {
    return reach.lastEpoch();
  }

  /** The sequence of the manifest before; 0 for the first. */
  public long parentSequence() {
    return sequence - 1;
  }

  /** Whether it lists every batch of its state. */
  public boolean isBase() {
    return collection.baseSequence() == sequence;
  }

  /** Where it is stored. */
  public String key() {
    return TierKeys.manifest(sequence);
  }
}
