package io.ashlar.tier.fetch;

import io.ashlar.store.spi.ColdReference;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Decoded batches, or frames of them, kept for the next blob of the same: at most {@value
 * #BATCHES_MAX} and at most so many bytes, the least recently used first to go. Callers that ask
 * for one at the same time share one fetch.
 *
 * <pre>
 *            use(): first asker          fetched                    out of bounds, or close()
 *  (absent) ------------------> FETCHING --------> KEPT --------------------------> DROPPED
 *                                  | failed          ^ use()                           |
 *                                  v                                    last user left v
 *                               (absent)                                             freed
 * </pre>
 *
 * <p>At most {@value #FETCHES_MAX} batches are fetched at once. They are fetched on threads of its
 * own, so that an interrupt of a reader breaks no request that others wait for.
 *
 * <p>Thread: any. Memory: each batch is freed when it is dropped and its last user has left.
 */
final class BatchCache implements AutoCloseable {
  static final int BATCHES_MAX = 1024;
  static final int FETCHES_MAX = 8;

  private static final class Slot {
    final CompletableFuture<DecodedBatch> fetched = new CompletableFuture<>();
    // The fields below are guarded by the lock.
    int users;
    long bytes;
    boolean dropped;
  }

  private final long bytesMax;
  private final ReentrantLock lock = new ReentrantLock();
  private final LinkedHashMap<ColdReference, Slot> slots = new LinkedHashMap<>(16, 0.75f, true);
  private final Semaphore fetches = new Semaphore(FETCHES_MAX);
  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(
          Thread.ofVirtual().name("ashlar-tier-fetch-", 0).factory());
  private long bytes; // guarded by the lock
  private boolean closed; // guarded by the lock

  BatchCache(long bytesMax) {
    this.bytesMax = bytesMax;
  }

  /**
   * Uses a batch; it stays in memory until {@code use} returns.
   *
   * @param fetch reads it if it is not there; runs on another thread. What it throws is thrown to
   *     each that waits for it, wrapped in a {@link CompletionException}.
   * @throws IllegalStateException if the cache is closed.
   */
  <T> T use(ColdReference reference, Supplier<DecodedBatch> fetch, Function<DecodedBatch, T> use) {
    boolean first = false;
    Slot slot;
    lock.lock();
    try {
      if (closed) {
        throw new IllegalStateException("batch cache is closed");
      }
      slot = slots.get(reference);
      if (slot == null) {
        slot = new Slot();
        slots.put(reference, slot);
        first = true;
        start(reference, slot, fetch);
      }
      slot.users++;
    } finally {
      lock.unlock();
    }
    try {
      DecodedBatch batch = slot.fetched.join();
      if (first) {
        keep(reference, slot, batch.bytes());
      }
      return use.apply(batch);
    } finally {
      leave(slot);
    }
  }

  private void start(ColdReference reference, Slot slot, Supplier<DecodedBatch> fetch) {
    threads.execute(() -> {
      fetches.acquireUninterruptibly();
      try {
        slot.fetched.complete(fetch.get());
      } catch (Throwable e) {
        forget(reference, slot);
        slot.fetched.completeExceptionally(e);
      } finally {
        fetches.release();
      }
    });
  }

  private void forget(ColdReference reference, Slot slot) {
    lock.lock();
    try {
      slots.remove(reference, slot);
    } finally {
      lock.unlock();
    }
  }

  private void keep(ColdReference reference, Slot slot, long batchBytes) {
    List<Slot> unused = new ArrayList<>();
    lock.lock();
    try {
      if (slot.dropped) {
        return;
      }
      slot.bytes = batchBytes;
      bytes += batchBytes;
      if (batchBytes > bytesMax) {
        slots.remove(reference, slot);
        drop(slot, unused);
      }
      Iterator<Slot> eldest = slots.values().iterator();
      while ((bytes > bytesMax || slots.size() > BATCHES_MAX) && eldest.hasNext()) {
        Slot old = eldest.next();
        if (old.bytes > 0) {
          eldest.remove();
          drop(old, unused);
        }
      }
    } finally {
      lock.unlock();
    }
    unused.forEach(s -> s.fetched.join().close());
  }

  /** Takes a slot out of the count; whoever holds the lock frees {@code unused} afterwards. */
  private void drop(Slot slot, List<Slot> unused) {
    slot.dropped = true;
    bytes -= slot.bytes;
    if (slot.users == 0) {
      unused.add(slot);
    }
  }

  private void leave(Slot slot) {
    boolean free;
    lock.lock();
    try {
      slot.users--;
      free = slot.dropped && slot.users == 0;
    } finally {
      lock.unlock();
    }
    if (free && !slot.fetched.isCompletedExceptionally()) {
      slot.fetched.join().close();
    }
  }

  /** Native memory of what is kept, in bytes. */
  long bytes() {
    lock.lock();
    try {
      return bytes;
    } finally {
      lock.unlock();
    }
  }

  /** Drops everything; a batch in use is freed when its last user leaves. Idempotent. */
  @Override
  public void close() {
    List<Slot> unused = new ArrayList<>();
    lock.lock();
    try {
      closed = true;
      slots.values().forEach(slot -> drop(slot, unused));
      slots.clear();
    } finally {
      lock.unlock();
    }
    unused.forEach(slot -> slot.fetched.join().close());
    threads.shutdown();
  }
}
