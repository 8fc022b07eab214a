package io.ashlar.tier.follow;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobVisitor;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.tier.batch.BatchCodec;
import io.ashlar.tier.batch.FrameTable;
import io.ashlar.tier.batch.FramedBatchFormat;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.fetch.BatchContents;
import io.ashlar.tier.fetch.BatchReader;
import io.ashlar.tier.fetch.ColdReferenceCodec;
import io.ashlar.tier.fetch.IdTable;
import io.ashlar.tier.fetch.OrderedReads;
import io.ashlar.tier.gc.HeldCheckpoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where each blob of one checkpoint lies, with its length and checksum. Made from the indexes of
 * its batches, oldest first; from the index of an earlier checkpoint where that chain goes on.
 *
 * <pre>
 * id -> first: batch's ordinal + 1 (from bit 31; 0: deleted) and length (bits 30–0)
 *       second: frame (bits 63–32), CRC-32C (bits 31–0)
 * </pre>
 *
 * <p>Thread: any, once it is made. Memory: 46 to 91 bytes a blob off the heap, freed when the last
 * user has let it go; 20 bytes of heap a frame.
 */
final class CheckpointIndex {
  private static final int ORDINAL_SHIFT = 31;
  private static final long LENGTH_MASK = (1L << ORDINAL_SHIFT) - 1;
  private static final int FRAME_SHIFT = 32;
  private static final int INDEXES_AHEAD_MAX = 16;
  private static final long INDEX_BYTES_AHEAD_MAX = 32L << 20;
  private static final long ENTRY_OVERHEAD_BYTES = BlobId.BYTES + BatchCodec.ENTRY_FRAMING_BYTES;

  /** A batch, and where its frames lie if it can be read in parts. */
  private record Source(
      BatchReference batch, TierKeys.BatchName name, @Nullable FrameTable frames) {}

  private final HeldCheckpoint checkpoint;
  private final TierManifest manifest;
  private final IdTable table;
  private final List<Source> sources;
  private long blobs;
  private long blobBytes;
  private int users = 1; // guarded by this

  private CheckpointIndex(HeldCheckpoint checkpoint, IdTable table, List<Source> sources) {
    this.checkpoint = checkpoint;
    this.manifest = checkpoint.manifest();
    this.table = table;
    this.sources = sources;
  }

  /**
   * Makes the index of a checkpoint.
   *
   * @param checkpoint the checkpoint, which is closed with the index; also if this fails.
   * @param chain its manifests.
   * @param earlier the index of another checkpoint of the same tier, which is used if the chain
   *     goes on from it; not changed.
   * @throws StoreOpenException if it needs more than {@code bytesMax} bytes.
   */
  static CheckpointIndex make(
      HeldCheckpoint checkpoint,
      ManifestChain chain,
      BatchReader reader,
      @Nullable CheckpointIndex earlier,
      long bytesMax) {
    List<BatchReference> batches = chain.batchesNewestFirst().reversed();
    boolean goesOn = earlier != null && earlier.isPrefixOf(batches);
    CheckpointIndex index =
        goesOn && earlier != null
            ? new CheckpointIndex(
                checkpoint, earlier.table.copy(), new ArrayList<>(earlier.sources))
            : new CheckpointIndex(checkpoint, new IdTable(0), new ArrayList<>());
    if (goesOn && earlier != null) {
      index.blobs = earlier.blobs;
      index.blobBytes = earlier.blobBytes;
    }
    boolean done = false;
    try {
      index.add(batches.subList(index.sources.size(), batches.size()), reader, bytesMax);
      done = true;
      return index;
    } finally {
      if (!done) {
        index.release();
      }
    }
  }

  private boolean isPrefixOf(List<BatchReference> batches) {
    if (sources.size() > batches.size()) {
      return false;
    }
    for (int i = 0; i < sources.size(); i++) {
      if (!sources.get(i).batch().equals(batches.get(i))) {
        return false;
      }
    }
    return true;
  }

