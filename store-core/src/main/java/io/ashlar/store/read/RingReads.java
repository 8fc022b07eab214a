package io.ashlar.store.read;

import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.DiskCompletion;
import io.ashlar.store.disk.DiskQueue;
import io.ashlar.store.disk.Threads;
import io.ashlar.store.spi.Log;
import io.ashlar.uring.NativeException;
import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jctools.queues.varhandle.MpscVarHandleArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * The read ring: one thread that owns a queue of the disk, submits what others ask for and tells
 * them when it is there.
 *
 * <pre>
 *   open ── reading ── the queue itself failed ──▶ failed: all requests go to the fallback
 *             └── close, nothing in flight ──▶ closed
 * </pre>
 *
 * <p>Requests are submitted in the order in which they came, so no reader waits behind one that
 * came later, and a few at a time: a system call that carries many keeps the first completions
 * waiting for the last submission.
 *
 * <p>Thread: {@link #offer} any; {@link #run} its own.
 */
final class RingReads implements ReadEngine, Runnable {

  private static final int WAITING_MAX = 8192;
  private static final int IN_FLIGHT_MAX = 256;
  private static final int GROUP_MAX = 4;

  private final Disk disk;
  private final Consumer<ReadRequest> fallback;
  private final FutureTask<DiskQueue> opened = new FutureTask<>(this::openQueue);
  private final MpscVarHandleArrayQueue<ReadRequest> waiting =
      new MpscVarHandleArrayQueue<>(WAITING_MAX);
  private final ReentrantLock leftOver =
      new ReentrantLock(); // the one who empties a failed ring's queue
  private final Thread thread;

  private final ArrayDeque<ReadRequest> own = new ArrayDeque<>(); // offered by its own thread
  private final @Nullable ReadRequest[] inFlight = new ReadRequest[IN_FLIGHT_MAX];
  private final int[] free = new int[IN_FLIGHT_MAX];
  private int freeCount = IN_FLIGHT_MAX;
  private final DiskCompletion onComplete = this::onComplete;
  private final @Nullable ReadRequest[] undone = // of a queue that failed
      new ReadRequest[IN_FLIGHT_MAX];
  private int undoneCount;

  private volatile boolean closing; // written by who closes, read by its thread
  private volatile boolean failed; // written by its thread, read by who offers

  private RingReads(Disk disk, Consumer<ReadRequest> fallback) {
    this.disk = disk;
    this.fallback = fallback;
    for (int i = 0; i < IN_FLIGHT_MAX; i++) {
      free[i] = i;
    }
    thread = new Thread(this, "ashlar-read");
    thread.setDaemon(true);
  }

  /**
   * Starts one.
   *
   * @param fallback takes each request that is left over when the ring fails, with nothing of it in
   *     flight any more; does not throw.
   * @throws NativeException if the kernel refuses the ring.
   * @throws RejectedExecutionException if no thread can be had for it, or the queue has no ring:
   *     several threads read faster then.
   */
  static RingReads start(Disk disk, Consumer<ReadRequest> fallback) {
    RingReads reads = new RingReads(disk, fallback);
    Threads.start(reads.thread);
    var _ = Threads.await(reads.opened);
    return reads;
  }

  @Override
  public boolean isOwnThread() {
    return Thread.currentThread().equals(thread);
  }

  @Override
  public boolean offer(ReadRequest request) {
    if (isOwnThread()) {
      own.addLast(request);
      return true;
    }
    if (!waiting.offer(request)) {
      return false;
    }
    VarHandle.fullFence(); // the request first, then whether somebody will look at it
    if (failed) {
      passOnWaiting();
    } else {
      queue().wakeUp();
    }
    return true;
  }

  @Override
  public void run() {
    opened.run();
    if (opened.state() != Future.State.SUCCESS) {
      return;
    }
    DiskQueue queue = queue();
    try {
      while (!isOver(queue)) {
        work(queue);
      }
    } catch (RuntimeException | Error e) {
      Log.log(RingReads.class, System.Logger.Level.ERROR, "the read ring has failed", e);
    } finally {
      end(queue);
    }
  }

  private DiskQueue openQueue() {
    DiskQueue queue = disk.openQueue(IN_FLIGHT_MAX);
    if (!queue.isConcurrent()) {
      queue.close();
      throw new RejectedExecutionException(disk.engineReason());
    }
    return queue;
  }

  private boolean isOver(DiskQueue queue) {
    return queue.failed()
        || (closing && freeCount == IN_FLIGHT_MAX && own.isEmpty() && waiting.isEmpty());
  }

  private void work(DiskQueue queue) {
    int submitted = 0;
    while (submitted < GROUP_MAX && freeCount > 0) {
      ReadRequest request = own.isEmpty() ? waiting.relaxedPoll() : own.pollFirst();
      if (request == null) {
        break;
      }
      int place = free[--freeCount];
      inFlight[place] = request;
      queue.submitRead(request.target(), request.bytes(), request.offset(), place);
      submitted++;
    }
    boolean more = freeCount > 0 && !(own.isEmpty() && waiting.isEmpty());
    if (more) {
      queue.poll(onComplete);
    } else {
      queue.await(onComplete, Long.MAX_VALUE);
    }
    assert undoneCount == 0 || queue.failed() : "G10: a read is neither done nor given up";
  }

  private void onComplete(long token, @Nullable NativeException failure, long bytes) {
    int place = (int) token;
    ReadRequest request = inFlight[place];
    if (request == null) {
      throw new IllegalStateException("completion of no read in flight: place=" + place);
    }
    inFlight[place] = null;
    free[freeCount++] = place;
    if (failure != null && queue().failed()) {
      undone[undoneCount++] = request; // its memory may be in use until the queue is closed
    } else {
      request.complete(failure, bytes);
    }
  }

  /** Closes the queue, and passes on the requests that it did not serve. */
  private void end(DiskQueue queue) {
    boolean wasFailed = queue.failed() || !closing;
    try {
      queue.close(); // the device is done with every buffer
    } catch (IllegalStateException stuck) {
      Arrays.fill(inFlight, null); // their memory must never be used again, so nobody may be told
      undoneCount = 0;
      Log.log(RingReads.class, System.Logger.Level.ERROR, "reads in flight have not ended", stuck);
    }
    if (!wasFailed) {
      return;
    }
    Log.log(
        RingReads.class,
        System.Logger.Level.WARNING,
        "reads continue without io_uring: the read ring failed");
    failed = true;
    VarHandle.fullFence(); // before its last look at the queue: see offer
    passOn(undone, undoneCount);
    passOn(inFlight, inFlight.length);
    for (ReadRequest next = own.pollFirst(); next != null; next = own.pollFirst()) {
      fallback.accept(next);
    }
    passOnWaiting();
  }

  private void passOn(@Nullable ReadRequest[] requests, int count) {
    for (int i = 0; i < count; i++) {
      ReadRequest request = requests[i];
      if (request != null) {
        fallback.accept(request);
      }
    }
  }

  /** Passes on what waits in a failed ring's queue, one by one, as nothing may be made here. */
  private void passOnWaiting() {
    ReadRequest next = pollWaiting();
    while (next != null) {
      fallback.accept(next);
      next = pollWaiting();
    }
  }

  private @Nullable ReadRequest pollWaiting() {
    leftOver.lock();
    try {
      return waiting.poll();
    } finally {
      leftOver.unlock();
    }
  }

  private DiskQueue queue() {
    return opened.resultNow();
  }

  @Override
  public void close() {
    closing = true;
    queue().wakeUp();
    Threads.join(thread);
  }
}
