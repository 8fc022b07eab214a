package io.ashlar.tier.pack;

import io.ashlar.store.BlobId;
import io.ashlar.store.StoreException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.spi.BackgroundWork;
import io.ashlar.store.spi.BlobChange;
import io.ashlar.store.spi.FutureOutcomes;
import io.ashlar.store.spi.TierSnapshot;
import io.ashlar.tier.batch.BatchCodec;
import io.ashlar.tier.batch.Encryption;
import io.ashlar.tier.batch.FramedBatchEncoder;
import io.ashlar.tier.batch.FramedHeader;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.key.FrameKey;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.prefix.BlobLocations;
import io.ashlar.tier.prefix.StoredBatch;
import io.ashlar.tier.prefix.TierWriter;
import io.ashlar.tier.readback.BlobKey;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Packs changes into batch objects of version 3 and uploads them. One batch is sent while the next
 * is filled. Blobs are read from a snapshot straight into the frame, which is compressed when it is
 * full.
 *
 * <p>A batch is sent before it would exceed its target. A larger blob is alone in its batch, and no
 * batch is filled while that one is sent. So memory is bounded by two objects of the target and two
 * frames, or by one blob as a body and as an object.
 *
 * <p>Thread: the tiering agent; sending runs on the given thread. Memory: its own, freed by close.
 */
public final class BatchPacker implements AutoCloseable {
  /** How much more room than the first group suggests, and for the index. */
  private static final double RESERVE_FACTOR = 1.05;

  private static final long RESERVE_BYTES = 256 << 10;

  private static final long STEP_BYTES = 64 << 10;

  private static final MemorySegment NOTHING = MemorySegment.ofArray(new byte[0]);

  private final @Nullable TierSnapshot source;
  private final TierObjects objects;
  private final TierWriter writer;
  private final BlobLocations locations;
  private final Sending how;
  private final BackgroundWork work;
  private final MemorySegment key = MemorySegment.ofArray(new byte[BlobId.BYTES]);
  private final List<BatchReference> sent = new ArrayList<>();
  private final long epoch;

  private FramedBatchEncoder filling = new FramedBatchEncoder();
  private FramedBatchEncoder sending = new FramedBatchEncoder();
  private @Nullable CompletableFuture<StoredBatch> inFlight;
  private TierKeys.@Nullable BatchName name;
  private long firstPlace;
  private BatchReference.Kind kind = BatchReference.Kind.PUTS;
  private long blobs;
  private long blobBytes;
  private long packedBytes; // on this thread since it rested
  private long deletes;

  /**
   * @param source what {@link #put} reads from; null if only {@link #copy} is used.
   * @param how the size of batches, and the threads and pace of the work.
   * @param epoch the last epoch that is packed, for the headers.
   */
  public BatchPacker(
      @Nullable TierSnapshot source,
      TierObjects objects,
      TierWriter writer,
      BlobLocations locations,
      Sending how,
      long epoch) {
    this.source = source;
    this.objects = objects;
    this.writer = writer;
    this.locations = locations;
    this.how = how;
    work = how.background().get();
    this.epoch = epoch;
  }

  /**
   * Packs the blob of a change of the snapshot.
   *
   * @throws StoreException if reading it or sending a batch failed.
   */
  public void put(BlobChange change) {
    TierSnapshot from = Objects.requireNonNull(source);
    pack(change, target -> from.read(change, target));
  }

  /**
   * Packs a blob whose bytes are at hand.
   *
   * @param change its id, length and checksum.
   */
  public void copy(BlobChange change, MemorySegment data) {
    pack(change, target -> MemorySegment.copy(data, 0, target, 0, data.byteSize()));
  }

  private void pack(BlobChange change, Consumer<MemorySegment> fill) {
    boolean alone = PackPlan.entryBytes(change.length()) > how.bytesTarget();
    begin(BatchReference.Kind.PUTS, PackPlan.entryBytes(change.length()));
    if (alone) {
      await();
    }
    BlobKey.write(change.id().high(), change.id().low(), key);
    fill.accept(filling.claim(key, change.length()));
    locations.put(change, firstPlace + filling.keep(change.crc32c()));
    blobs++;
    blobBytes += change.length();
    restAfter(change.length());
    if (alone) {
      send();
      await();
    }
  }

  /** Rests, once enough was packed here. */
  private void restAfter(long bytes) {
    packedBytes += bytes;
    if (packedBytes >= STEP_BYTES) {
      work.rest(packedBytes);
      packedBytes = 0;
    }
  }

  /** Returns the work of the thread that packs. */
  public BackgroundWork work() {
    return work;
  }

  /** Makes frames of the blobs of changes, on other threads, to be {@link #append}ed. */
  public PackThreads threads(ChangeList changes) {
    locations.expect(changes.storedCount());
    return new PackThreads(
        Objects.requireNonNull(source),
        changes,
        new PackPlan(changes, how.bytesTarget()),
        how.background());
  }

