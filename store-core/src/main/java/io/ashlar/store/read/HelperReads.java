package io.ashlar.store.read;

import io.ashlar.store.disk.Disk;
import io.ashlar.store.spi.Uninterrupted;
import io.ashlar.uring.Errno;
import io.ashlar.uring.NativeException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Reads without a ring: a few platform threads, each with one {@code pread} at a time. They end
 * when there is nothing to read for a while. If no thread can be started, the requesting thread
 * reads.
 */
final class HelperReads implements ReadEngine {

  private static final int THREADS = 16;
  private static final int WAITING_MAX = 4096;
  private static final long KEEP_S = 10;
  private static final long CLOSE_S = 60;

  /** One of them. */
  private final class HelperThread extends Thread {
    HelperThread(Runnable task) {
      super(task, "ashlar-read-helper");
      setDaemon(true);
    }

    boolean isOf(HelperReads reads) {
      return HelperReads.this.equals(reads);
    }
  }

  private final Disk disk;
  private final ThreadPoolExecutor threads;

  HelperReads(Disk disk) {
    this.disk = disk;
    threads = executor(HelperThread::new);
  }

  /** For tests: with other threads. */
  HelperReads(Disk disk, ThreadFactory factory) {
    this.disk = disk;
    threads = executor(factory);
  }

  private static ThreadPoolExecutor executor(ThreadFactory factory) {
    ThreadPoolExecutor executor =
        new ThreadPoolExecutor(
            THREADS,
            THREADS,
            KEEP_S,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(WAITING_MAX),
            factory);
    executor.allowCoreThreadTimeOut(true);
    return executor;
  }

  @Override
  public boolean offer(ReadRequest request) {
    Task task = new Task(request);
    try {
      threads.execute(task);
      return true;
    } catch (RejectedExecutionException full) {
      if (!isAtWork()) {
        return false;
      }
    } catch (RuntimeException | Error noThread) {
      threads.remove(task); // it may have been queued for the thread that could not be had
    }
    task.run();
    return true;
  }

  /** One read, done by the first that runs it. */
  private final class Task implements Runnable {

    private final ReadRequest request;
    private final AtomicBoolean begun = new AtomicBoolean();

    Task(ReadRequest request) {
      this.request = request;
    }

    @Override
    public void run() {
      if (begun.compareAndSet(false, true)) {
        read(request);
      }
    }
  }

  private void read(ReadRequest request) {
    NativeException failure = ReadRequest.GIVEN_UP;
    long bytes = 0;
    try {
      bytes = disk.read(request.target(), request.bytes(), request.offset());
      failure = null;
    } catch (NativeException e) {
      failure = e;
    } catch (RuntimeException unexpected) {
      failure = new NativeException("pread", Errno.EIO, String.valueOf(unexpected.getMessage()));
    } finally { // whoever waits must hear of it
      request.complete(failure, bytes);
    }
  }

  @Override
  public boolean isAtWork() {
    return Thread.currentThread() instanceof HelperThread helper && helper.isOf(this);
  }

  @Override
  public void close() {
    threads.shutdown();
    long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(CLOSE_S);
    boolean _ =
        Uninterrupted.get(
            () -> threads.awaitTermination(deadlineNs - System.nanoTime(), TimeUnit.NANOSECONDS));
  }
}
