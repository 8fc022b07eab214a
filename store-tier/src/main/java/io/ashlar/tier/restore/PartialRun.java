package io.ashlar.tier.restore;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobStore;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.LossListener;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.collect.SurvivingChain;
import io.ashlar.tier.collect.SurvivingChain.Gap;
import io.ashlar.tier.collect.SurvivingChain.Listed;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.readback.BatchReader;
import io.ashlar.tier.readback.IdTable;
import io.ashlar.tier.readback.OrderedReads;
import io.ashlar.tier.readback.SurvivingBatch;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Puts the proved blobs of a damaged checkpoint into a store, and reports the others.
 *
 * <p>The chain is walked from its newest batch to the oldest, and each batch is read whole. The
 * first entry met of an id is its last known state:
 *
 * <ul>
 *   <li><i>Proved</i>: no lost object comes after it that may have changed this id.
 *   <li><i>Uncertain</i>: a lost object comes after it and may have changed this id. The same holds
 *       for entries in a candidate, a batch that only a lost manifest can have listed.
 *   <li><i>Lost</i>: the index of its batch says that it is there, and its frames are damaged.
 * </ul>
 *
 * <p>A batch whose ids are not known, and a gap that is not bounded, make everything older
 * uncertain. Candidates without any data may be deletes: they make older blobs of their ids
 * uncertain and bring none. A lost base alone makes nothing uncertain. Its candidates, which are
 * copies by compaction, are used only for ids that are met nowhere else.
 *
 * <p>Thread: one. Memory: a table of 46 to 91 bytes an id, two with a store to restore onto, and
 * the batches read ahead; freed by close.
 */
final class PartialRun implements AutoCloseable {
  /** In the table: the id's state is known, or was given up. */
  private static final long SETTLED = 0;

  /** In the table: it is settled, and the store has it. */
  private static final long RESTORED = 1;

  /** In the table: it may have been deleted or emptied after what is met next. */
  private static final long DOUBTED = 2;

  /** In the table, second: its last entry is a delete. */
  private static final long DELETED = 1;

  private final SurvivingChain chain;
  private final TierProgress progress;
  private final LossListener listener;
  private final boolean guess;
  private final BatchReader reader;
  private final RestoreEpochs epochs;
  private final @Nullable LocalBlobs local;
  private final IdTable seen = new IdTable(0);

  /** Whether everything older than what was read so far is uncertain. */
  private boolean opaque;

  private long entriesDone;
  private long bytesDone;
  private long keptBlobs;
  private long deletedBlobs;
  private long batches;
  private long batchesFetched;
  private long lostManifests;
  private long lostBatches;
  private long lostBlobs;
  private long entriesUnknown;
  private long uncertain;
  private long uncertainRestored;

  /**
   * @param source of the same store, if it may hold blobs.
   * @param guess whether uncertain blobs are restored, too.
   */
  PartialRun(
      TierObjects objects,
      BlobStore into,
      @Nullable TierSource source,
      SurvivingChain chain,
      boolean guess,
      TierProgress progress,
      LossListener listener) {
    this.chain = chain;
    this.progress = progress;
    this.listener = listener;
    this.guess = guess;
    this.reader = new BatchReader(objects);
    this.epochs = new RestoreEpochs(into);
    this.local = source == null ? null : new LocalBlobs(into, source);
  }

  void run() {
    for (SurvivingChain.LostManifests lost : chain.lost()) {
      lostManifests += lost.through() - lost.from() + 1;
      listener.onLostObject(lost.keys(), lost.reason());
    }
    List<SurvivingChain.Link> newestFirst = chain.links().reversed();
    tellTotal();
    try (OrderedReads<SurvivingBatch> ahead =
        new OrderedReads<>(
            reads(newestFirst), RestoreRun.BATCHES_AHEAD_MAX, RestoreRun.BYTES_AHEAD_MAX)) {
      for (SurvivingChain.Link link : newestFirst) {
        switch (link) {
          case Listed listed -> read(ahead, batch -> apply(listed, batch));
          case Gap gap when !gap.neutral() -> {
            opaque |= !gap.bounded();
            readCandidates(gap, ahead);
          }
          case Gap neutral -> {}
        }
      }
      neutralGaps(newestFirst).forEach(gap -> readCandidates(gap, ahead));
    }
    TierManifest newest = chain.newest();
    if (newest != null) {
      newest.collection().lost().forEach(record -> tellRecorded(record, newest.sequence()));
    }
    if (local != null) {
      deletedBlobs = epochs.deleteAllBut(this::isRestored);
    }
    epochs.finish();
  }

  /** Tells of blobs that a repair found lost, unless they were put again. */
  private void tellRecorded(String record, long sequence) {
    try (SurvivingBatch batch = SurvivingBatch.read(reader, record)) {
      tellLost(batch);
      batch.forEach((high, low, bodyOffset, length, crc, data) -> {
        long position = seen.find(high, low);
        if (position < 0 || seen.second(position) == DELETED) {
          lostBlobs++;
          listener.onLostBlob(new BlobId(high, low), -1, sequence);
        }
      });
    }
  }

  /** What is read, in the order in which it is applied. */
  private List<OrderedReads.Read<SurvivingBatch>> reads(List<SurvivingChain.Link> newestFirst) {
    List<OrderedReads.Read<SurvivingBatch>> reads = new ArrayList<>();
    for (SurvivingChain.Link link : newestFirst) {
      switch (link) {
        case Listed listed ->
            reads.add(
                new OrderedReads.Read<>(
                    listed.batch().uncompressedBytes(),
                    () -> SurvivingBatch.read(reader, listed.batch())));
        case Gap gap when !gap.neutral() -> addCandidates(reads, gap);
        case Gap neutral -> {}
      }
    }
    neutralGaps(newestFirst).forEach(gap -> addCandidates(reads, gap));
    return reads;
  }

