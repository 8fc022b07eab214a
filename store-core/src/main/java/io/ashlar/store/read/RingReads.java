package io.ashlar.store.read;

import io.ashlar.store.agent.AgentHost;
import io.ashlar.store.agent.StoreAgent;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.DiskCompletion;
import io.ashlar.store.disk.DiskQueue;
import io.ashlar.store.spi.Log;
import io.ashlar.uring.NativeException;
import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jctools.queues.varhandle.MpscVarHandleArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * The read agent's ring: it owns a queue of the disk, submits what others ask for and tells them
 * when it is there.
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
 * <p>Thread: {@link #offer} any; the rest that of the agent.
 */
final class RingReads extends StoreAgent implements ReadEngine {

  private static final int WAITING_MAX = 8192;
  private static final int IN_FLIGHT_MAX = 256;
  private static final int GROUP_MAX = 4;

  private final Disk disk;
  private final Consumer<ReadRequest> fallback;
  private final boolean sleepsInQueue;
  private final MpscVarHandleArrayQueue<ReadRequest> waiting =
      new MpscVarHandleArrayQueue<>(WAITING_MAX);
  private final ReentrantLock leftOver =
      new ReentrantLock(); // the one who empties a failed ring's queue
  private AgentHost.@Nullable Running running; // written before anyone else knows this

  private final ArrayDeque<ReadRequest> own = new ArrayDeque<>(); // offered within its own work
  private final @Nullable ReadRequest[] inFlight = new ReadRequest[IN_FLIGHT_MAX];
  private final int[] free = new int[IN_FLIGHT_MAX];
  private int freeCount = IN_FLIGHT_MAX;
  private final DiskCompletion onComplete = this::onComplete;
  private final @Nullable ReadRequest[] undone = // of a queue that failed
      new ReadRequest[IN_FLIGHT_MAX];
  private int undoneCount;

  private boolean broken; // the agent's
  private volatile boolean closing; // written by who closes, read by its thread
  private volatile boolean failed; // written by its thread, read by who offers

  private RingReads(Disk disk, Consumer<ReadRequest> fallback, boolean sleepsInQueue) {
    this.disk = disk;
    this.fallback = fallback;
    this.sleepsInQueue = sleepsInQueue;
    for (int i = 0; i < IN_FLIGHT_MAX; i++) {
      free[i] = i;
    }
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
  static RingReads start(AgentHost host, Disk disk, Consumer<ReadRequest> fallback) {
    RingReads reads = new RingReads(disk, fallback, host.sleepsInQueue());
    reads.running = host.start(reads);
    return reads;
  }

  @Override
  public String roleName() {
    return "ashlar-read";
  }

  @Override
  public boolean isAtWork() {
    AgentHost.Running started = running;
    return started != null && started.isAtWork();
  }

  @Override
  public boolean offer(ReadRequest request) {
    if (isAtWork()) {
      own.addLast(request);
      return true;
    }
    if (!waiting.offer(request)) {
      return false;
    }
    VarHandle.fullFence(); // the request first, then whether somebody will look at it
    if (failed) {
      passOnWaiting();
    } else if (sleepsInQueue) {
      queue().wakeUp();
    }
    return true;
  }

  @Override
  protected DiskQueue openQueue() {
    DiskQueue queue = disk.openQueue(IN_FLIGHT_MAX);
    if (!queue.isConcurrent()) {
      queue.close();
      throw new RejectedExecutionException(disk.engineReason());
    }
    return queue;
  }

  @Override
  protected boolean canBeOrphaned() {
    return freeCount == IN_FLIGHT_MAX;
  }

  @Override
  protected void continueWithout(RuntimeException failure) {
    Log.log(
        RingReads.class,
        System.Logger.Level.INFO,
        "no ring for reads; helper threads read instead: " + failure);
    passOnAll();
  }

  /**
   * Submits what waits, and tells those whose read is done.
   *
   * @return how many reads were submitted or done.
   */
  @Override
  public int doWork() {
    if (isRefused() || isOrphaned() || isOver(queue())) {
      throw ENDED;
    }
    try {
      return work(queue());
    } catch (RuntimeException | Error e) {
      Log.log(RingReads.class, System.Logger.Level.ERROR, "the read ring has failed", e);
      broken = true;
      return 1;
    }
  }

  private boolean isOver(DiskQueue queue) {
    return broken
        || queue.failed()
        || (closing && freeCount == IN_FLIGHT_MAX && own.isEmpty() && waiting.isEmpty());
  }

  private int work(DiskQueue queue) {
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
    int done = 0;
    if (mayHaveMore() || (!sleepsInQueue && freeCount < IN_FLIGHT_MAX)) {
      done = queue.poll(onComplete);
    } else if (sleepsInQueue) {
      done = queue.await(onComplete, Long.MAX_VALUE); // submits and sleeps in one system call
    }
    assert undoneCount == 0 || queue.failed() : "G10: a read is neither done nor given up";
    return submitted + done;
  }

  private boolean mayHaveMore() {
    return freeCount > 0 && !(own.isEmpty() && waiting.isEmpty());
  }

  /** Does nothing: {@link #doWork} sleeps in the queue. */
  @Override
  protected void sleep() {}

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
  @Override
  public void onClose() {
    DiskQueue queue = queueIfOpen();
    if (queue == null) {
      return;
    }
    boolean wasFailed = broken || isOrphaned() || !closing || queue.failed();
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
    passOnAll();
  }

  private void passOnAll() {
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

  @Override
  public void close() {
    closing = true;
    DiskQueue queue = queueIfOpen();
    if (queue != null) {
      queue.wakeUp();
    }
    AgentHost.Running started = running;
    if (started != null) {
      started.awaitEnd();
    }
  }
}
