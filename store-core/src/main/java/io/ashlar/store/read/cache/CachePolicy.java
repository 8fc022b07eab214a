package io.ashlar.store.read.cache;

import io.ashlar.store.BlobId;
import org.jspecify.annotations.Nullable;

/**
 * Decides which blobs the cache keeps, within a weight in blocks. Thread: any.
 *
 * <p>It is one of the users of each blob that it keeps ({@link CachedBlob#retain}), and releases it
 * when it lets go of it, for whatever reason.
 */
public interface CachePolicy {

  /** Returns the blob kept under an id, not retained for the caller; counts as a use. */
  @Nullable CachedBlob find(BlobId id);

  /**
   * Keeps a blob in place of any other of its id, or releases it. The caller has retained the blob
   * for the policy.
   */
  void add(BlobId id, CachedBlob blob);

  /** Lets go of a blob if it is kept under that id. */
  void remove(BlobId id, CachedBlob blob);

  /** Returns how many blobs are kept, about. */
  long count();
}