  private static List<Gap> neutralGaps(List<SurvivingChain.Link> newestFirst) {
    return newestFirst.stream()
        .filter(Gap.class::isInstance)
        .map(Gap.class::cast)
        .filter(Gap::neutral)
        .toList();
  }

  private void addCandidates(List<OrderedReads.Read<SurvivingBatch>> reads, Gap gap) {
    for (String name : gap.candidates().reversed()) {
      // Nothing says how long it is.
      reads.add(
          new OrderedReads.Read<>(
              RestoreRun.BYTES_AHEAD_MAX / 2, () -> SurvivingBatch.read(reader, name)));
    }
  }

  private static void read(
      OrderedReads<SurvivingBatch> ahead, Consumer<SurvivingBatch> application) {
    RestoreRun.checkNotInterrupted();
    SurvivingBatch batch = ahead.next();
    try {
      application.accept(batch);
    } finally {
      ahead.free(batch);
    }
  }

  private void readCandidates(Gap gap, OrderedReads<SurvivingBatch> ahead) {
    for (int i = 0; i < gap.candidates().size(); i++) {
      read(ahead, batch -> apply(gap, batch));
    }
  }

  private void apply(Listed listed, SurvivingBatch batch) {
    BatchReference reference = listed.batch();
    boolean puts = reference.kind() == BatchReference.Kind.PUTS;
    long[] found = new long[1];
    batch.forEach((high, low, bodyOffset, length, crc, data) -> {
      found[0]++;
      long position = seen.find(high, low);
      boolean doubted = position >= 0 && seen.first(position) == DOUBTED;
      if (position >= 0 && !doubted) {
        return;
      }
      boolean restored = false;
      if (puts) {
        BlobId id = new BlobId(high, low);
        restored =
            (opaque || doubted)
                ? uncertain(id, length, crc, data, listed.sequence())
                : proved(id, length, crc, data, listed.sequence());
      }
      seen.put(high, low, restored ? RESTORED : SETTLED, puts ? 0 : DELETED);
    });
    tellLost(batch);
    if (!batch.idsKnown()) {
      entriesUnknown += Math.max(0, reference.entries() - found[0]);
      opaque = true;
    }
    batches++;
    batchesFetched += found[0] > 0 ? 1 : 0;
    entriesDone += reference.entries();
    bytesDone += RestoreRun.dataBytes(reference);
    progress.onProgress(entriesDone, bytesDone);
  }

  private void apply(Gap gap, SurvivingBatch batch) {
    boolean puts = batch.hasData();
    batch.forEach((high, low, bodyOffset, length, crc, data) -> {
      long position = seen.find(high, low);
      if (position >= 0 && seen.first(position) != DOUBTED) {
        return;
      }
      boolean restored = puts && uncertain(new BlobId(high, low), length, crc, data, gap.through());
      seen.put(high, low, restored ? RESTORED : puts ? SETTLED : DOUBTED, 0);
    });
    tellLost(batch);
    // A neutral gap has changed nothing, whatever it listed.
    opaque |= !batch.idsKnown() && !gap.neutral();
  }

  private void tellLost(SurvivingBatch batch) {
    CorruptionException damage = batch.damage();
    if (damage != null) {
      lostBatches++;
      listener.onLostObject(batch.name(), String.valueOf(damage.getMessage()));
    }
  }

  private boolean proved(
      BlobId id, long length, int crc, @Nullable MemorySegment data, long sequence) {
    if (data == null) {
      lostBlobs++;
      listener.onLostBlob(id, length, sequence);
      return false;
    }
    restore(id, length, crc, data);
    return true;
  }

  private boolean uncertain(
      BlobId id, long length, int crc, @Nullable MemorySegment data, long sequence) {
    if (data == null) {
      return proved(id, length, crc, null, sequence);
    }
    uncertain++;
    listener.onUncertainBlob(id, length, sequence, guess);
    if (guess) {
      uncertainRestored++;
      restore(id, length, crc, data);
    }
    return guess;
  }

  private void restore(BlobId id, long length, int crc, MemorySegment data) {
    if (local != null && local.holds(id.high(), id.low(), length, crc)) {
      keptBlobs++;
    } else {
      epochs.put(id, data);
    }
  }

  private boolean isRestored(long high, long low) {
    long position = seen.find(high, low);
    return position >= 0 && seen.first(position) == RESTORED;
  }

  private void tellTotal() {
    long entries = 0;
    long dataBytes = 0;
    for (SurvivingChain.Link link : chain.links()) {
      if (link instanceof Listed listed) {
        entries += listed.batch().entries();
        dataBytes += RestoreRun.dataBytes(listed.batch());
      }
    }
    progress.onTotal(entries, dataBytes);
  }

  RestoreReport report() {
    TierManifest newest = chain.newest();
    return new RestoreReport(
        chain.sequence(),
        newest == null ? 0 : newest.lastEpoch(),
        epochs.blobs(),
        epochs.bytes(),
        keptBlobs,
        deletedBlobs,
        batches,
        batchesFetched,
        chain.survivors().size(),
        new RestoreReport.Losses(
            lostManifests, lostBatches, lostBlobs, entriesUnknown, uncertain, uncertainRestored));
  }

  @Override
  public void close() {
    epochs.close();
    if (local != null) {
      local.close();
    }
    seen.close();
  }
}
