package io.ashlar.tier.readback;

import io.ashlar.store.BlobId;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.WrongKeyException;
import io.ashlar.store.spi.LargeArena;
import io.ashlar.tier.batch.Batch;
import io.ashlar.tier.batch.BatchCodec;
import io.ashlar.tier.batch.BatchDecoder;
import io.ashlar.tier.batch.BatchFormatException;
import io.ashlar.tier.batch.Encryption;
import io.ashlar.tier.batch.FrameKeyException;
import io.ashlar.tier.batch.FramedBatchReader;
import io.ashlar.tier.batch.FramedIndex;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.object.FailureKind;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectNotFoundException;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.request.SecondLook;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Fetches batch objects, whole or in parts, and decodes them off the heap. An object or part that
 * is longer than the largest blob could need is refused before memory is allocated for it.
 *
 * <p>{@link io.ashlar.tier.object.retry.RetryingObjectStore} is the layer that repeats requests
 * which fail. Here what was answered is judged: what looks absent or damaged is asked for once more
 * before that is believed ({@link SecondLook}).
 *
 * <p>Thread: any; there is no state. Memory: what is fetched and its body while it decodes, the
 * body afterwards.
 */
public final class BatchReader {
  /** LZ4's worst case on the largest body, and the header; frames and an index need less. */
  private static final long OBJECT_BYTES_MAX =
      BatchCodec.BODY_BYTES_MAX_DEFAULT + BatchCodec.BODY_BYTES_MAX_DEFAULT / 255 + 1024;

  private final ObjectStore objects;
  private final BatchDecoder decoder;
  private final FramedBatchReader framed;

  /**
   * A reader of the batches below the root of {@code objects}, which stays the caller's. Where one
   * is encrypted and its key is missing or wrong, every method throws {@link WrongKeyException}.
   */
  public BatchReader(TierObjects objects) {
    this.objects = objects.store();
    this.decoder = new BatchDecoder(objects.keys());
    this.framed = new FramedBatchReader(BatchCodec.BODY_BYTES_MAX_DEFAULT, objects.keys());
  }

  /**
   * Reads a batch as its manifest describes it: length, checksum and counts must agree.
   *
   * @return the batch, to be closed.
   * @throws CorruptionException naming the batch, if it is gone or not what the manifest says.
   * @throws TierUnavailableException if the object store does not answer.
   */
  public DecodedBatch read(BatchReference reference) {
    String key = reference.name();
    return answered(key, null, () -> decoded(key, reference, null));
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
    return answered(key, id, () -> decoded(key, null, id));
  }

  /**
   * Reads frames of a batch with one ranged GET, and verifies them.
   *
   * @param offset where the first of them begins.
   * @param length whole runs, one after the other.
   * @return the entries in them, to be closed.
   * @throws CorruptionException if the batch is gone, or these bytes are no whole frames.
   * @throws TierUnavailableException if the object store does not answer.
   */
  public DecodedBatch readFrames(String key, long offset, long length) {
    return answered(
        key,
        null,
        () -> {
          try (Fetched fetched = fetched(key, offset, length, length)) {
            return decodedRun(key, offset, fetched.bytes());
          }
        });
  }

  /** Bytes of an object, in memory of their own; to be closed. */
  record Fetched(Arena arena, MemorySegment bytes) implements AutoCloseable {
    @Override
    public void close() {
      arena.close();
    }
  }

  /**
   * Reads a part of a batch with one ranged GET. Nothing of it is verified yet.
   *
   * @param offset its first byte.
   * @param length most bytes to read; the object may end before.
   * @param needed bytes that the object must have there.
   * @throws CorruptionException if the batch is gone or truncated.
   * @throws TierUnavailableException if the object store does not answer.
   */
  Fetched fetch(String key, long offset, long length, long needed) {
    return answered(key, null, () -> fetched(key, offset, length, needed));
  }

  private Fetched fetched(String key, long offset, long length, long needed) {
    Arena arena = LargeArena.ofShared();
    boolean done = false;
    try {
      MemorySegment target = arena.allocate(checkedLength(key, length));
      long read = readRange(key, offset, target, needed);
      done = true;
      return new Fetched(arena, target.asSlice(0, read));
    } finally {
      if (!done) {
        arena.close();
      }
    }
  }

  /**
   * Decodes frames that {@link #fetch} read, and verifies them. This makes no request; if the
   * frames are damaged, read them again by {@link #readFrames}.
   *
   * @param offset where they begin in the object.
   * @param frames whole runs, and nothing else.
   * @return the entries in these frames, to be closed.
   * @throws CorruptionException if these bytes are no whole frames.
   */
  DecodedBatch decodeRun(String key, long offset, MemorySegment frames) {
    return told(key, null, () -> decodedRun(key, offset, frames));
  }

