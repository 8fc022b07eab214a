package io.ashlar.tier;

import io.ashlar.store.BlobId;
import io.ashlar.tier.DamagedTier.Damage;
import io.ashlar.tier.batch.FrameTable;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.readback.BatchIndex;
import io.ashlar.tier.readback.BatchReader;
import io.ashlar.tier.readback.DecodedBatch;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Says what can be known of a tier of which one object is damaged, from the tier as it was before:
 * from the history of each blob, entry by entry. It shares no code with what is tested but the
 * readers of whole objects.
 */
final class LossModel {
  /** One entry of the chain; no bytes: a delete. */
  @SuppressWarnings("ArrayRecordComponent")
  record Entry(long sequence, String batch, byte @Nullable [] bytes, long lastFrameEnd) {}

  /** What is known of a blob. */
  enum Verdict {
    /** It has this state, whatever the lost object said. */
    PROVED,
    /** Its last change may have been in the lost object. */
    UNCERTAIN,
    /** Its last change is known, and the bytes are gone. */
    LOST
  }

  /** A verdict, and the bytes of the last state that is left; no bytes: none, or a delete. */
  @SuppressWarnings("ArrayRecordComponent")
  record Known(Verdict verdict, byte @Nullable [] bytes) {}

  private final Map<BlobId, List<Entry>> histories = new HashMap<>();
  private final List<TierManifest> chain;
  private final Map<String, Long> frameEnds = new HashMap<>();
  private final Map<String, List<FrameTable.Range>> frames = new HashMap<>();
  private final List<String> order = new ArrayList<>();

  /** What each batch has, whether the chain lists it or not. */
  private final Map<String, Map<BlobId, byte[]>> holdings = new HashMap<>();

  LossModel(Map<String, byte[]> objects) {
    InMemoryObjectStore whole = new InMemoryObjectStore();
    objects.forEach((key, bytes) -> whole.put(key, ObjectBody.of(bytes)));
    ManifestStore manifests = new ManifestStore(whole);
    chain = ManifestChain.read(manifests, Objects.requireNonNull(manifests.latest())).manifests();
    BatchReader reader = new BatchReader(new TierObjects(whole, null));
    whole
        .listAll(TierKeys.BATCHES)
        .forEach(object -> {
          Map<BlobId, byte[]> held = new HashMap<>();
          try (DecodedBatch batch = reader.read(object.key(), null)) {
            batch.forEach((high, low, data, bodyOffset) ->
                held.put(new BlobId(high, low), data.toArray(ValueLayout.JAVA_BYTE)));
          }
          holdings.put(object.key(), held);
        });
    for (TierManifest manifest : chain) {
      for (BatchReference reference : manifest.batches()) {
        add(reader, manifest.sequence(), reference);
      }
    }
  }

  /**
   * Whether a blob that the store has in the tier only can be read from any batch after damage.
   *
   * @param bytes what the store has.
   */
  boolean isLeft(BlobId id, byte[] bytes, String key, Damage damage, int bytesBefore) {
    for (Map.Entry<String, Map<BlobId, byte[]>> batch : holdings.entrySet()) {
      boolean holds = Arrays.equals(batch.getValue().get(id), bytes);
      if (holds && !batch.getKey().equals(key)) {
        return true;
      }
      // What no manifest describes is taken whole or not at all.
      if (holds && order.contains(key) && isReadable(entry(id, key), damage, bytesBefore)) {
        return true;
      }
    }
    return false;
  }

  private Entry entry(BlobId id, String batch) {
    return Objects.requireNonNull(histories.get(id)).stream()
        .filter(entry -> entry.batch().equals(batch))
        .findFirst()
        .orElseThrow();
  }

  private void add(BatchReader reader, long sequence, BatchReference reference) {
    order.add(reference.name());
    Map<BlobId, Long> ends = new HashMap<>();
    try (BatchIndex index = reader.readIndex(reference)) {
      FrameTable table = index.frames();
      List<FrameTable.Range> ranges = new ArrayList<>();
      for (int i = 0; i < table.count(); i++) {
        ranges.add(new FrameTable.Range(table.offset(i), table.length(i)));
      }
      frames.put(reference.name(), ranges);
      frameEnds.put(reference.name(), ranges.getLast().offset() + ranges.getLast().length());
      index.forEach((high, low, entry) -> {
        FrameTable.Range range = table.range(entry.bodyOffset(), entry.bodyBytes());
        ends.put(new BlobId(high, low), range.offset() + range.length());
      });
    }
    try (DecodedBatch batch = reader.read(reference)) {
      batch.forEach((high, low, data, bodyOffset) -> {
        BlobId id = new BlobId(high, low);
        boolean put = reference.kind() == BatchReference.Kind.PUTS;
        histories
            .computeIfAbsent(id, key -> new ArrayList<>())
            .add(
                new Entry(
                    sequence,
                    reference.name(),
                    put ? data.toArray(ValueLayout.JAVA_BYTE) : null,
                    Objects.requireNonNull(ends.get(id))));
      });
    }
  }

