package io.ashlar.tier.restore;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobStore;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.batch.BatchCodec;
import io.ashlar.tier.batch.FrameTable;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.readback.BatchContents;
import io.ashlar.tier.readback.BatchReader;
import io.ashlar.tier.readback.IdTable;
import io.ashlar.tier.readback.OrderedReads;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decides what a restore onto a store that holds blobs has to fetch. It reads the indexes of the
 * batches, newest first, and compares each id's last state with the store. A blob counts as the
 * same if its length and CRC-32C are the same, and if the store reads it without finding damage.
 *
 * <p>Thread: one. Memory: two tables of 46 to 91 bytes an id, freed by close, and the indexes read
 * ahead.
 */
final class RestorePlan implements AutoCloseable {
  private static final int INDEXES_AHEAD_MAX = 16;
  private static final long INDEX_BYTES_AHEAD_MAX = 32L << 20;
  private static final long ENTRY_OVERHEAD_BYTES = BlobId.BYTES + BatchCodec.ENTRY_FRAMING_BYTES;

  /** In the table of decisions: the checkpoint has no such blob. */
  static final long ABSENT = 0;

  /** In the table of decisions: the store holds it already. */
  static final long KEPT = 1;

  private static final long WANTED_FIRST = 2;

  private final LocalBlobs local;

  /** First: a decision, or {@link #WANTED_FIRST} and a batch's ordinal; second: CRC-32C. */
  private final IdTable decisions = new IdTable(0);

  private final List<WorkItem> items = new ArrayList<>();
  private long keptBlobs;

  /** Plans for a store that offers its changes. */
  RestorePlan(BlobStore store, TierSource source) {
    this.local = new LocalBlobs(store, source);
  }

  /** Told how many entries and bytes of a batch need not be fetched. */
  @FunctionalInterface
  interface Skipped {
    void onSkipped(long entries, long bytes);
  }

  void make(BatchReader reader, List<BatchReference> newestFirst, Skipped skipped) {
    List<OrderedReads.Read<BatchContents>> reads = new ArrayList<>();
    for (BatchReference batch : newestFirst) {
      reads.add(
          new OrderedReads.Read<>(
              BatchContents.bytesEstimate(batch), () -> BatchContents.read(reader, batch)));
    }
    try (OrderedReads<BatchContents> contents =
        new OrderedReads<>(reads, INDEXES_AHEAD_MAX, INDEX_BYTES_AHEAD_MAX)) {
      for (int ordinal = 0; contents.hasNext(); ordinal++) {
        RestoreRun.checkNotInterrupted();
        try (BatchContents batch = contents.next()) {
          decide(batch, ordinal, skipped);
        }
      }
    }
  }

  private void decide(BatchContents batch, int ordinal, Skipped skipped) {
    boolean puts = batch.reference().kind() == BatchReference.Kind.PUTS;
    FrameTable frames = batch.frames();
    List<FrameTable.Range> wanted = new ArrayList<>();
    long[] counts = new long[3];
    batch.forEach((high, low, bodyOffset, dataBytes, crc) -> {
      long decision = puts ? WANTED_FIRST + ordinal : ABSENT;
      if (puts && decisions.find(high, low) < 0 && local.holds(high, low, dataBytes, crc)) {
        decision = KEPT;
      }
      boolean isFirst = decisions.putIfAbsent(high, low, decision, Integer.toUnsignedLong(crc));
      if (!isFirst || decision < WANTED_FIRST) {
        counts[0]++;
        counts[1] += dataBytes;
        keptBlobs += isFirst && decision == KEPT ? 1 : 0;
        return;
      }
      counts[2]++;
      if (frames != null) {
        wanted.add(frames.range(bodyOffset, dataBytes + ENTRY_OVERHEAD_BYTES));
      }
    });
    if (counts[2] > 0) {
      wanted.sort(Comparator.comparingLong(FrameTable.Range::offset));
      items.add(
          frames == null
              ? WorkItem.whole(batch.reference(), ordinal)
              : WorkItem.of(batch.reference(), ordinal, wanted));
    }
    skipped.onSkipped(counts[0], counts[1]);
  }

  /** What is to be fetched. */
  List<WorkItem> items() {
    return items;
  }

  /**
   * The CRC-32C that a blob must have if it is to be put from a batch; null if it is not.
   *
   * @param ordinal the batch's.
   */
  @Nullable Integer wanted(long high, long low, int ordinal) {
    long position = decisions.find(high, low);
    return position >= 0 && decisions.first(position) == WANTED_FIRST + ordinal
        ? Integer.valueOf((int) decisions.second(position))
        : null;
  }

  /** Whether the checkpoint has a blob. */
  boolean isLive(long high, long low) {
    long position = decisions.find(high, low);
    return position >= 0 && decisions.first(position) != ABSENT;
  }

  long keptBlobs() {
    return keptBlobs;
  }

  @Override
  public void close() {
    local.close();
    decisions.close();
  }
}
