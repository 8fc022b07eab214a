package io.ashlar.tier.object;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Another store whose requests can fail: before they are applied, or after, when the answer is
 * lost. Closing it leaves the other open, so that the next process can be played on it. Thread:
 * any; the fault decides under one monitor.
 */
public final class FaultyObjectStore implements ObjectStore {
  /** What becomes of a request. */
  public enum Outcome {
    /** It is applied and answered. */
    ANSWERED,
    /** It is not applied, and fails. */
    NOT_APPLIED,
    /** It is applied, and fails. */
    APPLIED_UNANSWERED
  }

  /** Decides about a request. */
  @FunctionalInterface
  public interface Fault {
    /**
     * @param request put, putIfAbsent, get, head, list or delete.
     */
    Outcome on(String request, String key);
  }

  private final ObjectStore delegate;
  private final List<String> requests = new ArrayList<>();
  private Fault fault = (request, key) -> Outcome.ANSWERED;

  public FaultyObjectStore(ObjectStore delegate) {
    this.delegate = delegate;
  }

  /** Sets what becomes of the requests from now on. */
  public synchronized void fault(Fault newFault) {
    fault = newFault;
  }

  /** Back to no fault. */
  public void heal() {
    fault((request, key) -> Outcome.ANSWERED);
  }

  /** All requests so far, as "put key". */
  public synchronized List<String> requests() {
    return List.copyOf(requests);
  }

  private interface Action<T> {
    T run();
  }

  private <T> T run(String request, String key, Action<T> action) {
    Outcome outcome;
    synchronized (this) {
      requests.add(request + " " + key);
      outcome = fault.on(request, key);
    }
    if (outcome == Outcome.NOT_APPLIED) {
      throw new ObjectStoreException("injected, not applied: " + request + " " + key, true, null);
    }
    T result = action.run();
    if (outcome == Outcome.APPLIED_UNANSWERED) {
      throw new ObjectStoreException("injected, unanswered: " + request + " " + key, true, null);
    }
    return result;
  }

  @Override
  public ObjectContent get(String key) {
    return run("get", key, () -> delegate.get(key));
  }

  @Override
  public ObjectContent get(String key, long offset, long length) {
    return run("get", key, () -> delegate.get(key, offset, length));
  }

  @Override
  public @Nullable ObjectInfo head(String key) {
    ObjectInfo[] info = new ObjectInfo[1];
    var _ =
        run(
            "head",
            key,
            () -> {
              ObjectInfo found = delegate.head(key);
              if (found != null) {
                info[0] = found;
              }
              return true;
            });
    return info[0];
  }

  @Override
  public PutResult.Stored put(String key, ObjectBody body) {
    return run("put", key, () -> delegate.put(key, body));
  }

  @Override
  public PutResult putIfAbsent(String key, ObjectBody body) {
    return run("putIfAbsent", key, () -> delegate.putIfAbsent(key, body));
  }

  @Override
  public PutResult putIfMatch(String key, ObjectBody body, String etag) {
    return run("putIfMatch", key, () -> delegate.putIfMatch(key, body, etag));
  }

  @Override
  public ObjectPage list(String prefix, @Nullable String startAfter) {
    return run("list", prefix, () -> delegate.list(prefix, startAfter));
  }

  @Override
  public DeleteResult deleteAll(Collection<String> keys) {
    return run("delete", String.valueOf(keys), () -> delegate.deleteAll(keys));
  }

  @Override
  public MultipartUpload startUpload(String key) {
    return run("startUpload", key, () -> delegate.startUpload(key));
  }

  @Override
  public RequestCounts requestCounts() {
    return delegate.requestCounts();
  }

  @Override
  public void close() {
    // The other stays open.
  }

  @Override
  public String toString() {
    return "faulty " + delegate;
  }
}