  private DecodedBatch decodedRun(String key, long offset, MemorySegment frames) {
    return withArenas(
        key,
        null,
        objectArena -> frames,
        (bytes, arena) -> framed.decodeRun(batchId(key), offset, bytes, arena));
  }

  /** The whole runs at the start of a part of a batch; nothing is verified. */
  List<FramedBatchReader.Run> runs(MemorySegment frames) {
    return framed.runs(frames);
  }

  /**
   * Reads the index of a batch of version 3, with one ranged GET of its end, or two if the index is
   * long. The blobs themselves are neither read nor verified.
   *
   * @return the index, to be closed.
   * @throws CorruptionException naming the batch, if it is gone, its index or footer is damaged, or
   *     it is not what the manifest says.
   * @throws TierUnavailableException if the object store does not answer.
   */
  public BatchIndex readIndex(BatchReference reference) {
    String key = reference.name();
    return answered(key, null, () -> indexed(key, reference));
  }

  /**
   * Reads an object without judging its content.
   *
   * @param arena what its bytes are allocated in.
   * @throws CorruptionException if it is gone, or longer than any batch.
   * @throws TierUnavailableException if the object store does not answer.
   */
  MemorySegment readObject(String key, Arena arena) {
    return answered(key, null, () -> whole(key, null, null, arena));
  }

  /**
   * Decodes an object that {@link #readObject} read, and verifies all of it.
   *
   * @throws CorruptionException if it is no whole batch, or not the one of this key.
   */
  DecodedBatch decode(String key, MemorySegment object) {
    return told(
        key,
        null,
        () ->
            withArenas(
                key,
                null,
                objectArena -> object,
                (bytes, bodyArena) -> {
                  Batch batch = decoder.decode(bytes, bodyArena);
                  checkName(batch, key, null);
                  return batch;
                }));
  }

  /** What decodes batches of version 3. */
  FramedBatchReader framed() {
    return framed;
  }

  /**
   * Reads how a batch is encrypted, with one ranged GET of its first bytes; no key is needed.
   *
   * @throws CorruptionException if it is gone, or damaged there.
   * @throws TierUnavailableException if the object store does not answer.
   */
  public Encryption encryption(BatchReference reference) {
    String key = reference.name();
    long length = Math.min(Encryption.START_BYTES, reference.bytes());
    return answered(
        key,
        null,
        () -> {
          try (Fetched start = fetched(key, 0, length, length)) {
            return Encryption.of(start.bytes());
          }
        });
  }

  /**
   * Reads how a batch is encrypted of which only the key is known.
   *
   * @throws CorruptionException if it is gone, or damaged there.
   * @throws TierUnavailableException if the object store does not answer.
   */
  public Encryption encryption(String key) {
    return answered(
        key,
        null,
        () -> {
          try (Fetched start = fetched(key, 0, Encryption.START_BYTES, 1)) {
            return Encryption.of(start.bytes());
          }
        });
  }

  /** Reads, and once more if the answer was bad. */
  <T> T answered(String key, @Nullable BlobId id, Supplier<T> once) {
    return told(key, id, () -> SecondLook.required(key, once, BatchReader::isBadAnswer));
  }

  private static boolean isBadAnswer(RuntimeException e) {
    return e instanceof CorruptionException
        || e instanceof BatchFormatException
        || e instanceof FrameKeyException
        || e instanceof ObjectNotFoundException
        || (e instanceof ObjectStoreException refused && refused.kind() == FailureKind.PERMANENT);
  }

  /** Tells what failed for good by its object; reads nothing again. */
  <T> T told(String key, @Nullable BlobId id, Supplier<T> once) {
    try {
      return once.get();
    } catch (ObjectNotFoundException e) {
      throw damaged("batch is missing", key, id, 1, 0, e);
    } catch (BatchFormatException e) {
      throw damaged(String.valueOf(e.getMessage()), key, id, 0, 0, e);
    } catch (FrameKeyException e) {
      throw new WrongKeyException(
          e.getMessage()
              + ", object="
              + key
              + ", store="
              + objects
              + "; open the tier with the key",
          e);
    } catch (ObjectStoreException e) {
      throw new TierUnavailableException("reading a batch failed: " + e.getMessage(), e);
    }
  }

  /** What decodes fetched bytes into memory of an arena. */
  @FunctionalInterface
  private interface Decode {
    Batch decode(MemorySegment fetched, Arena bodyArena);
  }

