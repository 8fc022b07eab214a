package io.ashlar.store.read.cache;

import io.ashlar.store.BlobId;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.index.BlobLocation;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Keeps verified blobs in native memory, so that hot ones are read without I/O and without copying.
 *
 * <p><b>Invariant.</b> A blob is served only if the index names it at that moment, by its whole
 * entry (rule L21). So an overwrite, a delete or a move removes it from the cache exactly when that
 * change becomes visible, without work by the commit. An outdated blob is dropped when a read finds
 * it, or by the policy, because no read asks for it.
 *
 * <p><b>Memory</b> is bounded by {@link io.ashlar.store.StoreConfig#cacheBytes}. A fifteenth above
 * the policy's share is for blobs that are being read, including those dropped meanwhile. If there
 * is no room, a blob is read without the cache.
 *
 * <p>Thread: any; a hit takes no lock and allocates nothing.
 */
public final class BlobCache implements AutoCloseable {

  private static final int SHARE_MAX = 16; // the longest blob's, of the whole

  private final CacheMemory memory;
  private final CachePolicy policy;
  private final int blocksMax;
  private final LongAdder hits = new LongAdder();
  private final LongAdder misses = new LongAdder();

  public BlobCache(CacheMemory memory, CachePolicy policy) {
    this.memory = memory;
    this.policy = policy;
    blocksMax = Math.max(1, memory.blocks() / SHARE_MAX);
  }

  /**
   * Opens a cache.
   *
   * @param bytes its memory, or 0 for none.
   * @throws StoreOpenException if Caffeine is not on the class path.
   */
  public static @Nullable BlobCache open(long bytes) {
    if (bytes == 0) {
      return null;
    }
    CachePolicy policy;
    try {
      policy = new CaffeinePolicy(bytes / Blocks.BYTES * (SHARE_MAX - 1) / SHARE_MAX);
    } catch (NoClassDefFoundError missing) {
      throw new StoreOpenException(
          "cacheBytes is set, but Caffeine, whose policy the cache uses, is not on the class path:"
              + " add com.github.ben-manes.caffeine:caffeine, or set cacheBytes to 0",
          missing);
    }
    return new BlobCache(new CacheMemory(bytes), policy);
  }

  /**
   * Returns the blob that an index entry names, to be released by the caller, or null.
   *
   * @param entry the current entry of the index.
   */
  public @Nullable CachedBlob find(BlobId id, BlobLocation entry) {
    CachedBlob blob = policy.find(id);
    if (blob != null) {
      if (!blob.isOf(entry)) {
        policy.remove(id, blob);
      } else if (blob.retain()) {
        hits.increment();
        return blob;
      }
    }
    misses.increment();
    return null;
  }

  /**
   * Takes room for a blob that is about to be read.
   *
   * @return null when it is too long, or there is no room; else used by the caller, who fills it.
   */
  public @Nullable CachedBlob reserve(BlobLocation entry) {
    int blocks = CachedBlob.blocks(entry.lengthBytes());
    if (blocks > blocksMax) {
      return null;
    }
    int start = memory.allocate(blocks);
    if (start < 0) {
      return null;
    }
    CachedBlob blob = null;
    try {
      blob = new CachedBlob(memory, start, blocks, entry);
    } finally {
      if (blob == null) {
        memory.free(start, blocks);
      }
    }
    return blob;
  }

  /** Lets the policy keep a blob that was filled and verified, if it wants to. */
  public void add(BlobId id, CachedBlob blob) {
    if (blob.retain()) { // for the policy, for good: what it throws does not say whether it has it
      policy.add(id, blob);
    }
  }

  /** Copies a verified blob into the cache. */
  public void addCopy(BlobId id, BlobLocation entry, MemorySegment bytes) {
    CachedBlob blob = reserve(entry);
    if (blob != null) {
      try {
        MemorySegment.copy(bytes, 0, blob.room(), 0, entry.lengthBytes());
        add(id, blob);
      } finally {
        blob.release();
      }
    }
  }

  /** Lets go of a blob whose entry has changed. */
  public void remove(BlobId id, CachedBlob blob) {
    policy.remove(id, blob);
  }

  /** Returns the bytes of its memory. */
  public long totalBytes() {
    return Blocks.offset(memory.blocks());
  }

  /** Returns the bytes of its memory that hold blobs. */
  public long usedBytes() {
    return Blocks.offset(memory.blocks() - memory.freeBlocks());
  }

  /** Returns how many blobs it keeps, about. */
  public long count() {
    return policy.count();
  }

  /** Returns how many reads were served from it. */
  public long hits() {
    return hits.sum();
  }

  /** Returns how many reads were not. */
  public long misses() {
    return misses.sum();
  }

  /** Fills all of it with a pattern, so that a late reader of a blob sees nonsense. */
  public void fill(byte pattern) {
    memory.fill(pattern);
  }

  /** Unmaps its memory; there are no readers any more. */
  @Override
  public void close() {
    memory.close();
  }
}
