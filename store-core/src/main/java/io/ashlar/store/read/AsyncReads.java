package io.ashlar.store.read;

import io.ashlar.store.BackPressureTimeoutException;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobStore;
import io.ashlar.store.ReadListener;
import io.ashlar.store.disk.StoreGate;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jctools.queues.varhandle.MpmcVarHandleArrayQueue;

/**
 * Gets whose caller is told later. Each holds the store's gate until it was told, so that closing
 * waits for it.
 *
 * <p>Thread: any. Nothing is allocated for a get in steady state; the future form allocates the
 * future and its number.
 */
public final class AsyncReads {

  /** Gets that can be under way; who wants another waits. */
  private static final int UNDER_WAY_MAX = 1024;

  private final StoreGate gate;
  private final ReadAgent agent;
  private final BlobReader reader;
  private final long waitNs;
  private final Semaphore permits = new Semaphore(UNDER_WAY_MAX);
  private final MpmcVarHandleArrayQueue<AsyncGet> idle =
      new MpmcVarHandleArrayQueue<>(UNDER_WAY_MAX);

  /** Creates them over a store's parts. */
  public AsyncReads(
      StoreGate gate, ReadAgent agent, BlobReader reader, long backPressureTimeoutMs) {
    this.gate = gate;
    this.agent = agent;
    this.reader = reader;
    waitNs = TimeUnit.MILLISECONDS.toNanos(backPressureTimeoutMs);
  }

  /** Implements {@link BlobStore#getAsync(BlobId, MemorySegment)}. */
  public CompletableFuture<Long> get(BlobId id, MemorySegment target) {
    GetFuture future = new GetFuture();
    get(id, target, future);
    return future;
  }

  /** Implements {@link BlobStore#getAsync(BlobId, MemorySegment, ReadListener)}. */
  public void get(BlobId id, MemorySegment target, ReadListener listener) {
    checkTarget(target);
    gate.enter();
    boolean permitted = false;
    boolean begun = false;
    try {
      permitted = permit();
      AsyncGet get = idle.relaxedPoll();
      if (get == null) {
        get = new AsyncGet(this, reader, agent);
      }
      get.begin(id, target, listener, permitted);
      begun = true;
    } finally {
      if (!begun) {
        giveBack(permitted);
      }
    }
  }

  /** Refuses memory that the thread which completes the read could not write to. */
  private static void checkTarget(MemorySegment target) {
    if (target.isReadOnly()) {
      throw new IllegalArgumentException("cannot read into a read-only segment");
    }
    if (!target.isAccessibleBy(Stranger.THREAD)) {
      throw new IllegalArgumentException(
          "the target is confined to one thread, and another completes the read: use a shared or"
              + " an automatic arena, or an array");
    }
  }

  /** Some thread that owns no arena. */
  private static final class Stranger {
    private static final Thread THREAD = new Thread(() -> {}, "ashlar-stranger");
  }

  /** Returns whether a permit was taken: a thread that completes reads must not wait for one. */
  private boolean permit() {
    if (permits.tryAcquire()) {
      return true;
    }
    if (agent.isOwnThread()) {
      return false;
    }
    boolean interrupted = false;
    long deadlineNs = System.nanoTime() + waitNs;
    try {
      while (true) {
        try {
          if (permits.tryAcquire(deadlineNs - System.nanoTime(), TimeUnit.NANOSECONDS)) {
            return true;
          }
          throw new BackPressureTimeoutException(
              "too many gets are under way: underWay=" + UNDER_WAY_MAX, null);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Ends a get that was begun: it may be used again. */
  void ended(AsyncGet get, boolean permitted) {
    var _ = idle.relaxedOffer(get); // dropped when there are plenty
    giveBack(permitted);
  }

  private void giveBack(boolean permitted) {
    if (permitted) {
      permits.release();
    }
    gate.exit();
  }

  /** The future of one get, which listens for its outcome. */
  private static final class GetFuture extends CompletableFuture<Long> implements ReadListener {

    @Override
    public void onRead(BlobId id, long length) {
      complete(length);
    }

    @Override
    public void onFailed(BlobId id, RuntimeException failure) {
      completeExceptionally(failure);
    }

    @Override
    public <U> CompletableFuture<U> newIncompleteFuture() {
      return new CompletableFuture<>(); // what depends on this one is no get
    }
  }
}
