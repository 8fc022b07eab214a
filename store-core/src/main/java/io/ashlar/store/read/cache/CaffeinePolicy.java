package io.ashlar.store.read.cache;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.RemovalCause;
import io.ashlar.store.BlobId;
import org.jspecify.annotations.Nullable;

/**
 * Caffeine's policy: window TinyLFU (Einziger, Friedman, Manes, <i>TinyLFU: a highly efficient
 * cache admission policy</i>, ACM TOS 2017), which keeps what is used often and lets a scan pass
 * by.
 *
 * <p>The only class that refers to Caffeine, which so need not be on the class path.
 */
final class CaffeinePolicy implements CachePolicy {

  private final Cache<BlobId, CachedBlob> cache;

  CaffeinePolicy(long blocksMax) {
    cache =
        Caffeine.newBuilder()
            .maximumWeight(blocksMax)
            .weigher((BlobId id, CachedBlob blob) -> blob.blocks())
            .executor(Runnable::run) // what is to be done is short
            .removalListener(
                (@Nullable BlobId id, @Nullable CachedBlob blob, RemovalCause cause) -> {
                  if (blob != null) {
                    blob.release();
                  }
                })
            .build();
  }

  @Override
  public @Nullable CachedBlob find(BlobId id) {
    return cache.getIfPresent(id);
  }

  @Override
  public void add(BlobId id, CachedBlob blob) {
    cache.put(id, blob);
  }

  @Override
  public void remove(BlobId id, CachedBlob blob) {
    var _ = cache.asMap().remove(id, blob);
  }

  @Override
  public long count() {
    return cache.estimatedSize();
  }
}
