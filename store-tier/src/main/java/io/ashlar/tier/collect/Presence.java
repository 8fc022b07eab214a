package io.ashlar.tier.collect;

import io.ashlar.store.TierUnavailableException;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.json.SealedJson;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.readback.IdTable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * Which manifests and batches of a tier are there, and how long they are, by listings alone: one
 * request for each thousand objects. Nothing is read, so a body that was changed without changing
 * its length is not noticed.
 *
 * <p><b>One bad answer is no damage.</b> An object that the listing leaves out, or shows with
 * another length, gets a second look before it counts as missing. That is a HEAD each or, for more
 * than {@value #HEADS_MAX}, a second listing.
 *
 * <p>Thread: one. Memory: 46 to 91 bytes an object that is listed, off the heap, freed by close.
 */
public final class Presence implements AutoCloseable {
  /** Objects that are asked for one by one; for more there is a second listing. */
  static final int HEADS_MAX = 100;

  /** What a table says of the kind of its entry, in the place of a batch number. */
  private static final long MANIFEST = -1;

  private final ObjectStore objects;
  private final long firstManifest;

  /** Batches: number, upper half of the id. Manifests: −1, sequence. First: length. */
  private IdTable listed;

  private Presence(ObjectStore objects, long firstManifest, IdTable listed) {
    this.objects = objects;
    this.firstManifest = firstManifest;
    this.listed = listed;
  }

  /**
   * A batch that has to be there.
   *
   * @param key its key.
   * @param bytesMin least length of the object.
   * @param bytesMax greatest length of the object.
   */
  public record NeededBatch(String key, long bytesMin, long bytesMax) {
    /** A batch as its manifest describes it. */
    public static NeededBatch of(BatchReference batch) {
      return new NeededBatch(batch.name(), batch.bytes(), batch.bytes());
    }

    private boolean fits(long bytes) {
      return bytes >= bytesMin && bytes <= bytesMax;
    }
  }

  /**
   * Lists all batches, and the manifests from a sequence on.
   *
   * @param firstManifest 1 or more.
   * @return what is there, to be closed.
   * @throws TierUnavailableException if the object store does not answer.
   */
  public static Presence list(ObjectStore objects, long firstManifest) {
    return new Presence(objects, firstManifest, listed(objects, firstManifest));
  }

  private static IdTable listed(ObjectStore objects, long firstManifest) {
    IdTable table = new IdTable(0);
    boolean done = false;
    try {
      String before = firstManifest == 1 ? null : TierKeys.manifest(firstManifest - 1);
      Listings.forEach(
          objects,
          TierKeys.MANIFESTS,
          before,
          object -> {
            long sequence = TierKeys.manifestSequence(object.key());
            if (sequence >= firstManifest) {
              table.put(MANIFEST, sequence, object.length(), 0);
            }
            return true;
          });
      Listings.forEach(
          objects,
          TierKeys.BATCHES,
          null,
          object -> {
            TierKeys.BatchName name = TierKeys.batchName(object.key());
            if (name != null) {
              table.put(number(name), name.id().getMostSignificantBits(), object.length(), 0);
            }
            return true;
          });
      done = true;
      return table;
    } finally {
      if (!done) {
        table.close();
      }
    }
  }

  private static long number(TierKeys.BatchName name) {
    return name.generation() << 32 | name.number();
  }

  /**
   * The manifests of a range that are not there, or are shorter than any manifest is.
   *
   * @param first the first sequence, not before the one that was listed from.
   * @param last the last sequence.
   * @return their sequences, in order.
   * @throws TierUnavailableException if the object store does not answer.
   */
  public List<Long> missingManifests(long first, long last) {
    if (first < firstManifest) {
      throw new IllegalArgumentException(
          "manifests were not listed: first=" + first + ", listedFrom=" + firstManifest);
    }
    List<Long> missing = new ArrayList<>();
    for (long sequence = first; sequence <= last; sequence++) {
      if (listedBytes(MANIFEST, sequence) < SealedJson.BYTES_MIN) {
        missing.add(sequence);
      }
    }
    if (missing.size() > HEADS_MAX) {
      listAgain();
      missing.removeIf(sequence -> listedBytes(MANIFEST, sequence) >= SealedJson.BYTES_MIN);
    } else {
      missing.removeIf(sequence -> askedBytes(TierKeys.manifest(sequence)) >= SealedJson.BYTES_MIN);
    }
    return missing;
  }

  /**
   * Those of some batches that are not there, or not of the length they must have.
   *
   * @throws TierUnavailableException if the object store does not answer.
   */
  public List<NeededBatch> missingBatches(Collection<NeededBatch> needed) {
    List<NeededBatch> missing = new ArrayList<>();
    for (NeededBatch batch : needed) {
      if (!shows(batch)) {
        missing.add(batch);
      }
    }
    if (missing.size() > HEADS_MAX) {
      listAgain();
      missing.removeIf(this::shows);
    } else {
      missing.removeIf(batch -> batch.fits(askedBytes(batch.key())));
    }
    return missing;
  }

  /** Whether the listing has a batch, with a length that it may have. Asks nothing. */
  public boolean shows(NeededBatch batch) {
    TierKeys.BatchName name = TierKeys.batchName(batch.key());
    return name != null
        && batch.fits(listedBytes(number(name), name.id().getMostSignificantBits()));
  }

  /** The length as listed, or −1. */
  private long listedBytes(long high, long low) {
    long position = listed.find(high, low);
    return position < 0 ? -1 : listed.first(position);
  }

  /** The length as a HEAD says, or −1. */
  private long askedBytes(String key) {
    try {
      ObjectInfo object = objects.head(key);
      return object == null ? -1 : object.length();
    } catch (ObjectStoreException e) {
      throw new TierUnavailableException("asking for an object failed: " + e.getMessage(), e);
    }
  }

  private void listAgain() {
    IdTable again = listed(objects, firstManifest);
    listed.close();
    listed = again;
  }

  /** Frees the memory; idempotent. */
  @Override
  public void close() {
    listed.close();
  }
}
