package io.ashlar.tier.upload;

import io.ashlar.store.BlobStore;
import io.ashlar.store.StoreClosedException;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.prefix.BlobLocations;
import io.ashlar.tier.prefix.TierWriter;
import io.ashlar.tier.readback.BatchReader;
import org.jspecify.annotations.Nullable;

/**
 * The prefix that an agent writes for its store. It has the writer, the locations of blobs, the
 * evidence of objects, and how far the store is tiered there.
 *
 * <pre>
 *             begin()              begin(), after a repair
 *   (none) ------------> CLAIMED ---------------------------> CLAIMED
 *                           | free()
 *                           v
 *                         FREED: {@link #writer} and {@link #locations} throw StoreClosedException
 * </pre>
 *
 * <p>Thread: the tiering agent; any thread may read {@link #writer}, {@link #tieredSequence} and
 * {@link #mark}. Memory: 46 to 91 bytes for each blob whose location is known, until {@link #free}.
 */
final class ClaimedPrefix {
  private final BlobStore store;
  private final TierSource source;
  private final TierObjects objects;
  private final BatchReader reader;
  private final Evidence evidence;
  private final TieredMark mark = new TieredMark();

  /** Written by the agent, read by any thread. */
  private volatile @Nullable TierWriter writer;

  /** Written by the agent, read by any thread. */
  private volatile long tieredSequence;

  private @Nullable BlobLocations locations; // the agent's

  /**
   * Nothing is claimed yet.
   *
   * @param store the store; stays the caller's, as {@code objects} does.
   * @param source the same store.
   * @param evidence what was seen of the objects; closed by {@link #free}.
   */
  ClaimedPrefix(BlobStore store, TierSource source, TierObjects objects, Evidence evidence) {
    this.store = store;
    this.source = source;
    this.objects = objects;
    this.reader = new BatchReader(objects);
    this.evidence = evidence;
  }

  /** Continues with a writer whose claim or base is committed; earlier evidence is dropped. */
  void begin(TierWriter newWriter, BlobLocations newLocations) {
    if (locations != null) {
      locations.close();
    }
    writer = newWriter;
    locations = newLocations;
    evidence.reset();
    tieredSequence = Math.max(tieredSequence, newWriter.last().lastRecordSequence());
    mark.advance(newWriter.last().lastEpoch());
  }

  BlobStore store() {
    return store;
  }

  TierSource source() {
    return source;
  }

  TierObjects objects() {
    return objects;
  }

  BatchReader reader() {
    return reader;
  }

  Evidence evidence() {
    return evidence;
  }

  /** The last epoch that is remote-durable. */
  TieredMark mark() {
    return mark;
  }

  /** The log sequence up to which every change is remote-durable. */
  long tieredSequence() {
    return tieredSequence;
  }

  /** Raises {@link #tieredSequence}, once the manifest that covers it is committed. */
  void tieredThrough(long sequence) {
    tieredSequence = sequence;
  }

  /**
   * Returns the writer; its last manifest may have an unknown outcome.
   *
   * @throws StoreClosedException if it was freed.
   */
  TierWriter writer() {
    return claimed(writer);
  }

  /**
   * Returns where blobs lie in the tier.
   *
   * @throws StoreClosedException if it was freed.
   */
  BlobLocations locations() {
    return claimed(locations);
  }

  /**
   * Returns the writer once the outcome of its last manifest is known.
   *
   * @throws io.ashlar.store.FencedException if another writer took over.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   * @throws StoreClosedException if it was freed.
   */
  TierWriter settledWriter() {
    TierWriter own = writer();
    own.resolve();
    long committed = own.last().lastRecordSequence();
    if (committed > tieredSequence) {
      tieredSequence = committed;
      mark.advance(own.last().lastEpoch());
      source.dropTombstones(committed);
    }
    return own;
  }

  /** Drops the known locations, which may differ from the chain; they are read from it again. */
  void forgetLocations() {
    TierWriter own = writer();
    locations().close();
    locations = locationsOfChain(own);
  }

  /** Returns locations that read the writer's chain when they are first needed. */
  static BlobLocations locationsOfChain(TierWriter writer) {
    return new BlobLocations(() -> {
      TierManifest last = writer.last();
      return ManifestChain.read(writer.manifests(), last).batchesNewestFirst();
    });
  }

  private static <T> T claimed(@Nullable T part) {
    if (part == null) {
      throw new StoreClosedException("the tier is closed", null);
    }
    return part;
  }

  /** Frees the locations and the evidence. Idempotent. */
  void free() {
    if (locations != null) {
      locations.close();
      locations = null;
    }
    evidence.close();
    writer = null;
  }
}
