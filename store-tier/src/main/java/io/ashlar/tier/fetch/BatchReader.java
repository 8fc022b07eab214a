package io.ashlar.tier.fetch;

import io.ashlar.store.BlobId;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.tier.batch.Batch;
import io.ashlar.tier.batch.BatchCodec;
import io.ashlar.tier.batch.BatchFormatException;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectNotFoundException;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Fetches batch objects whole and decodes them, off the heap and within bounds: an object longer
 * than the largest blob could need is refused before anything is allocated for it.
 *
 * <p>Thread: any; there is no state. Memory: the object and its body while it decodes, the body
 * afterwards.
 */
public final class BatchReader {
  private static final int ATTEMPTS_MAX = 3;

  /** LZ4's worst case on the largest body, and the header. */
  private static final long OBJECT_BYTES_MAX =
      BatchCodec.BODY_BYTES_MAX_DEFAULT + BatchCodec.BODY_BYTES_MAX_DEFAULT / 255 + 1024;

  private final ObjectStore objects;
  private final BatchCodec codec = new BatchCodec();

  /** A reader of the batches below the root of {@code objects}, which stays the caller's. */
  public BatchReader(ObjectStore objects) {
    this.objects = objects;
  }

  /**
   * Reads a batch as its manifest describes it: length, checksum and counts must agree.
   *
   * @return the batch, to be closed.
   * @throws CorruptionException naming the batch, if it is gone or not what the manifest says.
   * @throws TierUnavailableException if the object store does not answer.
   */
  public DecodedBatch read(BatchReference reference) {
    return read(reference.name(), reference, null);
  }

  /**
   * Reads a batch of which only the key is known.
   *
   * @param key the batch's key.
   * @param id the blob that is looked for, named in errors.
   * @return the batch, to be closed.
   * @throws CorruptionException if it is gone or damaged.
   * @throws TierUnavailableException if the object store does not answer.
   */
  public DecodedBatch read(String key, @Nullable BlobId id) {
    return read(key, null, id);
  }

  private DecodedBatch read(String key, @Nullable BatchReference expected, @Nullable BlobId id) {
    for (int attempt = 1; ; attempt++) {
      try {
        return readOnce(key, expected, id);
      } catch (ObjectNotFoundException e) {
        throw damaged("batch is missing", key, id, 1, 0, e);
      } catch (BatchFormatException e) {
        throw damaged(String.valueOf(e.getMessage()), key, id, 0, 0, e);
      } catch (ObjectStoreException e) {
        if (!e.retryable() || attempt == ATTEMPTS_MAX) {
          throw new TierUnavailableException("reading a batch failed: " + e.getMessage(), e);
        }
      }
    }
  }

  private DecodedBatch readOnce(
      String key, @Nullable BatchReference expected, @Nullable BlobId id) {
    Arena bodyArena = Arena.ofShared();
    DecodedBatch decoded = null;
    try (Arena objectArena = Arena.ofShared()) {
      MemorySegment object = fetch(key, expected, id, objectArena);
      Batch batch = codec.decode(object, bodyArena);
      if (expected != null) {
        check(expected.entries(), batch.count(), "batch entry count mismatch", key, id);
        check(
            expected.uncompressedBytes(),
            batch.header().bodyBytes(),
            "batch body length mismatch",
            key,
            id);
      }
      decoded = DecodedBatch.of(bodyArena, batch);
      if (decoded == null) {
        throw damaged("batch has a key that is no blob id", key, id, BlobId.BYTES, 0, null);
      }
      return decoded;
    } finally {
      if (decoded == null) {
        bodyArena.close();
      }
    }
  }

  private MemorySegment fetch(
      String key, @Nullable BatchReference expected, @Nullable BlobId id, Arena arena) {
    try (ObjectContent content = objects.get(key)) {
      if (content.length() > OBJECT_BYTES_MAX) {
        throw damaged(
            "batch is longer than any can be", key, id, OBJECT_BYTES_MAX, content.length(), null);
      }
      if (expected != null) {
        check(expected.bytes(), content.length(), "batch length mismatch", key, id);
      }
      MemorySegment object = arena.allocate(content.length());
      content.readInto(object);
      if (expected != null) {
        long crc = Integer.toUnsignedLong(BatchCodec.crc32c(object));
        check(expected.crc32c(), crc, "batch checksum mismatch", key, id);
      }
      return object;
    }
  }

  private void check(long expected, long actual, String what, String key, @Nullable BlobId id) {
    if (expected != actual) {
      throw damaged(what, key, id, expected, actual, null);
    }
  }

  private CorruptionException damaged(
      String what,
      String key,
      @Nullable BlobId id,
      long expected,
      long actual,
      @Nullable Throwable cause) {
    return new CorruptionException(
        what
            + ": object="
            + key
            + ", store="
            + objects
            + (id == null ? "" : ", id=" + id)
            + ", expected="
            + expected
            + ", actual="
            + actual,
        id,
        -1,
        expected,
        actual,
        cause);
  }
}
