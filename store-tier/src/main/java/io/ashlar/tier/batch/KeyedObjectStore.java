package io.ashlar.tier.batch;

import io.ashlar.tier.object.DeleteResult;
import io.ashlar.tier.object.MultipartUpload;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectPage;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.PutResult;
import io.ashlar.tier.object.RequestCounts;
import java.util.Collection;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * An object store whose batches are encrypted: whatever writes batches to it seals their frames and
 * indexes with the current key, and whatever reads batches from it opens them. Manifests are not
 * encrypted: they name batches and count, and hold no ids and no data.
 *
 * <pre>{@code
 * FrameKeys keys = new FrameKeyRing(FrameKey.of(2, newKey), List.of(FrameKey.of(1, oldKey)));
 * ObjectStore encrypted = KeyedObjectStore.of(ObjectStores.open(url), keys);
 * TieredBlobStore.builder(store, encrypted).open();
 * }</pre>
 *
 * <p>Thread: any. Closing closes the other store.
 */
public final class KeyedObjectStore implements ObjectStore {
  private final ObjectStore delegate;
  private final FrameKeys keys;

  private KeyedObjectStore(ObjectStore delegate, FrameKeys keys) {
    this.delegate = delegate;
    this.keys = keys;
  }

  /** The other store, with keys. */
  public static KeyedObjectStore of(ObjectStore delegate, FrameKeys keys) {
    return new KeyedObjectStore(delegate, keys);
  }

  /** The keys of a store; null if its batches are not encrypted. */
  public static @Nullable FrameKeys keysOf(ObjectStore store) {
    return store instanceof KeyedObjectStore keyed ? keyed.keys : null;
  }

  /** The store below the keys, or the store itself. */
  public static ObjectStore inner(ObjectStore store) {
    return store instanceof KeyedObjectStore keyed ? keyed.delegate : store;
  }

  /** What is made of a store, or of the one below the keys, with the same keys then. */
  public static ObjectStore below(ObjectStore store, UnaryOperator<ObjectStore> change) {
    return store instanceof KeyedObjectStore keyed
        ? new KeyedObjectStore(change.apply(keyed.delegate), keyed.keys)
        : change.apply(store);
  }

  @Override
  public ObjectContent get(String key) {
    return delegate.get(key);
  }

  @Override
  public ObjectContent get(String key, long offset, long length) {
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
  public DeleteResult deleteAll(Collection<String> objectKeys) {
    return delegate.deleteAll(objectKeys);
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

  /** That of the other store. */
  @Override
  public String toString() {
    return delegate.toString();
  }
}
