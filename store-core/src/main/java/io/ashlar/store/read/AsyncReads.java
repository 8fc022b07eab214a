package io.ashlar.store.read;

import io.ashlar.store.BackPressureTimeoutException;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobReads;
import io.ashlar.store.ReadListener;
import io.ashlar.store.disk.Lender;
import io.ashlar.store.disk.StoreGate;
import io.ashlar.store.spi.AsyncTarget;
import io.ashlar.store.spi.Callbacks;
import io.ashlar.store.spi.Driving;
import io.ashlar.store.spi.FutureOutcomes;
import io.ashlar.store.spi.HeapShortage;
import io.ashlar.store.spi.ReadOutcomes;
import io.ashlar.store.spi.StackRoom;
import io.ashlar.store.spi.StoreFuture;
import io.ashlar.store.spi.Uninterrupted;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jctools.queues.varhandle.MpmcVarHandleArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * Gets whose caller is told later. Each holds the store's gate until it was told, so that closing
 * waits for it.
 *
 * <p>Thread: any. Nothing is allocated for a get in steady state; the future form allocates the
 * future and its number.
 */
public final class AsyncReads {

  /** Gets that can be under way; who wants another waits. */
  private static final long PERMIT_LOOK_NS = 100_000; // of a thread that drives meanwhile

  private static final int UNDER_WAY_MAX = 1024;

  private final Lender lender;
  private final StoreGate gate;
  private final ReadAgent agent;
  private final BlobReader reader; // of the store, not of a snapshot
  private final Semaphore permits = new Semaphore(UNDER_WAY_MAX);
  private final MpmcVarHandleArrayQueue<AsyncGet> idle =
      new MpmcVarHandleArrayQueue<>(UNDER_WAY_MAX);

  /** Creates them over a store's parts. */
  public AsyncReads(Lender lender, ReadAgent agent, BlobReader reader) {
    this.lender = lender;
    gate = lender.gate();
    this.agent = agent;
    this.reader = reader;
  }

  /**
   * Implements {@link BlobReads#getAsync(BlobId, MemorySegment)} through a reader of this store.
   */
  public CompletableFuture<Long> get(BlobReader from, BlobId id, MemorySegment target) {
    GetFuture future = new GetFuture(gate.callbacks());
    get(from, id, target, future);
    return future;
  }

  /** Implements {@link BlobReads#getAsync(BlobId, MemorySegment, ReadListener)}. */
  public void get(BlobReader from, BlobId id, MemorySegment target, ReadListener listener) {
    StackRoom.toBegin(); // before anything else: a class may have to be initialized
    AsyncTarget.check(target);
    gate.enter();
    boolean permitted = false;
    boolean begun = false;
    try {
      permitted = permit();
      AsyncGet get = idle.relaxedPoll();
      if (get == null) {
        get = new AsyncGet(this, reader, agent);
      }
      get.begin(from, id, target, listener, permitted);
      begun = true;
    } finally {
      if (!begun) {
        giveBack(permitted);
      }
    }
  }

  /** Returns whether a permit was taken: who completes reads, or listens, must not wait for one. */
  private boolean permit() {
    if (permits.tryAcquire()) {
      return true;
    }
    if (agent.isAtWork() || gate.isInListener()) {
      return false;
    }
    long deadlineNs = lender.deadlineNs();
    boolean taken =
        Driving.isHere()
            ? Uninterrupted.parkUntil(this, permits::tryAcquire, PERMIT_LOOK_NS, deadlineNs)
            : Uninterrupted.get(
                () -> permits.tryAcquire(deadlineNs - System.nanoTime(), TimeUnit.NANOSECONDS));
    if (!taken) {
      throw new BackPressureTimeoutException(
          "too many gets are in progress: inProgress=" + UNDER_WAY_MAX, null);
    }
    return true;
  }

  /** Tells a get's listener. */
  void tell(ReadListener listener, BlobId id, long length, @Nullable RuntimeException failure) {
    boolean noted = gate.beginListener();
    try {
      ReadOutcomes.tell(listener, id, length, failure);
    } finally {
      gate.endListener(noted);
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
  private static final class GetFuture extends StoreFuture<Long> implements ReadListener {

    GetFuture(Callbacks callbacks) {
      super(callbacks);
    }

    @Override
    public void onRead(BlobId id, long length) {
      boolean done = false;
      for (int attempt = 0; !done; attempt++) { // again: the length is an object
        try {
          complete(length);
          done = true;
        } catch (OutOfMemoryError e) {
          HeapShortage.await(attempt, e);
        }
      }
    }

    @Override
    public void onFailed(BlobId id, RuntimeException failure) {
      FutureOutcomes.fail(this, failure);
    }
  }
}
