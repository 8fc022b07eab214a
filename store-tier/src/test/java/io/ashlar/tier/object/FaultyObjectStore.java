package io.ashlar.tier.object;

import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Another store whose requests can fail: before they are applied, or after, when the answer is
 * lost. Closing it leaves the other open, so that the next process can be played on it. Thread:
 * any; the fault decides under one monitor.
 */
public class FaultyObjectStore implements ObjectStore {
  /** What becomes of a request. */
  public enum Outcome {
    /** It is applied and answered. */
    ANSWERED,
    /** It is not applied, and fails. */
    NOT_APPLIED,
    /** It is applied, and fails. */
    APPLIED_UNANSWERED,
    /** It is not applied, and the process ends. */
    ENDED,
    /** It is applied, and the process ends. */
    APPLIED_ENDED,
    /** A read is answered with "absent", a listing with nothing; a write is applied. */
    ABSENT,
    /** A read is answered with no byte, a listing with nothing; a write is applied. */
    EMPTY,
    /** A read or a listing is answered with the first half; a write is applied. */
    SHORT,
    /** A read is answered with a byte changed; all else is answered rightly. */
    WRONG;

    boolean isBadAnswer() {
      return compareTo(ABSENT) >= 0;
    }
  }

  /** The process ended: nobody catches this. */
  public static final class ProcessEnded extends Error {
    private static final long serialVersionUID = 1;

    ProcessEnded(String message) {
      super(message, null, false, false);
    }
  }

  /** Decides about a request. */
  @FunctionalInterface
  public interface Fault {
    /**
     * @param request put, putIfAbsent, putIfMatch, get, head, list, delete, startUpload, part with
     *     its number, or complete.
     */
    Outcome on(String request, String key);
  }

  /** Decides about one key of a delete that is answered otherwise. */
  @FunctionalInterface
  public interface Refusal {
    /** Returns why the key is not deleted, or null if it is. */
    @Nullable String why(String key);
  }

  private final ObjectStore delegate;
  private final List<String> requests = new ArrayList<>();
  private Fault fault = (request, key) -> Outcome.ANSWERED;
  private volatile Consumer<String> hold = request -> {};
  private volatile Refusal refusal = key -> null;
  private FailureKind kind = FailureKind.UNANSWERED;
  private long retryAfterMs = ObjectStoreException.NOT_SAID;
  private long tornAfterBytes;
  private int tears;

  public FaultyObjectStore(ObjectStore delegate) {
    this.delegate = delegate;
  }

  /** Sets what becomes of the requests from now on. */
  public synchronized void fault(Fault newFault) {
    fault = newFault;
  }

  /** Sets what is done in each request, as "put key", before it is applied; it may wait. */
  public void hold(Consumer<String> newHold) {
    hold = newHold;
  }

  /** Sets which keys deletes name as not deleted from now on. */
  public void refuseDeletes(Refusal newRefusal) {
    refusal = newRefusal;
  }

  /** Back to no fault. */
  public void heal() {
    fault((request, key) -> Outcome.ANSWERED);
    refuseDeletes(key -> null);
  }

  /** Sets how requests fail from now on. */
  public synchronized void failAs(FailureKind newKind, long newRetryAfterMs) {
    kind = newKind;
    retryAfterMs = newRetryAfterMs;
  }

  /** Breaks off the next contents after so many bytes, so many times. */
  public synchronized void tear(long afterBytes, int times) {
    tornAfterBytes = afterBytes;
    tears = times;
  }

  /** The other store, whose requests neither fail nor are noted. */
  public ObjectStore delegate() {
    return delegate;
  }

  /** All requests so far, as "put key". */
  public synchronized List<String> requests() {
    return List.copyOf(requests);
  }

  private interface Action<T> {
    T run();
  }

  private <T> T run(String request, String key, Action<T> action) {
    return run(request, key, action, (outcome, result) -> result);
  }

  private interface BadAnswer<T> {
    T instead(Outcome outcome, T result);
  }

  private <T> T run(String request, String key, Action<T> action, BadAnswer<T> bad) {
    Outcome outcome;
    synchronized (this) {
      requests.add(request + " " + key);
      outcome = fault.on(request, key);
    }
    hold.accept(request + " " + key);
    if (outcome == Outcome.NOT_APPLIED) {
      throw failure("injected, not applied: " + request + " " + key);
    }
    if (outcome == Outcome.ENDED) {
      throw new ProcessEnded(request + " " + key);
    }
    T result = action.run();
    if (outcome == Outcome.APPLIED_ENDED) {
      throw new ProcessEnded(request + " " + key);
    }
    if (outcome == Outcome.APPLIED_UNANSWERED) {
      throw failure("injected, unanswered: " + request + " " + key);
    }
    return outcome.isBadAnswer() ? bad.instead(outcome, result) : result;
  }

