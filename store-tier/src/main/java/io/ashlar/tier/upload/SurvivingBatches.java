package io.ashlar.tier.upload;

import io.ashlar.store.StoreClosedException;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.prefix.RepairOpening;
import io.ashlar.tier.readback.BatchReader;
import io.ashlar.tier.readback.IdTable;
import io.ashlar.tier.readback.OrderedReads;
import io.ashlar.tier.readback.SurvivingBatch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The batches that a repair finds: each is read whole, the newest first, whether a manifest lists
 * it or not. Those that are whole and hold a part of the store's state are kept.
 *
 * <p>Thread: the tiering agent. Made for one repair. Memory: a table of 46 to 91 bytes for each id
 * in batches that are kept, freed by close; during {@link #read} the batches read ahead.
 */
final class SurvivingBatches implements AutoCloseable {
  private static final int BATCHES_AHEAD_MAX = 4;
  private static final long BYTES_AHEAD_MAX = 64L << 20;

  private final BatchReader reader;
  private final RepairWatchers watchers;

  /** What the chain says of its batches. */
  private final Map<String, BatchReference> listed = new HashMap<>();

  /** Batches that manifests of the chain name without listing them. */
  private final Set<String> named = new HashSet<>();

  /** What is read, by ordinal, the newest first; no reference where nothing describes it. */
  private final List<Candidate> candidates = new ArrayList<>();

  /** Batches that the base lists again, the newest first. */
  private final List<BatchReference> kept = new ArrayList<>();

  /** The last entry of each id in the batches that are kept; 1 if it is what the store has. */
  private final IdTable last = new IdTable(0);

  private long lostBatches;
  private long adopted;
  private long orphans;

  private record Candidate(String name, @Nullable BatchReference reference) {}

  /** Tells of batches that the chain lists and that are missing; reads nothing yet. */
  SurvivingBatches(BatchReader reader, RepairOpening.Opened opened, RepairWatchers watchers) {
    this.reader = reader;
    this.watchers = watchers;
    for (TierManifest manifest : opened.chain().survivors()) {
      manifest.batches().forEach(batch -> listed.put(batch.name(), batch));
      named.addAll(manifest.collection().held());
      named.addAll(manifest.collection().pendingDeletes());
      named.addAll(manifest.collection().lost());
    }
    Set<String> there = new HashSet<>();
    for (TierKeys.BatchName name : opened.batches().reversed()) {
      String key = TierKeys.batch(name.generation(), name.number(), name.id());
      there.add(key);
      candidates.add(new Candidate(key, listed.get(key)));
    }
    for (String key : listed.keySet()) {
      if (!there.contains(key)) {
        lostBatches++;
        watchers.losses().onLostObject(key, "batch is missing");
      }
    }
  }

  /**
   * Reads every batch, the newest first, and decides which are kept.
   *
   * @param truth is told the newest batch that has the bytes of each blob.
   * @throws StoreClosedException if the agent is being closed.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   */
  void read(RepairTruth truth) {
    List<OrderedReads.Read<SurvivingBatch>> reads = new ArrayList<>();
    long bytes = 0;
    for (Candidate candidate : candidates) {
      BatchReference reference = candidate.reference();
      bytes += reference == null ? 0 : reference.uncompressedBytes();
      reads.add(
          new OrderedReads.Read<>(
              reference == null ? BYTES_AHEAD_MAX / 2 : reference.uncompressedBytes(),
              () -> read(candidate)));
    }
    watchers.progress().onTotal(candidates.size(), bytes);
    try (OrderedReads<SurvivingBatch> ahead =
        new OrderedReads<>(reads, BATCHES_AHEAD_MAX, BYTES_AHEAD_MAX)) {
      long bytesRead = 0;
      for (int ordinal = 0; ordinal < candidates.size(); ordinal++) {
        RepairPass.checkNotClosing();
        SurvivingBatch batch = ahead.next();
        try {
          sort(ordinal, batch, truth);
        } finally {
          ahead.free(batch);
        }
        BatchReference reference = candidates.get(ordinal).reference();
        bytesRead += reference == null ? 0 : reference.uncompressedBytes();
        watchers.progress().onProgress(ordinal + 1L, bytesRead);
      }
    }
  }

  /** Reads a batch again; the caller closes it. */
  SurvivingBatch read(int ordinal) {
    return read(candidates.get(ordinal));
  }

  private SurvivingBatch read(Candidate candidate) {
    BatchReference reference = candidate.reference();
    return reference == null
        ? SurvivingBatch.read(reader, candidate.name())
        : SurvivingBatch.read(reader, reference);
  }

  private void sort(int ordinal, SurvivingBatch batch, RepairTruth truth) {
    boolean isListed = listed.containsKey(batch.name());
    BatchReference reference = batch.reference();
    boolean puts = reference != null && reference.kind() == BatchReference.Kind.PUTS;
    long[] useful = new long[1];
    if (puts) {
      batch.forEach((high, low, bodyOffset, length, crc, data) -> {
        boolean isBlob = data != null && truth.isBlob(high, low, length, crc);
        useful[0] += isBlob && last.find(high, low) < 0 ? 1 : 0;
        if (isBlob && truth.place(high, low) < 0) {
          truth.setPlace(high, low, ordinal);
        }
      });
    }
    if (batch.isWhole() && useful[0] > 0 && reference != null) { // R2
      batch.forEach((high, low, bodyOffset, length, crc, data) ->
          last.putIfAbsent(high, low, truth.isBlob(high, low, length, crc) ? 1 : 0, 0));
      kept.add(reference);
      adopted += isListed ? 0 : 1;
    }
    if (isListed && !batch.isWhole()) {
      lostBatches++;
      watchers
          .losses()
          .onLostObject(
              batch.name(), String.valueOf(Objects.requireNonNull(batch.damage()).getMessage()));
    } else if (!isListed && !named.contains(batch.name())) {
      boolean isAdopted = !kept.isEmpty() && kept.getLast().equals(reference);
      orphans += isAdopted ? 0 : 1;
      watchers.losses().onOrphan(batch.name(), isAdopted);
    }
  }

  /** Returns the batches that are kept, the oldest first. */
  List<BatchReference> kept() {
    return kept.reversed();
  }

  /** Whether the batches that are kept, or what was copied, hold exactly the store's blob. */
  boolean isHeld(long high, long low) {
    long position = last.find(high, low);
    return position >= 0 && last.first(position) == 1;
  }

  /** Notes that a blob was copied out of a batch that is not kept, or that hides it. */
  void copied(long high, long low) {
    last.put(high, low, 1, 0);
  }

  /** Visits the ids whose last entry in the batches that are kept is not the store's blob. */
  void forEachStale(StaleVisitor visitor) {
    last.forEach((high, low, isBlob, _) -> {
      if (isBlob == 0) {
        visitor.onStale(high, low);
      }
    });
  }

  /** Receives ids. */
  @FunctionalInterface
  interface StaleVisitor {
    void onStale(long high, long low);
  }

  /** Batches of the chain that are missing or damaged. */
  long lostBatches() {
    return lostBatches;
  }

  /** Batches that are kept and that the chain did not list. */
  long adopted() {
    return adopted;
  }

  /** Batches that are not kept and that nothing names. */
  long orphans() {
    return orphans;
  }

  @Override
  public void close() {
    last.close();
  }
}