  /** Adds the frames that were made of a group's blobs. */
  public void append(ChangeList changes, PackPlan.Group group, GroupPacker packed) {
    begin(BatchReference.Kind.PUTS, packed.frames().rawBytes());
    if (filling.entries() == 0) {
      reserve(changes, packed.frames());
    }
    long place = firstPlace + filling.append(packed.frames());
    int blob = 0;
    for (long i = group.from(); i < group.to(); i++) {
      if (changes.isStored(i)) {
        BlobChange change = changes.get(i);
        locations.put(change, place + packed.frameRun(blob++));
        blobBytes += change.length();
      }
    }
    blobs += blob;
    work.rest(0); // the group's bytes were counted when they were read
  }

  /** Makes room for a batch that compresses as its first group does, or for what is left. */
  private void reserve(ChangeList changes, FramedBatchEncoder first) {
    long left =
        changes.storedBytes()
            - blobBytes
            + (changes.storedCount() - blobs) * PackPlan.entryBytes(0);
    double share = (double) Math.min(left, how.bytesTarget()) / first.rawBytes() * RESERVE_FACTOR;
    filling.reserve(
        (long) (first.objectBytes() * share) + RESERVE_BYTES,
        Math.min(changes.storedCount() - blobs, (long) (first.entries() * share)));
  }

  /** Packs a delete. */
  public void delete(BlobChange change) {
    begin(BatchReference.Kind.DELETES, PackPlan.entryBytes(0));
    BlobKey.write(change.id().high(), change.id().low(), key);
    filling.add(key, NOTHING);
    locations.delete(change);
    deletes++;
  }

  /** Makes sure that the batch being filled is of this kind and has room. */
  private void begin(BatchReference.Kind wanted, long bytes) {
    boolean full = filling.rawBytes() + bytes > how.bytesTarget();
    if (filling.entries() > 0 && (kind != wanted || full)) {
      send();
    }
    kind = wanted;
    if (name == null) {
      name = writer.newBatchName();
      firstPlace = locations.addBatch(name);
      encrypt(name);
    }
  }

  private void encrypt(TierKeys.BatchName batch) {
    if (objects.keys() == null) {
      writer.encrypts(Encryption.NONE);
      return;
    }
    FrameKey current = objects.keys().current();
    filling.seal(current, batch.id());
    writer.encrypts(Encryption.with(current));
  }

  private void send() {
    TierKeys.BatchName sendName = name;
    if (filling.entries() == 0 || sendName == null) {
      return;
    }
    await();
    FramedBatchEncoder full = filling;
    full.seal();
    if (kind == BatchReference.Kind.PUTS) {
      for (int run = 0; run < full.runs(); run++) {
        locations.setPlace(firstPlace + run, full.run(run));
      }
    }
    BatchReference.Kind sendKind = kind;
    inFlight = FutureOutcomes.supply(() -> encodeAndPut(full, sendName, sendKind), how.sender());
    filling = sending;
    sending = full;
    name = null;
  }

  private StoredBatch encodeAndPut(
      FramedBatchEncoder full, TierKeys.BatchName batch, BatchReference.Kind batchKind) {
    BackgroundWork sends = how.background().get();
    String object = TierKeys.batch(batch.generation(), batch.number(), batch.id());
    MemorySegment bytes =
        full.encode(
            new FramedHeader(full.entries(), epoch, batch.id(), System.currentTimeMillis()));
    sends.rest(0);
    TierUploadEvent event = new TierUploadEvent();
    event.begin();
    event.batch = object;
    event.entries = full.entries();
    event.bytes = bytes.byteSize();
    event.uncompressedBytes = full.rawBytes();
    String etag;
    try {
      etag = put(object, new PacedBody(ObjectBody.of(bytes), bytes, sends));
    } catch (RuntimeException e) {
      event.failure = e.getClass().getSimpleName();
      throw e;
    } finally {
      event.commit();
    }
    BatchReference reference =
        new BatchReference(
            object,
            batchKind,
            full.entries(),
            bytes.byteSize(),
            full.rawBytes(),
            Integer.toUnsignedLong(BatchCodec.crc32c(bytes)));
    full.clear();
    return new StoredBatch(reference, etag);
  }

  private String put(String object, ObjectBody body) {
    try {
      return objects.store().put(object, body).etag();
    } catch (ObjectStoreException e) {
      throw new TierUnavailableException("uploading a batch failed: " + e.getMessage(), e);
    }
  }

  /** Waits for what is being sent. */
  private void await() {
    CompletableFuture<StoredBatch> waited = inFlight;
    inFlight = null;
    if (waited == null) {
      return;
    }
    try {
      StoredBatch batch = waited.join();
      locations.stored(batch);
      sent.add(batch.reference());
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  /**
   * Sends what is left and waits for it.
   *
   * @return the batches since the last call, in the order in which they apply; all are durable.
   */
  public List<BatchReference> drain() {
    send();
    await();
    List<BatchReference> batches = List.copyOf(sent);
    sent.clear();
    return batches;
  }

  /** Batches since the last {@link #drain} that are durable. */
  public int sentCount() {
    return sent.size();
  }

  /** Blobs packed. */
  public long blobs() {
    return blobs;
  }

  /** Their bytes. */
  public long blobBytes() {
    return blobBytes;
  }

  /** Deletes packed. */
  public long deletes() {
    return deletes;
  }

  /** Waits for what is being sent, whatever becomes of it, and frees the memory. */
  @Override
  public void close() {
    if (inFlight != null) {
      inFlight.exceptionally(e -> null).join();
      inFlight = null;
    }
    filling.close();
    sending.close();
  }
}
