package io.ashlar.tier.follow;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobVisitor;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.tier.batch.BatchCodec;
import io.ashlar.tier.batch.FrameTable;
import io.ashlar.tier.batch.FramedBatchFormat;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.checkpoint.Remedy;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.collect.HeldCheckpoint;
import io.ashlar.tier.collect.SurvivingChain;
import io.ashlar.tier.readback.BatchContents;
import io.ashlar.tier.readback.BatchReader;
import io.ashlar.tier.readback.ColdReferenceCodec;
import io.ashlar.tier.readback.DecodedBatch;
import io.ashlar.tier.readback.IdTable;
import io.ashlar.tier.readback.OrderedReads;
import io.ashlar.tier.readback.SurvivingBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where each blob of one checkpoint lies, with its length and checksum. It is made from the indexes
 * of the checkpoint's batches, oldest first. It extends the index of an earlier checkpoint if the
 * chain continues from there.
 *
 * <pre>
 * id -> first: batch's ordinal + 1 (from bit 31; 0: deleted) and length (bits 30–0)
 *       second: frame (bits 63–32), CRC-32C (bits 31–0); of a delete, its batch's ordinal + 1
 * </pre>
 *
 * <p><b>A checkpoint that has lost objects</b> is indexed as far as it is proved ({@link
 * SurvivingChain}). A batch whose ids are not known, and a gap that is not bounded, make everything
 * before them uncertain. {@link #certainAfter} is the ordinal of the last such batch. Of a bounded
 * gap only the ids of its candidates are uncertain. A lookup fails for an uncertain id, and for an
 * id that no surviving batch has.
 *
 * <p>Thread: any, once it is made. Memory: 46 to 91 bytes a blob off the heap, freed when the last
 * user has released it; 20 bytes of heap a frame.
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

  /** What the table says of an id that a lost manifest may have changed, or that is lost. */
  private static final long DOUBTED = 0xFFFF_FFFFL << ORDINAL_SHIFT;

  private final HeldCheckpoint checkpoint;
  private final TierManifest manifest;
  private final long sequence;
  private final IdTable table;
  private final List<Source> sources;
  private long blobs;
  private long blobBytes;

  /** Entries of batches up to this ordinal + 1 are uncertain. */
  private long certainAfter;

  /** Whether anything lost may have changed any id. */
  private boolean isOpaque;

  /** What is lost, for people; null if nothing is. */
  private @Nullable String lost;

  private int users = 1; // guarded by this

  private CheckpointIndex(
      HeldCheckpoint checkpoint, long sequence, IdTable table, List<Source> sources) {
    this.checkpoint = checkpoint;
    this.manifest = checkpoint.manifest();
    this.sequence = sequence;
    this.table = table;
    this.sources = sources;
  }

  /**
   * Makes the index of a checkpoint.
   *
   * @param checkpoint the checkpoint, which is closed with the index; also if this fails.
   * @param chain its manifests.
   * @param earlier the index of another checkpoint of the same tier, which is extended if the chain
   *     continues it; not changed.
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
                checkpoint,
                chain.latest().sequence(),
                earlier.table.copy(),
                new ArrayList<>(earlier.sources))
            : new CheckpointIndex(
                checkpoint, chain.latest().sequence(), new IdTable(0), new ArrayList<>());
    if (goesOn && earlier != null) {
      index.blobs = earlier.blobs;
      index.blobBytes = earlier.blobBytes;
    }
    boolean done = false;
    try {
      index.add(batches.subList(index.sources.size(), batches.size()), reader, bytesMax);
      index.addRecordedLosses(reader, bytesMax);
      done = true;
      return index;
    } finally {
      if (!done) {
        index.release();
      }
    }
  }

  /**
   * Makes the index of a checkpoint that has lost objects.
   *
   * @param checkpoint the newest manifest that is left, which is closed with the index; also if
   *     this fails.
   * @param chain what is left.
   * @throws StoreOpenException if it needs more than {@code bytesMax} bytes.
   */
  static CheckpointIndex makePartial(
      HeldCheckpoint checkpoint, SurvivingChain chain, BatchReader reader, long bytesMax) {
    CheckpointIndex index =
        new CheckpointIndex(checkpoint, chain.sequence(), new IdTable(0), new ArrayList<>());
    boolean done = false;
    try {
      for (SurvivingChain.Link link : chain.links()) {
        switch (link) {
          case SurvivingChain.Listed listed -> index.addPartial(listed.batch(), reader, bytesMax);
          case SurvivingChain.Gap gap -> index.addGap(gap, reader, bytesMax);
        }
      }
      index.addRecordedLosses(reader, bytesMax);
      index.count();
      done = true;
      return index;
    } finally {
      if (!done) {
        index.release();
      }
    }
  }

  /** Blobs that a repair has recorded as lost, unless they were put again. */
  private void addRecordedLosses(BatchReader reader, long bytesMax) {
    for (String record : manifest.collection().lost()) {
      try (DecodedBatch batch = reader.read(record, null)) {
        batch.forEach((high, low, data, bodyOffset) -> {
          long position = table.find(high, low);
          if (position < 0 || table.first(position) == 0) {
            checkMemory(bytesMax);
            table.put(high, low, DOUBTED, 0);
          }
        });
      }
    }
  }

  private void addPartial(BatchReference batch, BatchReader reader, long bytesMax) {
    try (BatchContents contents = BatchContents.read(reader, batch)) {
      add(contents, bytesMax);
      return;
    } catch (CorruptionException damaged) {
      // What is left of it, then.
    }
    try (SurvivingBatch left = SurvivingBatch.read(reader, batch)) {
      if (!left.idsKnown()) {
        uncertainSoFar(left.name());
      }
      lost = left.isWhole() ? lost : left.name();
      Source source = source(batch, left.frames());
      left.forEach((high, low, bodyOffset, length, crc, data) ->
          add(source, high, low, bodyOffset, length, crc, bytesMax));
    }
  }

  private void addGap(SurvivingChain.Gap gap, BatchReader reader, long bytesMax) {
    lost = TierKeys.manifest(gap.from());
    if (gap.neutral()) {
      return;
    }
    if (!gap.bounded()) {
      uncertainSoFar(lost);
    }
    for (String name : gap.candidates()) {
      try (SurvivingBatch candidate = SurvivingBatch.read(reader, name)) {
        if (!candidate.idsKnown()) {
          uncertainSoFar(lost);
        }
        candidate.forEach((high, low, bodyOffset, length, crc, data) -> {
          checkMemory(bytesMax);
          table.put(high, low, DOUBTED, 0);
        });
      }
    }
  }

  private void uncertainSoFar(String because) {
    certainAfter = sources.size();
    lost = because;
    isOpaque = true;
  }

  /** Counts what is certain, where entries were not counted one by one. */
  private void count() {
    blobs = 0;
    blobBytes = 0;
    table.forEach((high, low, first, second) -> {
      if (isCertainBlob(first)) {
        blobs++;
        blobBytes += first & LENGTH_MASK;
      }
    });
  }

  private boolean isCertainBlob(long first) {
    return first != 0 && first != DOUBTED && first >>> ORDINAL_SHIFT > certainAfter;
  }

  private boolean isPrefixOf(List<BatchReference> batches) {
    if (lost != null || sources.size() > batches.size()) {
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
    Source source = source(contents.reference(), contents.frames());
    contents.forEach((high, low, bodyOffset, dataBytes, crc) ->
        add(source, high, low, bodyOffset, dataBytes, crc, bytesMax));
  }

  private Source source(BatchReference batch, @Nullable FrameTable frames) {
    Source source =
        new Source(batch, Objects.requireNonNull(TierKeys.batchName(batch.name())), frames);
    sources.add(source);
    return source;
  }

  /** Takes in an entry of the source that was added last. */
  private void add(
      Source source, long high, long low, long bodyOffset, long dataBytes, int crc, long bytesMax) {
    checkMemory(bytesMax);
    long position = table.find(high, low);
    long before = position < 0 ? 0 : table.first(position);
    if (before != 0 && before != DOUBTED) {
      blobs--;
      blobBytes -= before & LENGTH_MASK;
    }
    long ordinal = sources.size();
    if (source.batch().kind() == BatchReference.Kind.DELETES) {
      table.put(high, low, 0, ordinal);
      return;
    }
    blobs++;
    blobBytes += dataBytes;
    FrameTable frames = source.frames();
    long frame = frames == null ? 0 : frames.find(bodyOffset);
    table.put(
        high,
        low,
        ordinal << ORDINAL_SHIFT | dataBytes,
        frame << FRAME_SHIFT | Integer.toUnsignedLong(crc));
  }

  private void checkMemory(long bytesMax) {
    if (table.bytesAfterPut() > bytesMax) {
      throw new StoreOpenException(
          "the index of this checkpoint needs more memory than is allowed: indexBytesMax="
              + bytesMax
              + ", checkpoint="
              + sequence,
          null);
    }
  }

  /** The checkpoint, which the last user releases. */
  HeldCheckpoint checkpoint() {
    return checkpoint;
  }

  /** The checkpoint's manifest. */
  TierManifest manifest() {
    return manifest;
  }

  /** Its sequence: that of the manifest, or of a later one that is lost. */
  long sequence() {
    return sequence;
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

  /**
   * A blob's length, or {@link io.ashlar.store.BlobStore#NOT_FOUND}.
   *
   * @throws CorruptionException if that is uncertain, as objects of the checkpoint are lost.
   */
  long length(BlobId id) {
    long position = table.find(id.high(), id.low());
    long first = position < 0 ? 0 : table.first(position);
    if (lost != null || first == DOUBTED) {
      checkCertain(id, position, first);
    }
    return first == 0 ? io.ashlar.store.BlobStore.NOT_FOUND : first & LENGTH_MASK;
  }

  private void checkCertain(BlobId id, long position, long first) {
    long ordinal = position < 0 ? 0 : first == 0 ? table.second(position) : first >>> ORDINAL_SHIFT;
    if (first == DOUBTED || (isOpaque && ordinal <= certainAfter)) {
      throw new CorruptionException(
          (lost == null
                  ? "blob is lost, as a repair of the tier has recorded: id="
                  : "state of a blob is uncertain, as a later change may be lost; "
                      + Remedy.REPAIR_OR_RESTORE
                      + ": id=")
              + id
              + ", checkpoint="
              + sequence
              + ", lost="
              + lost,
          id,
          -1,
          0,
          0,
          null);
    }
  }

  /**
   * Checks that nothing of the checkpoint is lost.
   *
   * @throws CorruptionException if something is.
   */
  void checkWhole() {
    if (lost != null) {
      throw new CorruptionException(
          "objects of this checkpoint are lost, so only what is certain was visited: checkpoint="
              + sequence
              + ", visited="
              + blobs
              + ", lost="
              + lost,
          null,
          -1,
          0,
          0,
          null);
    }
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
      if (isCertainBlob(first)) {
        visitor.onBlob(high, low, first & LENGTH_MASK, false);
      }
    });
  }

  /** Holds it for one more user; false if it is freed already. */
  synchronized boolean retain() {
    if (users == 0) {
      return false;
    }
    users++;
    return true;
  }

  /** Releases it; the last user frees it, and with it the checkpoint's pin. */
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
