package io.ashlar.jmh.tier;

import io.ashlar.tier.object.DeleteResult;
import io.ashlar.tier.object.MultipartUpload;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectPage;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.PutResult;
import io.ashlar.tier.object.RequestCounts;
import java.util.Collection;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * An object store whose GETs take as long as those of a network: most a little, a few much longer.
 *
 * <p>Which GETs are slow depends on the seed and on how many came before. Thread: any. Closing
 * closes the store that it wraps.
 */
final class SlowGets implements ObjectStore {

  /**
   * How long GETs take before they reach the store.
   *
   * @param usualMs most of them.
   * @param slowMs the others.
   * @param slowPercent how many of a hundred are slow, on average.
   */
  record Delays(int usualMs, int slowMs, int slowPercent) {

    /** What object storage in the same region shows: a usual GET, and one in trouble. */
    static final Delays OBJECT_STORAGE = new Delays(15, 400, 3);

    /** Returns these without slow GETs. */
    Delays steady() {
      return new Delays(usualMs, usualMs, 0);
    }
  }

  private final ObjectStore delegate;
  private final Delays delays;
  private final long seed;
  private final AtomicLong count = new AtomicLong();

  SlowGets(ObjectStore delegate, Delays delays, long seed) {
    this.delegate = delegate;
    this.delays = delays;
    this.seed = seed;
  }

  /** Returns whether a GET is slow; {@code number} counts from 1. */
  boolean isSlow(long number) {
    return new SplittableRandom(seed + number).nextInt(100) < delays.slowPercent();
  }

  private void delay() {
    int ms = isSlow(count.incrementAndGet()) ? delays.slowMs() : delays.usualMs();
    if (ms == 0) {
      return;
    }
    try {
      Thread.sleep(ms);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ObjectStoreException("interrupted while a GET was on its way", true, e);
    }
  }

  @Override
  public ObjectContent get(String key) {
    delay();
    return delegate.get(key);
  }

  @Override
  public ObjectContent get(String key, long offset, long length) {
    delay();
    return delegate.get(key, offset, length);
  }

  @Override
  public @Nullable ObjectInfo head(String key) {
    return delegate.head(key);
  }

  @Override
  public PutResult.Stored put(String key, ObjectBody body) {
    return delegate.put(key, body);
  }

  @Override
  public PutResult putIfAbsent(String key, ObjectBody body) {
    return delegate.putIfAbsent(key, body);
  }

  @Override
  public PutResult putIfMatch(String key, ObjectBody body, String etag) {
    return delegate.putIfMatch(key, body, etag);
  }

  @Override
  public ObjectPage list(String prefix, @Nullable String startAfter) {
    return delegate.list(prefix, startAfter);
  }

  @Override
  public DeleteResult deleteAll(Collection<String> keys) {
    return delegate.deleteAll(keys);
  }

  @Override
  public MultipartUpload startUpload(String key) {
    return delegate.startUpload(key);
  }

  @Override
  public long abortStaleUploads(long olderThanMs) {
    return delegate.abortStaleUploads(olderThanMs);
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
    delegate.close();
  }
}
