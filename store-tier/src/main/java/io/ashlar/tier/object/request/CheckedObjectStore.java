package io.ashlar.tier.object.request;

import io.ashlar.tier.object.BodyStream;
import io.ashlar.tier.object.DeleteResult;
import io.ashlar.tier.object.FailureKind;
import io.ashlar.tier.object.MultipartUpload;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectKey;
import io.ashlar.tier.object.ObjectPage;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.PutResult;
import io.ashlar.tier.object.RequestCounts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileLockInterruptionException;
import java.nio.file.DirectoryIteratorException;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * What every store does before and after a request. It checks keys and ranges, refuses use after
 * close, counts, and ensures that a content has its announced length. Implementations see only keys
 * that are safe and ranges that are sane.
 */
public abstract class CheckedObjectStore implements ObjectStore {
  private static final long STALE_AGE_LEAST_MS = 3_600_000;

  /** The requests and body bytes so far; an implementation counts each request that it sends. */
  public final RequestCounters counters = new RequestCounters();

  private final AtomicBoolean closed = new AtomicBoolean();

  /** Creates an open store. */
  protected CheckedObjectStore() {}

  /**
   * Reads from {@code offset}.
   *
   * @param key a checked key.
   * @param offset first byte, 0 or more.
   * @param length most bytes to read, 1 or more; {@link Long#MAX_VALUE} for all that follow.
   * @return the content; its stream need not check its own length.
   * @throws IOException if the source fails; {@link #request} turns it into an {@link
   *     ObjectStoreException}.
   */
  protected abstract ObjectContent doGet(String key, long offset, long length) throws IOException;

  /**
   * Asks what the store says about an object.
   *
   * @param key a checked key.
   * @return the answer; empty if the object is absent.
   * @throws IOException as {@link #doGet} says.
   */
  protected abstract Optional<ObjectInfo> doHead(String key) throws IOException;

  /**
   * Writes an object, replacing what is there.
   *
   * @param key a checked key.
   * @param body its bytes.
   * @return the version that was written.
   * @throws IOException as {@link #doGet} says; the outcome is then unknown.
   */
  protected abstract PutResult.Stored doPut(String key, ObjectBody body) throws IOException;

  /**
   * Writes an object unless one is there.
   *
   * @param key a checked key.
   * @param body its bytes.
   * @return whether it was written.
   * @throws IOException as {@link #doGet} says; the outcome is then unknown.
   */
  protected abstract PutResult doPutIfAbsent(String key, ObjectBody body) throws IOException;

  /**
   * Replaces an object if it still has {@code etag}.
   *
   * @param key a checked key.
   * @param body its new bytes.
   * @param etag as given by a put, head, get or list of this store.
   * @return whether it was written.
   * @throws IOException as {@link #doGet} says; the outcome is then unknown.
   */
  protected abstract PutResult doPutIfMatch(String key, ObjectBody body, String etag)
      throws IOException;

  /**
   * Lists a page of objects.
   *
   * @param prefix a checked prefix; empty for all keys.
   * @param startAfter a checked key, or null to start at the first.
   * @return the page, in the order of keys.
   * @throws IOException as {@link #doGet} says.
   */
  protected abstract ObjectPage doList(String prefix, @Nullable String startAfter)
      throws IOException;

  /**
   * Deletes objects; an absent one counts as deleted.
   *
   * @param keys checked keys, 1 to {@value ObjectStore#DELETE_KEYS_MAX}.
   * @return the outcome of each key.
   * @throws IOException if the request failed as a whole.
   */
  protected abstract DeleteResult doDelete(Set<String> keys) throws IOException;

  /**
   * Starts an upload in parts.
   *
   * @param key a checked key.
   * @return the upload; the caller closes it.
   * @throws IOException as {@link #doGet} says.
   */
  protected abstract MultipartUpload doStartUpload(String key) throws IOException;

  /** Frees connections. Called once, by the first {@link #close}. */
  protected abstract void doClose();

  @Override
  public final ObjectContent get(String key) {
    return checkedGet(key, 0, Long.MAX_VALUE);
  }

  @Override
  public final ObjectContent get(String key, long offset, long length) {
    if (offset < 0 || length < 1) {
      throw new IllegalArgumentException(
          "range refused: offset must be 0 or more and length 1 or more: offset="
              + offset
              + ", length="
              + length);
    }
    return checkedGet(key, offset, length);
  }

  private ObjectContent checkedGet(String key, long offset, long length) {
    ObjectKey.check(key);
    ObjectContent content = request("get", key, () -> doGet(key, offset, length));
    BodyStream stream =
        new BodyStream(content.stream(), content.length(), counters.bytesReceived::add);
    return new ObjectContent(content.object(), content.length(), stream);
  }

  @Override
  public final @Nullable ObjectInfo head(String key) {
    ObjectKey.check(key);
    return request("head", key, () -> doHead(key)).orElse(null);
  }

  @Override
  public final PutResult.Stored put(String key, ObjectBody body) {
    ObjectKey.check(key);
    return request("put", key, () -> doPut(key, body));
  }

