package io.ashlar.tier.restore;

import io.ashlar.tier.batch.FrameTable;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.readback.BatchReader;
import io.ashlar.tier.readback.DecodedBatch;
import java.util.ArrayList;
import java.util.List;

/**
 * What is fetched of one batch.
 *
 * @param ordinal the batch's place in the plan, which tells whose entries count.
 * @param parts ranges of whole runs, in their order; none for the whole object.
 */
record WorkItem(BatchReference batch, int ordinal, List<FrameTable.Range> parts) {
  /** Frames between two wanted ones that are read with them rather than with another request. */
  private static final long GAP_BYTES_MAX = 256L << 10;

  /** What one request reads of a batch at most, unless a blob is longer. */
  private static final long PART_BYTES_MAX = 8L << 20;

  static WorkItem whole(BatchReference batch, int ordinal) {
    return new WorkItem(batch, ordinal, List.of());
  }

  /**
   * The frames that are wanted of a batch; all of it, if they are more than half.
   *
   * @param wanted ranges of runs, in the order of their offsets, some of them repeated.
   */
  static WorkItem of(BatchReference batch, int ordinal, List<FrameTable.Range> wanted) {
    List<FrameTable.Range> parts = new ArrayList<>();
    long bytes = 0;
    for (FrameTable.Range range : wanted) {
      FrameTable.Range last = parts.isEmpty() ? null : parts.getLast();
      long lastEnd = last == null ? 0 : last.offset() + last.length();
      long end = range.offset() + range.length();
      if (last != null && end <= lastEnd) {
        continue;
      }
      if (last != null
          && range.offset() - lastEnd <= GAP_BYTES_MAX
          && end - last.offset() <= PART_BYTES_MAX) {
        parts.removeLast();
        parts.add(new FrameTable.Range(last.offset(), end - last.offset()));
        bytes += end - lastEnd;
      } else {
        parts.add(range);
        bytes += range.length();
      }
    }
    return bytes * 2 > batch.bytes() ? whole(batch, ordinal) : new WorkItem(batch, ordinal, parts);
  }

  /** Memory that it takes, at most. */
  long bytes() {
    return batch.uncompressedBytes();
  }

  /** The batches, or parts of one, of a work item. */
  record Fetched(WorkItem item, List<DecodedBatch> batches) implements AutoCloseable {
    @Override
    public void close() {
      batches.forEach(DecodedBatch::close);
    }
  }

  /** Fetches it. Runs on a thread of its own. */
  Fetched fetch(BatchReader reader) {
    if (parts.isEmpty()) {
      return new Fetched(this, List.of(reader.read(batch)));
    }
    List<DecodedBatch> batches = new ArrayList<>();
    boolean done = false;
    try {
      for (FrameTable.Range part : parts) {
        batches.add(reader.readFrames(batch.name(), part.offset(), part.length()));
      }
      done = true;
      return new Fetched(this, batches);
    } finally {
      if (!done) {
        batches.forEach(DecodedBatch::close);
      }
    }
  }
}
