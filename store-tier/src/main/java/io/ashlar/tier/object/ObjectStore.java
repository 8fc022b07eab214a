package io.ashlar.tier.object;

import java.lang.foreign.MemorySegment;
import java.util.Collection;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A flat map from keys to immutable-by-convention objects, as S3 and a directory both can be.
 *
 * <p><b>Consistency.</b> A write that returned is durable and seen by every later read, head and
 * list of any client. Readers see a whole object, old or new, never a mixture. {@link #putIfAbsent}
 * and {@link #putIfMatch} are atomic against every other write of the key. If several race, exactly
 * one stores.
 *
 * <p><b>Keys</b> follow {@link ObjectKey}; every method throws {@link ObjectKeyException} for one
 * that does not, before any request. A key must not be a leading path of another ({@code a} and
 * {@code a/b}): the directory store refuses the second.
 *
 * <p><b>Thread:</b> any, and all methods block; call them from virtual threads for concurrency.
 * Memory passed in is not kept after the call.
 *
 * <p><b>Errors:</b> {@link ObjectNotFoundException}, else {@link ObjectStoreException}; after a
 * failed write the outcome is unknown. A store that was closed throws {@link
 * IllegalStateException}.
 *
 * @implSpec Implementations run {@code ObjectStoreContractTest}.
 */
public interface ObjectStore extends AutoCloseable {
  /** Most keys in one {@link #deleteAll}. */
  int DELETE_KEYS_MAX = 1000;

  /** Most objects in one {@link ObjectPage}. */
  int LIST_OBJECTS_MAX = 1000;

  /**
   * Reads a whole object.
   *
   * @param key the object.
   * @return its content, to be closed.
   * @throws ObjectNotFoundException if it is absent.
   */
  ObjectContent get(String key);

  /**
   * Reads a range of an object: {@code min(length, object length - offset)} bytes.
   *
   * @param key the object.
   * @param offset first byte, 0 or more.
   * @param length most bytes to read, 1 or more.
   * @return the content of the range, to be closed.
   * @throws ObjectNotFoundException if it is absent.
   * @throws ObjectStoreException not retryable, if the object has no byte at {@code offset}.
   * @throws IllegalArgumentException if offset or length is out of range.
   */
  ObjectContent get(String key, long offset, long length);

  /**
   * Fills {@code target} from {@code offset}; never through a heap array of its size.
   *
   * @param key the object.
   * @param offset first byte, 0 or more.
   * @param target where the bytes go.
   * @return what the store says about the whole object.
   * @throws ObjectStoreException not retryable, if the object ends before {@code target} is full.
   */
  default ObjectInfo get(String key, long offset, MemorySegment target) {
    try (ObjectContent content = get(key, offset, target.byteSize())) {
      if (content.length() != target.byteSize()) {
        throw new ObjectStoreException(
            "object is shorter than asked for: key="
                + ObjectKey.shown(key)
                + ", offset="
                + offset
                + ", expected="
                + target.byteSize()
                + ", actual="
                + content.length(),
            false,
            null);
      }
      content.readInto(target);
      return content.object();
    }
  }

  /**
   * {@return what the store says about an object, or null if it is absent}
   *
   * @param key the object.
   */
  @Nullable ObjectInfo head(String key);

  /**
   * Writes an object, replacing what is there.
   *
   * @param key the object.
   * @param body its bytes.
   * @return the version that was written.
   */
  PutResult.Stored put(String key, ObjectBody body);

  /**
   * Writes an object unless one is there ({@code If-None-Match: *}).
   *
   * @param key the object.
   * @param body its bytes.
   * @return whether it was written.
   */
  PutResult putIfAbsent(String key, ObjectBody body);

  /**
   * Replaces an object if it still has {@code etag} ({@code If-Match}); an absent object has none,
   * so it refuses.
   *
   * @param key the object.
   * @param body its new bytes.
   * @param etag as given by a put, head, get or list of this store.
   * @return whether it was written.
   */
  PutResult putIfMatch(String key, ObjectBody body, String etag);

  /**
   * Lists a page of the objects whose keys start with {@code prefix} and follow {@code startAfter}.
   *
   * @param prefix which keys; empty for all.
   * @param startAfter a key, or null to start at the first; need not exist.
   * @return the page, in the order of keys.
   */
  ObjectPage list(String prefix, @Nullable String startAfter);

  /**
   * Lists everything below {@code prefix} in order, a page at a time while the stream is read.
   *
   * @param prefix which keys; empty for all.
   * @return the objects.
   */
  default Stream<ObjectInfo> listAll(String prefix) {
    return ObjectListing.stream(this, prefix);
  }

  /**
   * Deletes objects; an absent one counts as deleted.
   *
   * @param keys at most {@value #DELETE_KEYS_MAX}; none is no request.
   * @return the outcome of each key; a failure of one does not throw.
   * @throws ObjectStoreException if the request failed as a whole.
   * @throws IllegalArgumentException if there are too many keys.
   */
  DeleteResult deleteAll(Collection<String> keys);

  /**
   * Starts an upload in parts.
   *
   * @param key the object.
   * @return the upload, to be closed.
   */
  MultipartUpload startUpload(String key);

  /**
   * Aborts uploads that were started below this store's root and never completed: invisible to
   * listings, and paid for. S3 has uploads in parts; those of a writer that crashed, if {@code
   * olderThanMs} is longer than any upload can take. A directory has temporary files, and knows by
   * their locks whose writer is dead.
   *
   * @param olderThanMs age by the store's clock, 3,600,000 (an hour) or more.
   * @return how many were aborted; always 0 for a store that keeps none.
   */
  default long abortStaleUploads(long olderThanMs) {
    return 0;
  }

  /** {@return the longest body that is worth sending as one request; longer ones go in parts} */
  default long singlePutBytesMax() {
    return Long.MAX_VALUE;
  }

  /** {@return the requests sent so far} */
  RequestCounts requestCounts();

  /** Frees connections. Contents and uploads must be closed before. Idempotent. */
  @Override
  void close();
}
