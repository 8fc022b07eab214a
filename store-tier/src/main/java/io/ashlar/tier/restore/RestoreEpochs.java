package io.ashlar.tier.restore;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobStore;
import io.ashlar.store.CommitReport;
import io.ashlar.store.Epoch;
import io.ashlar.store.Snapshot;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * Puts blobs into a store in epochs of bounded size, several of which are committed at the same
 * time.
 *
 * <p>Thread: one. Closing waits for the commits in progress; an epoch that is not full is dropped.
 */
final class RestoreEpochs implements AutoCloseable {
  private static final int COMMITS_MAX = 4;
  private static final long EPOCH_BYTES = 8L << 20;
  private static final int EPOCH_OPERATIONS = 4_096;

  private final BlobStore into;
  private final Deque<CompletableFuture<CommitReport>> commits = new ArrayDeque<>();
  private @Nullable Epoch epoch;
  private long blobs;
  private long bytes;

  RestoreEpochs(BlobStore into) {
    this.into = into;
  }

  void put(BlobId id, MemorySegment data) {
    opened().put(id, data);
    blobs++;
    bytes += data.byteSize();
    commitIfFull();
  }

  /** Says whether a blob stays. */
  @FunctionalInterface
  interface Kept {
    boolean isKept(long high, long low);
  }

  /** Deletes the blobs of the store that are not to be kept; returns how many. */
  long deleteAllBut(Kept kept) {
    long[] deleted = new long[1];
    try (Snapshot snapshot = into.snapshot()) {
      snapshot.forEach((high, low, length, local) -> {
        if (!kept.isKept(high, low)) {
          opened().delete(new BlobId(high, low));
          deleted[0]++;
          commitIfFull();
        }
      });
    }
    return deleted[0];
  }

  private Epoch opened() {
    Epoch open = epoch;
    if (open == null) {
      open = into.beginEpoch();
      epoch = open;
    }
    return open;
  }

  private void commitIfFull() {
    Epoch open = opened();
    if (open.operationCount() >= EPOCH_OPERATIONS || open.valueBytes() >= EPOCH_BYTES) {
      commit();
    }
  }

  /** Commits what is left and waits until all is durable. */
  void finish() {
    commit();
    while (!commits.isEmpty()) {
      awaitOldest();
    }
  }

  private void commit() {
    Epoch full = epoch;
    if (full == null) {
      return;
    }
    epoch = null;
    try (full) {
      if (commits.size() == COMMITS_MAX) {
        awaitOldest();
      }
      commits.add(full.commitAsync());
    }
  }

  private void awaitOldest() {
    try {
      var _ = commits.remove().join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  /** Blobs that were put. */
  long blobs() {
    return blobs;
  }

  /** Their bytes. */
  long bytes() {
    return bytes;
  }

  @Override
  public void close() {
    if (epoch != null) {
      epoch.close();
    }
    commits.forEach(commit -> commit.exceptionally(e -> null).join());
  }
}
