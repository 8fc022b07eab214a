package io.ashlar.tier.laminar;

import io.ashlar.tier.batch.BatchCodec;
import io.ashlar.tier.batch.BatchEncoder;
import io.ashlar.tier.batch.BatchFormatException;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectNotFoundException;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.PutResult;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Collects the entries of an epoch and writes them as one compressed object, with one PUT instead
 * of one for each entry. The key is LaminarDB's: {@code {prefix}checkpoints/batch-{epoch}.lz4},
 * with the epoch in at least six digits.
 *
 * <p>Order and duplicates are kept, and keys and data may be empty. An object is never overwritten:
 * a second flush of an epoch is refused.
 *
 * <p>Nothing is encrypted: LaminarDB's batches have no encryption. The batches of a {@link
 * io.ashlar.tier.Tier} have, if it is given keys.
 *
 * <p>Thread: one. Memory: the entries are copied into native memory when they are added, and freed
 * by close; the store belongs to the caller.
 */
public final class CheckpointBatcher implements AutoCloseable {
  /** The default flush threshold: 8 MiB of uncompressed bytes. */
  public static final long THRESHOLD_BYTES_DEFAULT = 8L << 20;

  private final ObjectStore store;
  private final String prefix;
  private final long thresholdBytes;
  private final BatchMetrics metrics;
  private final BatchEncoder encoder = new BatchCodec().newEncoder();

  /** The epoch whose last put failed without telling whether it was applied. */
  private long unansweredEpoch;

  private boolean unanswered;

  /**
   * @param store where the batches go.
   * @param prefix put before {@code checkpoints/…} unchanged; empty, or ends with a slash.
   * @param thresholdBytes uncompressed bytes from which {@link #shouldFlush} says yes, 1 or more.
   * @param metrics counts what is written; may be shared.
   */
  public CheckpointBatcher(
      ObjectStore store, String prefix, long thresholdBytes, BatchMetrics metrics) {
    if (thresholdBytes < 1) {
      throw new IllegalArgumentException(
          "thresholdBytes must be 1 or more: value=" + thresholdBytes);
    }
    if (!prefix.isEmpty() && !prefix.endsWith("/")) {
      throw new IllegalArgumentException(
          "prefix must be empty or end with a slash: prefix=" + prefix);
    }
    this.store = store;
    this.prefix = prefix;
    this.thresholdBytes = thresholdBytes;
    this.metrics = metrics;
  }

  /** A batcher with the default threshold and metrics of its own. */
  public CheckpointBatcher(ObjectStore store, String prefix) {
    this(store, prefix, THRESHOLD_BYTES_DEFAULT, new BatchMetrics());
  }

  /**
   * Adds an entry by copying it.
   *
   * @throws BatchFormatException if the batch would exceed what one object can hold; flush first.
   */
  public void add(MemorySegment key, MemorySegment data) {
    encoder.add(key, data);
  }

  /** As {@link #add(MemorySegment, MemorySegment)}, with a key of text, stored as UTF-8. */
  public void add(String key, byte[] data) {
    add(MemorySegment.ofArray(key.getBytes(StandardCharsets.UTF_8)), MemorySegment.ofArray(data));
  }

  /** Uncompressed bytes collected: key, data and 8 for each entry. */
  public long bufferedBytes() {
    return encoder.bodyBytes();
  }

  /** Entries collected. */
  public long bufferedEntries() {
    return encoder.entries();
  }

  /** Whether the collected bytes have reached the threshold. */
  public boolean shouldFlush() {
    return encoder.bodyBytes() >= thresholdBytes;
  }

  /** What has been written. */
  public BatchMetrics metrics() {
    return metrics;
  }

  /** The key under which {@link #flush} writes an epoch, which is unsigned. */
  public String key(long epoch) {
    String digits = Long.toUnsignedString(epoch);
    return prefix
        + "checkpoints/batch-"
        + "0".repeat(Math.max(0, 6 - digits.length()))
        + digits
        + ".lz4";
  }

  /**
   * Writes the collected entries as the batch of {@code epoch} and forgets them; does nothing when
   * there are none. If it throws, the entries are kept and flushing again is safe. A put that was
   * applied although it seemed to fail is recognised by its bytes.
   *
   * @param epoch the epoch, unsigned.
   * @return whether an object was written.
   * @throws EpochAlreadyFlushedException if the epoch's batch is there already.
   * @throws ObjectStoreException if the store fails.
   */
  public boolean flush(long epoch) {
    if (encoder.entries() == 0) {
      return false;
    }
    MemorySegment object = encoder.encode();
    String key = key(epoch);
    boolean maybeOwn = unanswered && unansweredEpoch == epoch;
    PutResult result;
    try {
      result = store.putIfAbsent(key, ObjectBody.of(object));
    } catch (ObjectStoreException e) {
      unanswered = true;
      unansweredEpoch = epoch;
      throw e;
    }
    if (result instanceof PutResult.Refused refused
        && !((maybeOwn || refused.maybeOwn()) && holds(key, object))) {
      throw new EpochAlreadyFlushedException(epoch, key);
    }
    unanswered = false;
    metrics.recordBatch(encoder.entries(), encoder.bodyBytes(), object.byteSize());
    encoder.clear();
    return true;
  }

  private boolean holds(String key, MemorySegment expected) {
    try (ObjectContent content = store.get(key);
        InputStream stored = content.stream();
        InputStream ours = ObjectBody.of(expected).newStream()) {
      if (content.length() != expected.byteSize()) {
        return false;
      }
      byte[] chunk = new byte[64 << 10];
      for (int n = stored.read(chunk); n >= 0; n = stored.read(chunk)) {
        byte[] same = ours.readNBytes(n);
        if (!Arrays.equals(chunk, 0, n, same, 0, same.length)) {
          return false;
        }
      }
      return true;
    } catch (ObjectNotFoundException deleted) {
      return false;
    } catch (IOException e) {
      throw new ObjectStoreException("reading back a batch failed: key=" + key, true, e);
    }
  }

  /** Frees the memory; entries that were not flushed are forgotten. */
  @Override
  public void close() {
    encoder.close();
  }
}
