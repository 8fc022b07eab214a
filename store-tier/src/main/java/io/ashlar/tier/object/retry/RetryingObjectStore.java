package io.ashlar.tier.object.retry;

import io.ashlar.tier.object.DeleteResult;
import io.ashlar.tier.object.FailureKind;
import io.ashlar.tier.object.MultipartUpload;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectPage;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.PutResult;
import io.ashlar.tier.object.RequestCounts;
import io.ashlar.tier.object.RequestLimits;
import io.ashlar.tier.object.request.StampedBody;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Repeats the failed requests of another store, within limits, until they have a final answer.
 *
 * <ul>
 *   <li><b>Every request</b>, reads and listings too, is repeated as {@link RetryPolicy} says: with
 *       full jitter, a deadline for each kind of failure, and the store's Retry-After. A content
 *       that breaks off is resumed there, if the object is still the same.
 *   <li><b>Throttling</b> halves the requests in flight; successes raise them again.
 *   <li><b>A conditional put of unknown outcome</b> (time-out, 409, 5xx, a reset after sending) is
 *       never reported as refused because of its own first attempt. Each put carries a put id.
 *       Before it is repeated, or reported as refused after an unanswered attempt, the object is
 *       read back. The ids are compared, or the bytes where the store keeps no id. So {@link
 *       PutResult.Refused#maybeOwn} is always false here.
 *   <li><b>Limits</b> of requests, bandwidth and concurrency are {@link RequestLimits}; {@link
 *       #usage} returns what was used.
 *   <li>Bodies longer than the store's {@link ObjectStore#singlePutBytesMax} go in parts, each
 *       repeated by itself; an upload that fails is aborted.
 * </ul>
 *
 * <p>Nothing is sent except for a caller's request. Interrupts end a wait at once, with the flag
 * set and {@link FailureKind#INTERRUPTED}; closing ends it with {@link IllegalStateException}.
 *
 * <p>Thread: any. Closing closes the other store.
 */
public final class RetryingObjectStore implements ObjectStore {
  /** Reasons of a key in a bulk delete that go away by themselves. */
  private static final Set<String> DELETE_AGAIN =
      Set.of(
          "InternalError",
          "SlowDown",
          "ServiceUnavailable",
          "RequestTimeout",
          DeleteResult.NOT_ANSWERED);

  private static final int DELETE_ROUNDS_MAX = 5;

  final ObjectStore delegate;
  final RetryLoop loop;
  final LongAdder readBacks = new LongAdder();
  final LongAdder resumedReads = new LongAdder();

  private RetryingObjectStore(ObjectStore delegate, RetryLoop loop) {
    this.delegate = delegate;
    this.loop = loop;
  }

  /**
   * {@return a builder for a store that repeats the requests of another}
   *
   * @param delegate the other store; closed with the result.
   */
  public static Builder builder(ObjectStore delegate) {
    return new Builder(delegate);
  }

  /**
   * Returns a store with these limits. It keeps the policy of {@code store} if that repeats
   * requests already; else it repeats as {@link RetryPolicy#DEFAULTS} say.
   *
   * @param store not to be used beside the result, which closes it.
   * @param limits requests an hour, bandwidth and concurrency.
   * @return the store with these limits; the caller closes it.
   */
  public static RetryingObjectStore limited(ObjectStore store, RequestLimits limits) {
    return store instanceof RetryingObjectStore retrying
        ? new RetryingObjectStore(retrying.delegate, retrying.loop.withLimits(limits))
        : builder(store).limits(limits).build();
  }

  /** What a retrying store is made of. Thread: one. */
  public static final class Builder {
    private final ObjectStore delegate;
    private RetryPolicy policy = RetryPolicy.DEFAULTS;
    private RequestLimits limits = RequestLimits.DEFAULTS;
    private RetryClock clock = RetryClock.system();
    private RandomGenerator random = new SharedRandom();

    private Builder(ObjectStore delegate) {
      this.delegate = delegate;
    }

    /**
     * Sets how often and how long requests are repeated; {@link RetryPolicy#DEFAULTS} by default.
     *
     * @param value the new value.
     * @return this builder.
     */
    public Builder policy(RetryPolicy value) {
      policy = value;
      return this;
    }

    /**
     * Sets what may be used at most; {@link RequestLimits#DEFAULTS} by default.
     *
     * @param value the new value.
     * @return this builder.
     */
    public Builder limits(RequestLimits value) {
      limits = value;
      return this;
    }

    /**
     * Sets the clock; {@link RetryClock#system} by default.
     *
     * @param value the new value.
     * @return this builder.
     */
    public Builder clock(RetryClock value) {
      clock = value;
      return this;
    }

    /**
     * Sets the source of the jitter; by default each thread's own generator.
     *
     * @param value the new value; any thread may ask it.
     * @return this builder.
     */
    public Builder random(RandomGenerator value) {
      random = value;
      return this;
    }

    /** {@return the store; the caller closes it} This sends nothing. */
    public RetryingObjectStore build() {
      return new RetryingObjectStore(delegate, new RetryLoop(policy, limits, clock, random));
    }
  }

  /** Each thread's own generator, whichever thread asks. */
  private static final class SharedRandom implements RandomGenerator {
    @Override
    public long nextLong() {
      return ThreadLocalRandom.current().nextLong();
    }
  }

  @Override
  public ObjectContent get(String key) {
    ObjectContent first = read(() -> delegate.get(key));
    return resuming(key, 0, first);
  }

  @Override
  public ObjectContent get(String key, long offset, long length) {
    ObjectContent first = read(() -> delegate.get(key, offset, length));
    return resuming(key, offset, first);
  }

  private ObjectContent resuming(String key, long offset, ObjectContent first) {
    ResumingStream stream = new ResumingStream(this, key, offset, first);
    return new ObjectContent(first.object(), first.length(), stream);
  }

  <T> T read(Supplier<T> request) {
    return loop.run(RetryLoop.Bill.READ, request);
  }

  private <T> T write(Supplier<T> request) {
    return loop.run(RetryLoop.Bill.WRITE, request);
  }

  @Override
  public @Nullable ObjectInfo head(String key) {
    return find(key).orElse(null);
  }

  Optional<ObjectInfo> find(String key) {
    return read(() -> Optional.ofNullable(delegate.head(key)));
  }

  @Override
  public PutResult.Stored put(String key, ObjectBody body) {
    if (body.length() > delegate.singlePutBytesMax()) {
      try (MultipartUpload upload = uploaded(key, body)) {
        return upload.complete();
      }
    }
    return loop.run(
        RetryLoop.Bill.WRITE,
        body.length(),
        () -> delegate.put(key, body),
        failure -> Optional.empty());
  }

  @Override
  public PutResult putIfAbsent(String key, ObjectBody body) {
    if (body.length() > delegate.singlePutBytesMax()) {
      try (MultipartUpload upload = uploaded(key, body)) {
        return upload.completeIfAbsent();
      }
    }
    ObjectBody sent = StampedBody.stamp(body);
    return new ConditionalPut(this, key, sent).run(() -> delegate.putIfAbsent(key, sent), true);
  }

  @Override
  public PutResult putIfMatch(String key, ObjectBody body, String etag) {
    ObjectBody sent = StampedBody.stamp(body);
    return new ConditionalPut(this, key, sent)
        .run(() -> delegate.putIfMatch(key, sent, etag), false);
  }

  private MultipartUpload uploaded(String key, ObjectBody body) {
    MultipartUpload upload = startUpload(key);
    try {
      int number = 1;
      long partBytes = MultipartUpload.partBytes(body.length());
      for (long offset = 0; offset < body.length(); offset += partBytes) {
        upload.part(number++, body.slice(offset, Math.min(partBytes, body.length() - offset)));
      }
      return upload;
    } catch (RuntimeException | Error e) {
      upload.close();
      throw e;
    }
  }

  @Override
  public ObjectPage list(String prefix, @Nullable String startAfter) {
    return write(() -> delegate.list(prefix, startAfter));
  }

  @Override
  public DeleteResult deleteAll(Collection<String> keys) {
    List<String> deleted = new ArrayList<>();
    Map<String, String> failed = new LinkedHashMap<>();
    List<String> left = List.copyOf(keys);
    for (int round = 1; ; round++) {
      List<String> asked = left;
      DeleteResult result =
          asked.isEmpty() ? delegate.deleteAll(asked) : write(() -> delegate.deleteAll(asked));
      deleted.addAll(result.deleted());
      List<String> again = new ArrayList<>();
      for (Map.Entry<String, String> entry : result.failed().entrySet()) {
        if (round < DELETE_ROUNDS_MAX && DELETE_AGAIN.contains(entry.getValue())) {
          again.add(entry.getKey());
        } else {
          failed.put(entry.getKey(), entry.getValue());
        }
      }
      if (again.isEmpty()) {
        return new DeleteResult(deleted, failed);
      }
      loop.retries.increment();
      loop.backoff(
          round, new ObjectStoreException("keys could not be deleted: " + again, true, null));
      left = again;
    }
  }

  @Override
  public MultipartUpload startUpload(String key) {
    return new RetryingUpload(this, key, write(() -> delegate.startUpload(key)));
  }

  @Override
  public long abortStaleUploads(long olderThanMs) {
    return write(() -> delegate.abortStaleUploads(olderThanMs));
  }

  @Override
  public long singlePutBytesMax() {
    return delegate.singlePutBytesMax();
  }

  @Override
  public RequestCounts requestCounts() {
    return delegate.requestCounts();
  }

  /**
   * {@return the attempts beyond the first, then the answers that asked for fewer requests} Both
   * are 0 for a store that repeats nothing.
   *
   * @param store any store.
   */
  public static long[] attempts(ObjectStore store) {
    return store instanceof RetryingObjectStore retrying
        ? new long[] {retrying.loop.retries.sum(), retrying.loop.throttled.sum()}
        : new long[2];
  }

  /** {@return the store whose requests are repeated; it sends its own once} */
  public ObjectStore repeated() {
    return delegate;
  }

  /** {@return what was used so far} This sends nothing. */
  public StoreUsage usage() {
    return new StoreUsage(
        delegate.requestCounts(),
        loop.retries.sum(),
        loop.throttled.sum(),
        readBacks.sum(),
        resumedReads.sum(),
        loop.pacer.concurrency());
  }

  @Override
  public void close() {
    loop.close();
    delegate.close();
  }

  /** That of the other store. */
  @Override
  public String toString() {
    return delegate.toString();
  }
}