  private DecodedBatch withArenas(
      String key, @Nullable BlobId id, Function<Arena, MemorySegment> fetch, Decode decode) {
    Arena bodyArena = LargeArena.ofShared();
    DecodedBatch decoded = null;
    // Confined: closing a shared arena asks every thread of the process whether it reads there.
    try (Arena objectArena = LargeArena.ofConfined()) {
      decoded = DecodedBatch.of(bodyArena, decode.decode(fetch.apply(objectArena), bodyArena));
      if (decoded == null) {
        throw notAnId(key, id);
      }
      return decoded;
    } finally {
      if (decoded == null) {
        bodyArena.close();
      }
    }
  }

  private DecodedBatch decoded(String key, @Nullable BatchReference expected, @Nullable BlobId id) {
    return withArenas(
        key,
        id,
        objectArena -> whole(key, expected, id, objectArena),
        (object, bodyArena) -> {
          Batch batch = decoder.decode(object, bodyArena);
          if (expected != null) {
            checkCounts(expected, batch.count(), batch.header().bodyBytes(), id);
          }
          checkName(batch, key, id);
          return batch;
        });
  }

  private void checkCounts(
      BatchReference expected, long entries, long bodyBytes, @Nullable BlobId id) {
    check(expected.entries(), entries, "batch entry count mismatch", expected.name(), id);
    check(
        expected.uncompressedBytes(), bodyBytes, "batch body length mismatch", expected.name(), id);
  }

  /** Whether a batch that says its own id lies under the key of that id. */
  private void checkName(Batch batch, String key, @Nullable BlobId id) {
    TierKeys.BatchName name = TierKeys.batchName(key);
    if (batch.framedHeader() != null
        && name != null
        && !batch.framedHeader().id().equals(name.id())) {
      throw damaged("batch is another: its id=" + batch.framedHeader().id(), key, id, 0, 0, null);
    }
  }

  private MemorySegment whole(
      String key, @Nullable BatchReference expected, @Nullable BlobId id, Arena arena) {
    try (ObjectContent content = objects.get(key)) {
      if (expected != null) {
        check(expected.bytes(), content.length(), "batch length mismatch", key, id);
      }
      MemorySegment object = arena.allocate(checkedLength(key, content.length()));
      content.readInto(object);
      if (expected != null) {
        long crc = Integer.toUnsignedLong(BatchCodec.crc32c(object));
        check(expected.crc32c(), crc, "batch checksum mismatch", key, id);
      }
      return object;
    }
  }

  private BatchIndex indexed(String key, BatchReference reference) {
    Arena arena = Arena.ofShared();
    BatchIndex index = null;
    try {
      FramedIndex decoded =
          framed.openIndex(
              batchId(key),
              checkedLength(key, reference.bytes()),
              (offset, target) -> readRange(key, offset, target, target.byteSize()),
              arena);
      checkCounts(reference, decoded.entries(), decoded.rawBytes(), null);
      long crc = Integer.toUnsignedLong(decoded.objectCrc32c());
      check(reference.crc32c(), crc, "batch index is that of another batch", key, null);
      index = BatchIndex.of(arena, decoded);
      if (index == null) {
        throw notAnId(key, null);
      }
      return index;
    } finally {
      if (index == null) {
        arena.close();
      }
    }
  }

  /** Fills as much of {@code target} as the object has; at least {@code needed} bytes. */
  private long readRange(String key, long offset, MemorySegment target, long needed) {
    try (ObjectContent content = objects.get(key, offset, target.byteSize())) {
      if (content.length() < needed) {
        throw truncated(key, offset + needed, content.object().length(), null);
      }
      content.readInto(target.asSlice(0, content.length()));
      return content.length();
    } catch (ObjectNotFoundException e) {
      throw e;
    } catch (ObjectStoreException e) {
      if (!e.retryable()) {
        // Refused: if the object ends before the range, it is the object that is wrong.
        ObjectInfo object = SecondLook.head(objects, key);
        if (object != null && object.length() < offset + needed) {
          throw truncated(key, offset + needed, object.length(), e);
        }
      }
      throw e;
    }
  }

  private static UUID batchId(String key) {
    return Objects.requireNonNull(TierKeys.batchName(key)).id();
  }

  private CorruptionException truncated(
      String key, long expected, long actual, @Nullable Throwable cause) {
    return damaged("batch is truncated", key, null, expected, actual, cause);
  }

  private long checkedLength(String key, long length) {
    if (length > OBJECT_BYTES_MAX) {
      throw damaged("batch is longer than any can be", key, null, OBJECT_BYTES_MAX, length, null);
    }
    return length;
  }

  private CorruptionException notAnId(String key, @Nullable BlobId id) {
    return damaged("batch has a key that is no blob id", key, id, BlobId.BYTES, 0, null);
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