  private void add(List<BatchReference> batches, BatchReader reader, long bytesMax) {
    List<OrderedReads.Read<BatchContents>> reads = new ArrayList<>();
    for (BatchReference batch : batches) {
      reads.add(
          new OrderedReads.Read<>(
              BatchContents.bytesEstimate(batch), () -> BatchContents.read(reader, batch)));
    }
    try (OrderedReads<BatchContents> ahead =
        new OrderedReads<>(reads, INDEXES_AHEAD_MAX, INDEX_BYTES_AHEAD_MAX)) {
      while (ahead.hasNext()) {
        try (BatchContents contents = ahead.next()) {
          add(contents, bytesMax);
        }
      }
    }
  }

  private void add(BatchContents contents, long bytesMax) {
    BatchReference batch = contents.reference();
    FrameTable frames = contents.frames();
    sources.add(
        new Source(batch, Objects.requireNonNull(TierKeys.batchName(batch.name())), frames));
    long ordinal = sources.size();
    boolean puts = batch.kind() == BatchReference.Kind.PUTS;
    contents.forEach((high, low, bodyOffset, dataBytes, crc) -> {
      if (table.bytesAfterPut() > bytesMax) {
        throw new StoreOpenException(
            "the index of this checkpoint needs more memory than is allowed: indexBytesMax="
                + bytesMax
                + ", checkpoint="
                + manifest.sequence(),
            null);
      }
      long position = table.find(high, low);
      long before = position < 0 ? 0 : table.first(position);
      if (before != 0) {
        blobs--;
        blobBytes -= before & LENGTH_MASK;
      }
      long frame = frames == null ? 0 : frames.find(bodyOffset);
      if (puts) {
        blobs++;
        blobBytes += dataBytes;
      }
      table.put(
          high,
          low,
          puts ? ordinal << ORDINAL_SHIFT | dataBytes : 0,
          frame << FRAME_SHIFT | Integer.toUnsignedLong(crc));
    });
  }

  /** The checkpoint, which its last user lets go. */
  HeldCheckpoint checkpoint() {
    return checkpoint;
  }

  /** The checkpoint's manifest. */
  TierManifest manifest() {
    return manifest;
  }

  long blobs() {
    return blobs;
  }

  long blobBytes() {
    return blobBytes;
  }

  long bytes() {
    return table.bytes();
  }

  /** A blob's length, or {@link io.ashlar.store.BlobStore#NOT_FOUND}. */
  long length(BlobId id) {
    long position = table.find(id.high(), id.low());
    long first = position < 0 ? 0 : table.first(position);
    return first == 0 ? io.ashlar.store.BlobStore.NOT_FOUND : first & LENGTH_MASK;
  }

  /** A blob's checksum; the checkpoint must have it. */
  int crc32c(BlobId id) {
    return (int) table.second(table.find(id.high(), id.low()));
  }

  /** Where a blob lies; the checkpoint must have it. */
  ColdReference reference(BlobId id) {
    long position = table.find(id.high(), id.low());
    long first = table.first(position);
    Source source = sources.get((int) (first >>> ORDINAL_SHIFT) - 1);
    FrameTable frames = source.frames();
    if (frames == null) {
      return ColdReferenceCodec.encode(source.name());
    }
    int frame = (int) (table.second(position) >>> FRAME_SHIFT);
    long length = first & LENGTH_MASK;
    // Only what is longer has frames of its own, and begins the first of them.
    FrameTable.Range range =
        length > FramedBatchFormat.FRAME_BYTES_TARGET
            ? frames.range(frames.rawStart(frame), length + ENTRY_OVERHEAD_BYTES)
            : new FrameTable.Range(frames.offset(frame), frames.length(frame));
    return ColdReferenceCodec.encode(source.name(), range.offset(), range.length());
  }

  void forEach(BlobVisitor visitor) {
    table.forEach((high, low, first, second) -> {
      if (first != 0) {
        visitor.onBlob(high, low, first & LENGTH_MASK, false);
      }
    });
  }

  /** Keeps it for one more user; false if it is freed already. */
  synchronized boolean retain() {
    if (users == 0) {
      return false;
    }
    users++;
    return true;
  }

  /** Lets it go; the last one frees it and releases the checkpoint's pin. */
  void release() {
    synchronized (this) {
      users--;
      if (users > 0) {
        return;
      }
    }
    table.close();
    checkpoint.close(); // a request, so not under the monitor
  }
}
