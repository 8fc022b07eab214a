package io.ashlar.tier.object.retry;

import io.ashlar.tier.object.MultipartUpload;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.PutResult;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An upload in parts whose requests are repeated. Completing one of unknown outcome is settled by
 * the put id and the length of what is there; a store that keeps no id repeats it blindly. Thread:
 * as {@link MultipartUpload} says.
 */
final class RetryingUpload implements MultipartUpload {
  private final RetryingObjectStore store;
  private final String key;
  private final MultipartUpload delegate;
  private final Map<Integer, Long> partBytes = new ConcurrentHashMap<>();
  private boolean unsettled;

  RetryingUpload(RetryingObjectStore store, String key, MultipartUpload delegate) {
    this.store = store;
    this.key = key;
    this.delegate = delegate;
  }

  @Override
  public void part(int number, ObjectBody body) {
    boolean stored =
        store.loop.run(
            RetryLoop.Bill.WRITE,
            body.length(),
            () -> {
              delegate.part(number, body);
              return true;
            },
            failure -> Optional.empty());
    assert stored;
    partBytes.put(number, body.length());
  }

  @Override
  public PutResult.Stored complete() {
    return completed(delegate::complete, this::ours);
  }

  @Override
  public PutResult completeIfAbsent() {
    PutResult result =
        this.<PutResult>completed(delegate::completeIfAbsent, () -> ours().map(stored -> stored));
    if (result instanceof PutResult.Refused refused && (refused.maybeOwn() || unsettled)) {
      Optional<PutResult.Stored> ours = ours();
      return ours.isPresent() ? ours.get() : new PutResult.Refused(false);
    }
    return result;
  }

  private <T> T completed(Supplier<T> request, Supplier<Optional<T>> settle) {
    return store.loop.run(
        RetryLoop.Bill.WRITE,
        0,
        request,
        failure -> {
          unsettled = true;
          return settle.get();
        });
  }

  private Optional<PutResult.Stored> ours() {
    String putId = delegate.putId();
    if (putId == null) {
      return Optional.empty();
    }
    store.readBacks.increment();
    return store
        .find(key)
        .filter(there -> putId.equals(there.putId()) && there.length() == length())
        .map(there -> new PutResult.Stored(there.etag()));
  }

  private long length() {
    return partBytes.values().stream().mapToLong(Long::longValue).sum();
  }

  @Override
  public @Nullable String putId() {
    return delegate.putId();
  }

  @Override
  public void close() {
    delegate.close();
  }
}
