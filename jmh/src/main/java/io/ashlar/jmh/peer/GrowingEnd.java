package io.ashlar.jmh.peer;

import io.ashlar.uring.NativeFile;
import io.ashlar.uring.NativeMemory;
import java.util.concurrent.locks.LockSupport;

/**
 * Lengthens a file by zeroes as Ashlar does ahead of need: in steps, each written in parts of 2 MiB
 * that are synced one by one.
 *
 * <p>Thread: {@link #used} belongs to one thread at a time; a thread of its own writes.
 */
final class GrowingEnd implements AutoCloseable {

  private static final long STEP_BYTES = 16 << 20;
  private static final long PART_BYTES = 2 << 20;

  private final NativeFile file;
  private final NativeMemory zeroes = NativeMemory.allocate(PART_BYTES);
  private final Thread thread;
  private long usedBytes; // the caller's
  private volatile long wantedSteps; // written by the caller
  private volatile boolean closing; // written by the closing thread
  private volatile long grownBytes; // written by the thread

  /** Begins at the end of a file. */
  GrowingEnd(NativeFile file, long endOffset) {
    this.file = file;
    thread = Thread.ofPlatform().daemon().name("growing-end").start(() -> grow(endOffset));
  }

  /** Notes that a commit has used up this much space: a step is due after each 16 MiB. */
  void used(long bytes) {
    usedBytes += bytes;
    if (usedBytes / STEP_BYTES > wantedSteps) {
      wantedSteps = usedBytes / STEP_BYTES;
      LockSupport.unpark(thread);
    }
  }

  /** Returns the bytes written so far. Thread: any. */
  long grownBytes() {
    return grownBytes;
  }

  private void grow(long endOffset) {
    long end = endOffset;
    long grown = 0;
    for (long steps = 0; !closing; ) {
      if (steps == wantedSteps) {
        LockSupport.park(this);
        continue;
      }
      steps++;
      for (long done = 0; done < STEP_BYTES && !closing; done += PART_BYTES) {
        file.write(zeroes.segment(), end, false);
        file.dataSync();
        end += PART_BYTES;
        grown += PART_BYTES;
        grownBytes = grown;
      }
    }
  }

  /** Ends the thread; the file stays open. */
  @Override
  public void close() {
    closing = true;
    LockSupport.unpark(thread);
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    zeroes.close();
  }
}