  @Override
  public final PutResult putIfAbsent(String key, ObjectBody body) {
    ObjectKey.check(key);
    return request("put if absent", key, () -> doPutIfAbsent(key, body));
  }

  @Override
  public final PutResult putIfMatch(String key, ObjectBody body, String etag) {
    ObjectKey.check(key);
    return request("put if match", key, () -> doPutIfMatch(key, body, etag));
  }

  @Override
  public final ObjectPage list(String prefix, @Nullable String startAfter) {
    ObjectKey.checkPrefix(prefix);
    if (startAfter != null) {
      ObjectKey.check(startAfter);
    }
    return request("list", prefix, () -> doList(prefix, startAfter));
  }

  @Override
  public final DeleteResult deleteAll(Collection<String> keys) {
    if (keys.size() > DELETE_KEYS_MAX) {
      throw new IllegalArgumentException(
          "too many keys in one delete: count=" + keys.size() + ", max=" + DELETE_KEYS_MAX);
    }
    Set<String> distinct = new LinkedHashSet<>(keys);
    distinct.forEach(ObjectKey::check);
    if (distinct.isEmpty()) {
      return new DeleteResult(List.of(), Map.of());
    }
    return request("delete", distinct.iterator().next(), () -> doDelete(distinct));
  }

  @Override
  public final MultipartUpload startUpload(String key) {
    ObjectKey.check(key);
    return request("start upload", key, () -> doStartUpload(key));
  }

  @Override
  public final RequestCounts requestCounts() {
    return counters.snapshot();
  }

  @Override
  public final void close() {
    if (closed.compareAndSet(false, true)) {
      doClose();
    }
  }

  /**
   * A request that may meet an {@link IOException} of its own.
   *
   * @param <T> the type of the answer.
   */
  @FunctionalInterface
  public interface Request<T> {
    /**
     * Sends the request.
     *
     * @return the answer.
     * @throws IOException if the source fails.
     */
    T run() throws IOException;
  }

  /**
   * Sends a request unless this store is closed, and turns an {@link IOException} into an {@link
   * ObjectStoreException}.
   *
   * @param <T> the type of the answer.
   * @param what the request in a word or two, for the message of a failure.
   * @param key the object or prefix, for the same message.
   * @param request the request.
   * @return its answer.
   * @throws IllegalStateException if this store is closed.
   * @throws ObjectStoreException if the request failed; {@link FailureKind#INTERRUPTED} if the
   *     thread was interrupted.
   */
  public final <T> T request(String what, String key, Request<T> request) {
    if (closed.get()) {
      throw new IllegalStateException("object store is closed: store=" + this);
    }
    try {
      return request.run();
    } catch (ClosedByInterruptException | FileLockInterruptionException e) {
      throw new ObjectStoreException(
          what + " was interrupted: key=" + ObjectKey.shown(key) + ", store=" + this,
          FailureKind.INTERRUPTED,
          ObjectStoreException.NOT_SAID,
          e);
    } catch (IOException e) {
      throw failed(what, key, false, e);
    } catch (UncheckedIOException | DirectoryIteratorException e) {
      throw failed(what, key, false, e.getCause());
    }
  }

  /**
   * {@return the error of a request that failed, to be thrown}
   *
   * @param what the request in a word or two.
   * @param key the object or prefix.
   * @param retryable whether the same request can succeed later although nothing is changed.
   * @param cause what the environment threw, or null.
   */
  public final ObjectStoreException failed(
      String what, String key, boolean retryable, @Nullable Throwable cause) {
    String reason = cause == null ? "" : ", reason=" + cause;
    return new ObjectStoreException(
        what + " failed: key=" + ObjectKey.shown(key) + ", store=" + this + reason,
        retryable,
        cause);
  }

  /**
   * {@return the error of a range that begins after its object, to be thrown} It is not retryable.
   *
   * @param key the object.
   * @param offset the first byte asked for.
   * @param objectLength bytes in the object.
   */
  public final ObjectStoreException noByteAt(String key, long offset, long objectLength) {
    return new ObjectStoreException(
        "range begins after the object: key="
            + ObjectKey.shown(key)
            + ", offset="
            + offset
            + ", length="
            + objectLength
            + ", store="
            + this,
        false,
        null);
  }

  /**
   * Checks the argument of {@link ObjectStore#abortStaleUploads}.
   *
   * @param olderThanMs milliseconds, an hour or more.
   * @throws IllegalArgumentException if it is less.
   */
  public static void checkStaleAge(long olderThanMs) {
    if (olderThanMs < STALE_AGE_LEAST_MS) {
      throw new IllegalArgumentException(
          "olderThanMs must be " + STALE_AGE_LEAST_MS + " or more: " + olderThanMs);
    }
  }

  /**
   * Checks the number of a part of an upload.
   *
   * @param number 1 to {@link MultipartUpload#PARTS_MAX}.
   * @throws IllegalArgumentException if it is out of range.
   */
  public static void checkPartNumber(int number) {
    if (number < 1 || number > MultipartUpload.PARTS_MAX) {
      throw new IllegalArgumentException(
          "part number out of range: number=" + number + ", max=" + MultipartUpload.PARTS_MAX);
    }
  }
}
