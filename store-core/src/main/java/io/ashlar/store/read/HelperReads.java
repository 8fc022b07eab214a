package io.ashlar.store.read;

import io.ashlar.store.disk.Disk;
import io.ashlar.uring.Errno;
import io.ashlar.uring.NativeException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Reads without a ring: a few platform threads, each with one {@code pread} at a time. They end
 * when there is nothing to read for a while. Where none can be started, whoever asks reads.
 */
final class HelperReads implements ReadEngine {

  private static final int THREADS = 16;
  private static final int WAITING_MAX = 4096;
  private static final long KEEP_S = 10;
  private static final long CLOSE_S = 60;

  /** One of them. */
  private static final class HelperThread extends Thread {
    HelperThread(Runnable task) {
      super(task, "ashlar-read-helper");
      setDaemon(true);
    }
  }

  private final Disk disk;
  private final ThreadPoolExecutor threads;

  HelperReads(Disk disk) {
    this(disk, HelperThread::new);
  }

  /** For tests: with other threads. */
  HelperReads(Disk disk, ThreadFactory factory) {
    this.disk = disk;
    threads =
        new ThreadPoolExecutor(
            THREADS,
            THREADS,
            KEEP_S,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(WAITING_MAX),
            factory);
    threads.allowCoreThreadTimeOut(true);
  }

  @Override
  public boolean offer(ReadRequest request) {
    Runnable task = () -> read(request);
    try {
      threads.execute(task);
      return true;
    } catch (RejectedExecutionException full) {
      if (isOwnThread()) {
        read(request);
        return true;
      }
      return false;
    } catch (OutOfMemoryError noThread) {
      threads.remove(task); // it may have been queued for the thread that could not be had
      read(request);
      return true;
    }
  }

  private void read(ReadRequest request) {
    try {
      long bytes = disk.read(request.target(), request.bytes(), request.offset());
      request.complete(null, bytes);
    } catch (NativeException failure) {
      request.complete(failure, 0);
    } catch (RuntimeException unexpected) { // whoever waits must hear of it
      request.complete(
          new NativeException("pread", Errno.EIO, String.valueOf(unexpected.getMessage())), 0);
    }
  }

  @Override
  public boolean isOwnThread() {
    return Thread.currentThread() instanceof HelperThread;
  }

  @Override
  public void close() {
    threads.shutdown();
    boolean interrupted = false;
    long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(CLOSE_S);
    while (!threads.isTerminated() && System.nanoTime() - deadlineNs < 0) {
      try {
        var _ = threads.awaitTermination(1, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
