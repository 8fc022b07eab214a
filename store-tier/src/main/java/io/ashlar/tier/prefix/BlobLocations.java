package io.ashlar.tier.prefix;

import io.ashlar.store.BlobId;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.spi.BlobChange;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.tier.batch.BatchCodec;
import io.ashlar.tier.batch.FrameTable;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.collect.LiveBatches;
import io.ashlar.tier.readback.BatchIndex;
import io.ashlar.tier.readback.BatchReader;
import io.ashlar.tier.readback.ColdReferenceCodec;
import io.ashlar.tier.readback.DecodedBatch;
import io.ashlar.tier.readback.IdTable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * In which frames of which batch each blob lies, with its length and checksum. Eviction needs this,
 * and the local index does not keep it for blobs that are still local.
 *
 * <p>It is filled from two sides. Each blob that this writer packs is noted at once. Older batches
 * of the chain are read on demand, newest first, each once, and only as far as needed. Of a batch
 * of version 3 only the index is read; an older batch is read whole. When a store adopts the chain,
 * every batch is read whole. Memory: 46 to 91 bytes a blob and 16 a frame.
 *
 * <p>A batch whose manifest was never committed must not stay noted, since it would hide which
 * batches are live. So the owner starts with new locations after a failed pass.
 *
 * <pre>
 * id -> first: the place (from bit 31; 0: deleted) and length (bits 30–0)
 *       second: CRC-32C
 * </pre>
 *
 * <p>Thread: one. Memory: its own, freed by close.
 */
public final class BlobLocations implements AutoCloseable {
  private static final int PLACE_SHIFT = 31;
  private static final long LENGTH_MASK = (1L << PLACE_SHIFT) - 1;
  private static final int ENTRY_OVERHEAD_BYTES = BlobId.BYTES + BatchCodec.ENTRY_FRAMING_BYTES;

  private final IdTable table = new IdTable(0);
  private final List<TierKeys.BatchName> batches = new ArrayList<>();
  private final PlaceList places = new PlaceList();
  private final Supplier<List<BatchReference>> chain;

  /** Batches as they were stored, by {@link #number}: those of the chain, and those sent since. */
  private final Map<Long, StoredBatch> stored = new HashMap<>();

  private @Nullable List<BatchReference> unread;
  private int nextUnread;
  private long liveRead;
  private int[] liveEntries = new int[64];

  /**
   * Locations in a chain.
   *
   * @param chain gives the batches that the chain holds so far, the newest first; asked when they
   *     are needed, and once.
   */
  public BlobLocations(Supplier<List<BatchReference>> chain) {
    this.chain = chain;
    // Place 0 says "deleted".
    places.add(0);
  }

  /** Makes room for a number of blobs that are about to be packed, if no blobs are known yet. */
  public void expect(long blobs) {
    if (table.size() == 0) {
      table.reserve(blobs);
    }
  }

  /**
   * Notes that blobs are about to be packed into a batch.
   *
   * @return the place of its first run; those of the others follow.
   */
  public long addBatch(TierKeys.BatchName name) {
    batches.add(name);
    return places.size();
  }

  /** Notes that a batch which was added is stored. */
  public void stored(StoredBatch batch) {
    stored.put(LiveBatches.number(batch.reference().name()), batch);
  }

  /** A batch as it was stored, by {@link LiveBatches#number}, or null if that is not known. */
  public @Nullable StoredBatch stored(long number) {
    return stored.get(number);
  }

  /** Notes that a blob is packed into a place of the batch that was added last. */
  public void put(BlobChange change, long place) {
    while (places.size() <= place) {
      places.add(batches.size() - 1);
    }
    superseded(change.id());
    count(batches.size() - 1, 1);
    table.put(
        change.id().high(), change.id().low(), first(place, change.length()), change.crc32c());
  }

  /** Notes which part of the object a place is, once that is known. */
  public void setPlace(long place, FrameTable.Range range) {
    if (range.offset() <= ColdReferenceCodec.OFFSET_MAX
        && range.length() <= ColdReferenceCodec.LENGTH_MAX) {
      places.set(place, range.offset(), range.length());
    }
  }

  public void delete(BlobChange change) {
    superseded(change.id());
    table.put(change.id().high(), change.id().low(), 0, 0);
  }

  private void superseded(BlobId id) {
    long position = table.find(id.high(), id.low());
    long place = position < 0 ? 0 : table.first(position) >>> PLACE_SHIFT;
    if (place != 0) {
      count(places.batch(place), -1);
    }
  }

  private void count(int batch, int entries) {
    if (batch >= liveEntries.length) {
      liveEntries = Arrays.copyOf(liveEntries, Math.max(batch + 1, liveEntries.length * 2));
    }
    liveEntries[batch] += entries;
  }

  /**
   * How many entries of each batch are the tier's last of their id, by {@link LiveBatches#number}.
   * Complete once nothing is unread.
   */
  public Map<Long, Long> liveEntries() {
    Map<Long, Long> live = new HashMap<>();
    for (int batch = 0; batch < batches.size(); batch++) {
      int entries = batch < liveEntries.length ? liveEntries[batch] : 0;
      var _ = live.merge(number(batches.get(batch)), (long) entries, Long::sum);
    }
    return live;
  }

  private static long number(TierKeys.BatchName name) {
    return name.generation() << 32 | name.number();
  }

