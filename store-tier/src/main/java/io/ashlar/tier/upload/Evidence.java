package io.ashlar.tier.upload;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.TierDamagedException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.store.spi.Log;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.EvidenceStats;
import io.ashlar.tier.batch.FramedBatchFormat;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.Remedy;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.collect.LiveBatches;
import io.ashlar.tier.collect.Presence;
import io.ashlar.tier.collect.Presence.NeededBatch;
import io.ashlar.tier.json.SealedJson;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectNotFoundException;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.request.SecondLook;
import io.ashlar.tier.prefix.BlobLocations;
import io.ashlar.tier.prefix.StoredBatch;
import io.ashlar.tier.prefix.TierWriter;
import io.ashlar.tier.readback.ColdReferenceCodec;
import io.ashlar.tier.readback.IdTable;
import java.io.IOException;
import java.io.InputStream;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What the object store must show before it holds the only copy of a blob. {@link Evictor} says
 * why, and what each failed step leaves.
 *
 * <p><b>Seen.</b> A batch is seen once for this open, after the manifest that lists it:
 *
 * <table>
 *   <caption>What proves a batch</caption>
 *   <tr><th>to be seen at once</th><th>asked</th><th>must be right</th></tr>
 *   <tr><td>up to {@value #HEADS_MAX} batches</td><td>a HEAD each</td>
 *       <td>the length; the CRC-32C if the answer tells it; else the etag, if this process stored
 *       the batch. If that is another, the batch is read, and its CRC-32C decides</td></tr>
 *   <tr><td>more</td><td>a listing of all batches, one request for each thousand</td>
 *       <td>the length</td></tr>
 * </table>
 *
 * <p><b>Presence.</b> Listings must show the manifests from the base to the newest, and the batches
 * that evicted blobs refer to. This check runs before the first eviction of an open, and again
 * after the interval. In between, each manifest that was committed since is asked for once. If the
 * chain was read in this open, the length of a batch must be that of its manifest. Otherwise the
 * batch must be long enough for the frames that are referred to and a footer.
 *
 * <p>An object counts as missing or wrong only after a second look ({@link SecondLook}), and only
 * if no other writer can have collected it.
 *
 * <p>Thread: the tiering agent; {@link #stats} any. Memory: 46 to 91 bytes for each batch that was
 * seen, off the heap, freed by close. A check takes the same for each batch that evicted blobs
 * need.
 */
final class Evidence implements AutoCloseable {
  /** Objects that are asked for one by one; for more there is a listing. */
  static final int HEADS_MAX = 100;

  /** How long periodic evictions pause after one that was stopped, at most. */
  private static final long PAUSE_NS_MAX = TimeUnit.SECONDS.toNanos(60);

  private static final int READ_BYTES = 64 << 10;

  private final ObjectStore objects;
  private final TierSource source;
  private final long intervalNs;
  private final LongSupplier nowNs;
  private final LongSupplier nowMs;

  // The agent's own.
  private @Nullable IdTable seen;
  private boolean checked;
  private long checkedNs;
  private long checkedThrough;
  private boolean stopped;
  private long stoppedNs;

  /** Written by the agent, read by any thread. */
  private volatile EvidenceStats stats = EvidenceStats.NONE;

  /**
   * @param intervalMs how long a presence check holds; with 0 each eviction checks again.
   * @param nowNs nanoseconds of a clock that never goes back.
   * @param nowMs milliseconds since 1970, for people.
   */
  Evidence(
      ObjectStore objects,
      TierSource source,
      long intervalMs,
      LongSupplier nowNs,
      LongSupplier nowMs) {
    this.objects = objects;
    this.source = source;
    this.intervalNs = TimeUnit.MILLISECONDS.toNanos(intervalMs);
    this.nowNs = nowNs;
    this.nowMs = nowMs;
  }

  /** What was found so far. */
  EvidenceStats stats() {
    return stats;
  }

  /** Begins anew, as after a repair: nothing was seen or checked, and nothing is missing. */
  void reset() {
    close();
    checked = false;
    stopped = false;
    missing(0);
  }

  /** Whether an eviction was stopped so recently that periodic ones still pause. */
  boolean isPaused() {
    return stopped && nowNs.getAsLong() - stoppedNs < Math.min(intervalNs, PAUSE_NS_MAX);
  }

  /**
   * Checks that the chain and the batches that evicted blobs need are there, as far as that is due.
   *
   * @throws TierDamagedException if something is missing.
   * @throws io.ashlar.store.FencedException if another writer took over.
   * @throws TierUnavailableException if the object store does not answer.
   */
  void checkPresence(TierWriter writer, BlobLocations locations) {
    TierManifest last = writer.last();
    long added = Math.max(checkedThrough + 1, last.collection().baseSequence());
    boolean due = !checked || nowNs.getAsLong() - checkedNs >= intervalNs;
    if (due || last.sequence() - added >= HEADS_MAX) {
      checkAll(writer, locations);
    } else {
      checkManifests(writer, added);
    }
    checkedThrough = last.sequence();
  }

  private void checkManifests(TierWriter writer, long first) {
    List<String> missing = new ArrayList<>();
    for (long sequence = first; sequence <= writer.last().sequence(); sequence++) {
      String key = TierKeys.manifest(sequence);
      if (!shows(key, object -> object.length() >= SealedJson.BYTES_MIN)) {
        missing.add(key);
      }
    }
    stopIfAny(missing, writer);
  }

  private void checkAll(TierWriter writer, BlobLocations locations) {
    checked = false;
    long startNs = nowNs.getAsLong();
    TierManifest last = writer.last();
    long base = last.collection().baseSequence();
    List<String> missing = new ArrayList<>();
    try (Presence presence = Presence.list(objects, base)) {
      for (long sequence : presence.missingManifests(base, last.sequence())) {
        missing.add(TierKeys.manifest(sequence));
      }
      missing.addAll(missingOf(presence, needed(locations)));
    }
    stats =
        new EvidenceStats(
            stats.presenceChecks() + 1,
            nowMs.getAsLong(),
            stats.missingObjects(),
            stats.stopped(),
            stats.batchesSeen());
    stopIfAny(missing, writer);
    checked = true;
    checkedNs = startNs;
  }

  private static List<String> missingOf(Presence presence, List<NeededBatch> needed) {
    return presence.missingBatches(needed).stream().map(NeededBatch::key).toList();
  }

  /** The batches that evicted blobs refer to. */
  private List<NeededBatch> needed(BlobLocations locations) {
    List<NeededBatch> needed = new ArrayList<>();
    try (IdTable ends = new IdTable(0)) {
      source.forEachEvicted((change, reference) -> {
        long position = ends.find(reference.first(), reference.second());
        long end = ColdReferenceCodec.endOf(reference);
        if (position < 0 || ends.first(position) < end) {
          ends.put(reference.first(), reference.second(), end, reference.third());
        }
      });
      ends.forEach((first, second, end, third) ->
          needed.add(needed(locations, new ColdReference(first, second, third), end)));
    }
    return needed;
  }

  private static NeededBatch needed(BlobLocations locations, ColdReference reference, long end) {
    StoredBatch stored = locations.stored(reference.first());
    String key = ColdReferenceCodec.decode(reference).key();
    return stored != null && stored.reference().name().equals(key)
        ? NeededBatch.of(stored.reference())
        : new NeededBatch(key, end == 0 ? 1 : end + FramedBatchFormat.FOOTER_BYTES, Long.MAX_VALUE);
  }

  /**
   * Checks that batches, which committed manifests list, are there as they were stored; each once.
   *
   * @throws TierDamagedException if one is not.
   * @throws io.ashlar.store.FencedException if another writer took over.
   * @throws TierUnavailableException if the object store does not answer.
   */
  void requireSeen(Collection<StoredBatch> batches, TierWriter writer) {
    Collection<StoredBatch> unseen = new LinkedHashSet<>(batches);
    unseen.removeIf(this::isSeen);
    require(unseen, writer);
    unseen.forEach(this::see);
    if (!unseen.isEmpty()) {
      stats =
          new EvidenceStats(
              stats.presenceChecks(),
              stats.lastCheckMs(),
              stats.missingObjects(),
              stats.stopped(),
              stats.batchesSeen() + unseen.size());
    }
  }

  /** As {@link #requireSeen}, but checks each batch even if it was seen, and remembers nothing. */
  void require(Collection<StoredBatch> batches, TierWriter writer) {
    List<String> missing = new ArrayList<>();
    if (batches.size() > HEADS_MAX) {
      List<NeededBatch> needed =
          batches.stream().map(batch -> NeededBatch.of(batch.reference())).toList();
      try (Presence presence = Presence.list(objects, writer.last().sequence())) {
        missing.addAll(missingOf(presence, needed));
      }
    } else {
      for (StoredBatch batch : batches) {
        if (!shows(batch.reference().name(), object -> proves(object, batch))) {
          missing.add(batch.reference().name());
        }
      }
    }
    stopIfAny(missing, writer);
  }

  private boolean isSeen(StoredBatch batch) {
    return seen != null && seen.find(0, LiveBatches.number(batch.reference().name())) >= 0;
  }

  private void see(StoredBatch batch) {
    IdTable table = seen;
    if (table == null) {
      table = new IdTable(0);
      seen = table;
    }
    table.put(0, LiveBatches.number(batch.reference().name()), 0, 0);
  }

  /** Whether a HEAD, or a second one, shows what is wanted. */
  private boolean shows(String key, Predicate<ObjectInfo> wanted) {
    try {
      return SecondLook.at(
              key, () -> Optional.ofNullable(objects.head(key)).filter(wanted), bad -> false)
          .isPresent();
    } catch (ObjectStoreException e) {
      throw unavailable(key, e);
    }
  }

  private boolean proves(ObjectInfo object, StoredBatch batch) {
    BatchReference reference = batch.reference();
    if (object.length() != reference.bytes()) {
      return false;
    }
    Integer told = object.crc32c();
    if (told != null) {
      return Integer.toUnsignedLong(told) == reference.crc32c();
    }
    String etag = batch.etag();
    // Some gateways answer a PUT with another etag than a HEAD, so that alone proves no damage.
    return etag == null || etag.equals(object.etag()) || readsRight(reference);
  }

  private boolean readsRight(BatchReference reference) {
    CRC32C crc = new CRC32C();
    try (ObjectContent content = objects.get(reference.name())) {
      InputStream stream = content.stream();
      byte[] bytes = new byte[READ_BYTES];
      for (int count = stream.read(bytes); count >= 0; count = stream.read(bytes)) {
        crc.update(bytes, 0, count);
      }
    } catch (ObjectNotFoundException absent) {
      return false;
    } catch (IOException | ObjectStoreException e) {
      throw unavailable(reference.name(), e);
    }
    return crc.getValue() == reference.crc32c();
  }

  private TierUnavailableException unavailable(String key, Exception e) {
    return new TierUnavailableException(
        "asking for an object failed, so nothing relies on it: object="
            + key
            + ", store="
            + objects
            + ", reason="
            + e.getMessage(),
        e);
  }

  private void stopIfAny(List<String> missing, TierWriter writer) {
    if (missing.isEmpty()) {
      return;
    }
    writer.checkNotFenced(); // a new writer may have collected them
    TierDamagedException damaged =
        new TierDamagedException(
            "objects of the tier are missing, or not as they were written, so local copies are"
                + " kept; "
                + Remedy.REPAIR
                + ": store="
                + objects,
            missing,
            null);
    missing(missing.size());
    stop(damaged.getMessage());
    throw damaged;
  }

  /**
   * Notes that something that had to be read for an eviction is damaged.
   *
   * @return what ends the eviction: the same, with the remedy.
   */
  CorruptionException stopped(CorruptionException damaged) {
    CorruptionException remedied =
        new CorruptionException(
            "the tier is damaged, so local copies are kept; "
                + Remedy.REPAIR
                + ": "
                + damaged.getMessage(),
            damaged.id(),
            damaged.block(),
            damaged.expected(),
            damaged.actual(),
            damaged);
    stop(remedied.getMessage());
    return remedied;
  }

  private void stop(@Nullable String message) {
    Log.log(
        Evidence.class, stopped ? Level.DEBUG : Level.WARNING, "nothing is evicted: " + message);
    checked = false; // so that the next eviction asks for everything
    stopped = true;
    stoppedNs = nowNs.getAsLong();
    stats =
        new EvidenceStats(
            stats.presenceChecks(),
            stats.lastCheckMs(),
            stats.missingObjects(),
            stats.stopped() + 1,
            stats.batchesSeen());
  }

  /** Notes that all objects that an eviction needs were there. */
  void complete() {
    if (stopped) {
      Log.log(
          Evidence.class,
          Level.INFO,
          "the missing objects of the tier are back, so blobs are evicted again");
    }
    stopped = false;
    missing(0);
  }

  private void missing(long count) {
    if (stats.missingObjects() != count) {
      stats =
          new EvidenceStats(
              stats.presenceChecks(),
              stats.lastCheckMs(),
              count,
              stats.stopped(),
              stats.batchesSeen());
    }
  }

  /** Frees the memory, and forgets what was seen. Idempotent. */
  @Override
  public void close() {
    if (seen != null) {
      seen.close();
      seen = null;
    }
  }
}