  /** Every id that the chain speaks of. */
  Set<BlobId> ids() {
    return histories.keySet();
  }

  /** The state of each of them, if nothing is lost; none for those that were deleted. */
  Map<BlobId, byte[]> state() {
    Map<BlobId, byte[]> state = new HashMap<>();
    histories.forEach((id, history) -> {
      byte[] bytes = history.getLast().bytes();
      if (bytes != null) {
        state.put(id, bytes);
      }
    });
    return state;
  }

  List<TierManifest> chain() {
    return chain;
  }

  /** What is known of each blob when one object is damaged. */
  Map<BlobId, Known> knownAfter(String key, Damage damage, int bytesBefore) {
    Map<BlobId, Known> known = new HashMap<>();
    histories.forEach((id, history) -> known.put(id, known(history, key, damage, bytesBefore)));
    return known;
  }

  /** Whether an id that is in no entry left is certainly no blob. */
  boolean absenceIsProved(String key, Damage damage, int bytesBefore) {
    return !order.contains(key) || idsKnown(key, damage, bytesBefore);
  }

  private Known known(List<Entry> history, String key, Damage damage, int bytesBefore) {
    Entry last = history.getLast();
    Known untouched = new Known(Verdict.PROVED, last.bytes());
    long sequence = TierKeys.manifestSequence(key);
    if (order.contains(key)) {
      if (order.indexOf(last.batch()) > order.indexOf(key)) {
        return untouched;
      }
      boolean idsKnown = idsKnown(key, damage, bytesBefore);
      if (!last.batch().equals(key)) {
        return idsKnown ? untouched : new Known(Verdict.UNCERTAIN, last.bytes());
      }
      if (isReadable(last, damage, bytesBefore)) {
        return untouched;
      }
      if (idsKnown) {
        // That an id was deleted is in the index, too.
        return last.bytes() == null ? untouched : new Known(Verdict.LOST, null);
      }
      Entry before = history.size() > 1 ? history.get(history.size() - 2) : null;
      return new Known(Verdict.UNCERTAIN, before == null ? null : before.bytes());
    }
    // Of this life every batch number is accounted for. So only what a lost manifest listed itself
    // can have changed in it; a base changed nothing, and the checkpoints before it are kept.
    if (last.sequence() != sequence || isBase(sequence)) {
      return untouched;
    }
    if (last.bytes() != null) {
      return new Known(Verdict.UNCERTAIN, last.bytes()); // its batch is there
    }
    Entry before = history.size() > 1 ? history.get(history.size() - 2) : null;
    return new Known(Verdict.UNCERTAIN, before == null ? null : before.bytes());
  }

  private boolean isBase(long sequence) {
    return chain.getFirst().sequence() == sequence;
  }

  private boolean idsKnown(String batch, Damage damage, int bytesBefore) {
    long end = Objects.requireNonNull(frameEnds.get(batch));
    return switch (damage) {
      case DELETED, EMPTIED, REPLACED -> false;
      case TRUNCATED -> bytesBefore / 2 >= end;
      // The index is damaged, and all frames are there: they are as many as were written.
      case FLIPPED_AT_THE_END, SHORTER_BY_A_BYTE -> true;
      case FLIPPED_AT_THE_START, FLIPPED_IN_THE_MIDDLE, LONGER_BY_A_BYTE -> true;
    };
  }

  private boolean isReadable(Entry entry, Damage damage, int bytesBefore) {
    boolean indexIsWhole =
        damage == Damage.FLIPPED_IN_THE_MIDDLE && frameAt(entry.batch(), bytesBefore / 2) != null;
    if (indexIsWhole && entry.bytes() != null && entry.bytes().length == 0) {
      return true; // its length is in the index, and there is nothing else of it
    }
    return switch (damage) {
      case DELETED, EMPTIED, REPLACED -> false;
      case TRUNCATED -> entry.lastFrameEnd() <= bytesBefore / 2;
      case FLIPPED_AT_THE_START, FLIPPED_AT_THE_END, SHORTER_BY_A_BYTE, LONGER_BY_A_BYTE -> true;
      case FLIPPED_IN_THE_MIDDLE ->
          !framesOf(entry).contains(frameAt(entry.batch(), bytesBefore / 2));
    };
  }

  private Set<FrameTable.Range> framesOf(Entry entry) {
    // Blobs of this life are shorter than a frame, so each lies in one.
    Set<FrameTable.Range> own = new HashSet<>();
    for (FrameTable.Range range : Objects.requireNonNull(frames.get(entry.batch()))) {
      if (range.offset() + range.length() == entry.lastFrameEnd()) {
        own.add(range);
      }
    }
    return own;
  }

  private FrameTable.@Nullable Range frameAt(String batch, long offset) {
    for (FrameTable.Range range : Objects.requireNonNull(frames.get(batch))) {
      if (offset >= range.offset() && offset < range.offset() + range.length()) {
        return range;
      }
    }
    return null; // of the index
  }
}