  /** Whether the tier's last entry of an id lies in the batch of this number. */
  public boolean isIn(long high, long low, long batchNumber) {
    long position = table.find(high, low);
    long place = position < 0 ? 0 : table.first(position) >>> PLACE_SHIFT;
    return place != 0 && number(batches.get(places.batch(place))) == batchNumber;
  }

  /** Whether the tier's last entry of an id is a delete. */
  public boolean isDeleted(long high, long low) {
    long position = table.find(high, low);
    return position >= 0 && table.first(position) >>> PLACE_SHIFT == 0;
  }

  private static long first(long place, long length) {
    return place << PLACE_SHIFT | length;
  }

  /** Whether it is known what the tier's last entry of this id is, or that there is none. */
  public boolean isKnown(BlobChange change) {
    return position(change) >= 0 || !hasUnread();
  }

  private long position(BlobChange change) {
    return table.find(change.id().high(), change.id().low());
  }

  /** Where the very bytes of a change lie, or null if the tier's last entry is another. */
  public @Nullable ColdReference find(BlobChange change) {
    long position = position(change);
    if (position < 0) {
      return null;
    }
    long first = table.first(position);
    long place = first >>> PLACE_SHIFT;
    boolean same =
        place != 0
            && (first & LENGTH_MASK) == change.length()
            && (int) table.second(position) == change.crc32c();
    return same ? reference(place) : null;
  }

  private ColdReference reference(long place) {
    TierKeys.BatchName name = batches.get(places.batch(place));
    return places.length(place) == 0
        ? ColdReferenceCodec.encode(name)
        : ColdReferenceCodec.encode(name, places.offset(place), places.length(place));
  }

  /** Whether the tier's last entry of this id is a blob, whichever. */
  boolean isLive(BlobChange change) {
    long position = position(change);
    return position >= 0 && table.first(position) >>> PLACE_SHIFT != 0;
  }

  /** Whether batches of the chain are left that were not read. */
  public boolean hasUnread() {
    return nextUnread < unread().size();
  }

  /**
   * Reads the next older batch of the chain. What is noted already is newer, and stays.
   *
   * @param all whether all of it is to be read and verified, even if it has an index.
   * @throws CorruptionException if the batch is gone or damaged.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   */
  public void readNext(BatchReader reader, boolean all) {
    BatchReference reference = unread().get(nextUnread);
    TierKeys.BatchName name = Objects.requireNonNull(TierKeys.batchName(reference.name()));
    boolean puts = reference.kind() == BatchReference.Kind.PUTS;
    // Only the writer of version 3 derives names.
    if (name.isDerived() && !all) {
      try (BatchIndex index = reader.readIndex(reference)) {
        Found found = new Found(name, puts, index.frames());
        index.forEach((high, low, entry) ->
            found.note(high, low, entry.bodyOffset(), entry.dataBytes(), entry.crc32c()));
      }
    } else {
      try (DecodedBatch batch = reader.read(reference)) {
        Found found = new Found(name, puts, name.isDerived() ? batch.frames() : null);
        batch.forEach((high, low, data, bodyOffset) ->
            found.note(high, low, bodyOffset, data.byteSize(), puts ? BatchCodec.crc32c(data) : 0));
      }
    }
    nextUnread++;
  }

  /** Takes in the entries of one batch of the chain. */
  private final class Found {
    private final boolean puts;
    private final @Nullable FrameTable frames;
    private final int batch;

    /** The place of each run, by its first frame; 0 while it has none. */
    private final long[] placeOfFrame;

    /**
     * @param frames null if blobs of this batch are not read back in parts.
     */
    Found(TierKeys.BatchName name, boolean puts, @Nullable FrameTable frames) {
      this.puts = puts;
      this.frames = frames;
      this.placeOfFrame = new long[frames == null ? 1 : frames.count()];
      batches.add(name);
      this.batch = batches.size() - 1;
    }

    void note(long high, long low, long bodyOffset, long dataBytes, int crc) {
      long first = puts ? first(place(bodyOffset, dataBytes), dataBytes) : 0;
      if (table.putIfAbsent(high, low, first, puts ? crc : 0) && puts) {
        liveRead++;
        count(batch, 1);
      }
    }

    private long place(long bodyOffset, long dataBytes) {
      if (frames == null) {
        return placeOfFrame[0] == 0 ? newPlace(0) : placeOfFrame[0];
      }
      int frame = frames.find(bodyOffset);
      FrameTable.Range range = frames.range(bodyOffset, dataBytes + ENTRY_OVERHEAD_BYTES);
      // An index that lies could give one frame to a small entry and the same to a large one.
      long known = placeOfFrame[frame];
      if (known != 0 && places.length(known) == range.length()) {
        return known;
      }
      long place = newPlace(frame);
      setPlace(place, range);
      return place;
    }

    private long newPlace(int frame) {
      places.add(batch);
      placeOfFrame[frame] = places.size() - 1;
      return placeOfFrame[frame];
    }
  }

  private List<BatchReference> unread() {
    if (unread == null) {
      unread = chain.get();
      for (BatchReference batch : unread) {
        var _ = stored.putIfAbsent(LiveBatches.number(batch.name()), new StoredBatch(batch, null));
      }
    }
    return unread;
  }

  /** How many blobs, as opposed to deletes, reading the chain has noted. */
  long liveRead() {
    return liveRead;
  }

  @Override
  public void close() {
    table.close();
    places.close();
  }
}
