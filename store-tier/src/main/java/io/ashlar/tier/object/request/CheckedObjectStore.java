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

  public final RequestCounters counters = new RequestCounters();
  private final AtomicBoolean closed = new AtomicBoolean();

  /** Reads from {@code offset}; {@code length} is {@link Long#MAX_VALUE} for all that follows. */
  protected abstract ObjectContent doGet(String key, long offset, long length) throws IOException;

  protected abstract Optional<ObjectInfo> doHead(String key) throws IOException;

  protected abstract PutResult.Stored doPut(String key, ObjectBody body) throws IOException;

  protected abstract PutResult doPutIfAbsent(String key, ObjectBody body) throws IOException;

  protected abstract PutResult doPutIfMatch(String key, ObjectBody body, String etag)
      throws IOException;

  protected abstract ObjectPage doList(String prefix, @Nullable String startAfter)
      throws IOException;

  protected abstract DeleteResult doDelete(Set<String> keys) throws IOException;

  protected abstract MultipartUpload doStartUpload(String key) throws IOException;

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

  /** A request that may meet an {@link IOException} of its own. */
  @FunctionalInterface
  public interface Request<T> {
    T run() throws IOException;
  }

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

  public final ObjectStoreException failed(
      String what, String key, boolean retryable, @Nullable Throwable cause) {
    String reason = cause == null ? "" : ", reason=" + cause;
    return new ObjectStoreException(
        what + " failed: key=" + ObjectKey.shown(key) + ", store=" + this + reason,
        retryable,
        cause);
  }

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

  public static void checkStaleAge(long olderThanMs) {
    if (olderThanMs < STALE_AGE_LEAST_MS) {
      throw new IllegalArgumentException(
          "olderThanMs must be " + STALE_AGE_LEAST_MS + " or more: " + olderThanMs);
    }
  }

  public static void checkPartNumber(int number) {
    if (number < 1 || number > MultipartUpload.PARTS_MAX) {
      throw new IllegalArgumentException(
          "part number out of range: number=" + number + ", max=" + MultipartUpload.PARTS_MAX);
    }
  }
}
