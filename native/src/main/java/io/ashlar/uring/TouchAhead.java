package io.ashlar.uring;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Touches mapped memory on a thread of its own, so that later users do not wait for its pages. A
 * huge page takes 0.1 to some milliseconds. Pages that it has not reached yet can already be used,
 * and existing bytes stay unchanged.
 *
 * <p>Does nothing where the kernel has no such advice, before Linux 5.14, or no memory.
 *
 * <p>Thread: made and closed by one. Memory: the segments stay mapped until {@link #close()} has
 * returned. Source: madvise(2), MADV_POPULATE_WRITE.
 */
public final class TouchAhead implements AutoCloseable {
  private final Thread thread;
  private volatile boolean stopped; // written by the owner, read by the thread

  /**
   * Begins to touch.
   *
   * @param memory segments whose address is a multiple of the page size, in the order of their use.
   */
  public TouchAhead(String threadName, List<MemorySegment> memory) {
    thread = Thread.ofPlatform().daemon().name(threadName).start(() -> touch(memory));
  }

  private void touch(List<MemorySegment> memory) {
    for (MemorySegment segment : memory) {
      for (long at = 0; at < segment.byteSize(); at += NativeMemory.ALIGNMENT) {
        long length = Math.min(NativeMemory.ALIGNMENT, segment.byteSize() - at);
        if (stopped || !NativeMemory.populate(segment.asSlice(at, length))) {
          return;
        }
      }
    }
  }

  /** Ends it, at most a huge page later. An interrupt ends nothing and stays pending. */
  @Override
  public void close() {
    stopped = true;
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
  }
}