  private ObjectContent badContent(Outcome outcome, String key, ObjectContent right) {
    if (outcome == Outcome.ABSENT) {
      right.close();
      throw new ObjectNotFoundException(toString(), key, null);
    }
    byte[] bytes;
    try (right) {
      bytes = right.stream().readAllBytes();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    switch (outcome) {
      case EMPTY -> bytes = new byte[0];
      case SHORT -> bytes = Arrays.copyOf(bytes, bytes.length / 2);
      default -> bytes[bytes.length / 2] ^= 1;
    }
    ObjectInfo object = right.object();
    long cut = right.length() - bytes.length;
    return new ObjectContent(
        new ObjectInfo(key, object.length() - cut, object.etag(), object.modifiedMs()),
        bytes.length,
        new ByteArrayInputStream(bytes));
  }

  private static Optional<ObjectInfo> badInfo(Outcome outcome, Optional<ObjectInfo> right) {
    return switch (outcome) {
      case ABSENT -> Optional.empty();
      case EMPTY -> right.map(r -> new ObjectInfo(r.key(), 0, r.etag(), r.modifiedMs()));
      case SHORT ->
          right.map(r -> new ObjectInfo(r.key(), r.length() / 2, r.etag(), r.modifiedMs()));
      default -> right.map(r -> new ObjectInfo(r.key(), r.length(), "wrong", r.modifiedMs()));
    };
  }

  private static ObjectPage badPage(Outcome outcome, ObjectPage right) {
    return switch (outcome) {
      case ABSENT, EMPTY -> new ObjectPage(List.of(), false);
      case SHORT -> new ObjectPage(right.objects().subList(0, right.objects().size() / 2), false);
      default -> right;
    };
  }

  private synchronized ObjectStoreException failure(String message) {
    return new ObjectStoreException(message, kind, retryAfterMs, null);
  }

  private synchronized ObjectContent torn(ObjectContent content) {
    if (tears == 0) {
      return content;
    }
    tears--;
    // The content still says its whole length; its stream ends before.
    InputStream cut =
        new FilterInputStream(content.stream()) {
          private long left = tornAfterBytes;

          @Override
          public int read(byte[] target, int offset, int count) throws IOException {
            if (left == 0) {
              throw new IOException("injected: connection reset");
            }
            int n = super.read(target, offset, (int) Math.min(count, left));
            left -= n;
            return n;
          }
        };
    return new ObjectContent(content.object(), content.length(), cut);
  }

  @Override
  public ObjectContent get(String key) {
    return torn(
        run("get", key, () -> delegate.get(key), (bad, right) -> badContent(bad, key, right)));
  }

  @Override
  public ObjectContent get(String key, long offset, long length) {
    return torn(
        run(
            "get",
            key,
            () -> delegate.get(key, offset, length),
            (bad, right) -> badContent(bad, key, right)));
  }

  @Override
  public @Nullable ObjectInfo head(String key) {
    return run(
            "head", key, () -> Optional.ofNullable(delegate.head(key)), FaultyObjectStore::badInfo)
        .orElse(null);
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
    return run("list", prefix, () -> delegate.list(prefix, startAfter), FaultyObjectStore::badPage);
  }

  @Override
  public DeleteResult deleteAll(Collection<String> keys) {
    return run("delete", String.valueOf(keys), () -> deleteWhatIsNotRefused(keys));
  }

  private DeleteResult deleteWhatIsNotRefused(Collection<String> keys) {
    Map<String, String> failed = new LinkedHashMap<>();
    List<String> rest = new ArrayList<>();
    for (String key : keys) {
      String why = refusal.why(key);
      if (why == null) {
        rest.add(key);
      } else {
        failed.put(key, why);
      }
    }
    DeleteResult result = delegate.deleteAll(rest);
    failed.putAll(result.failed());
    return new DeleteResult(result.deleted(), failed);
  }

  @Override
  public MultipartUpload startUpload(String key) {
    MultipartUpload upload = run("startUpload", key, () -> delegate.startUpload(key));
    return new MultipartUpload() {
      @Override
      public void part(int number, ObjectBody body) {
        boolean done =
            run(
                "part " + number,
                key,
                () -> {
                  upload.part(number, body);
                  return true;
                });
        assert done;
      }

      @Override
      public PutResult.Stored complete() {
        return run("complete", key, upload::complete);
      }

      @Override
      public PutResult completeIfAbsent() {
        return run("complete", key, upload::completeIfAbsent);
      }

      @Override
      public @Nullable String putId() {
        return upload.putId();
      }

      @Override
      public void close() {
        upload.close();
      }
    };
  }

  @Override
  public long singlePutBytesMax() {
    return delegate.singlePutBytesMax();
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
