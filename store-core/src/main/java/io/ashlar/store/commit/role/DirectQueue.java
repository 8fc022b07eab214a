package io.ashlar.store.commit.role;

import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.DiskCompletion;
import io.ashlar.store.disk.DiskQueue;
import io.ashlar.uring.IoVectors;
import io.ashlar.uring.NativeException;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A queue that does each operation when it is submitted, on the thread that submits it.
 *
 * <p>Thread: the commit role's holder (L19); no operation outlives the holding of the role.
 */
final class DirectQueue implements DiskQueue {

  private final Disk disk;
  private final long[] tokens;
  private final long[] transferred;
  private final @Nullable NativeException[] failures;
  private int count;

  DirectQueue(Disk disk, int capacity) {
    this.disk = disk;
    tokens = new long[capacity];
    transferred = new long[capacity];
    failures = new NativeException[capacity];
  }

  @Override
  public void submitWrite(IoVectors sources, long offset, boolean durable, long token) {
    try {
      disk.write(sources, offset, durable);
      completed(token, null, sources.bytes());
    } catch (NativeException failure) {
      completed(token, failure, 0);
    }
  }

  @Override
  public void submitRead(MemorySegment target, long bytes, long offset, long token) {
    try {
      completed(token, null, disk.read(target, bytes, offset));
    } catch (NativeException failure) {
      completed(token, failure, 0);
    }
  }

  private void completed(long token, @Nullable NativeException failure, long bytes) {
    if (count == tokens.length) {
      throw new IllegalStateException("the queue is full: capacity=" + tokens.length);
    }
    tokens[count] = token;
    failures[count] = failure;
    transferred[count] = bytes;
    count++;
  }

  @Override
  public int poll(DiskCompletion handler) {
    int ready = count;
    count = 0;
    for (int i = 0; i < ready; i++) {
      NativeException failure = failures[i];
      failures[i] = null;
      handler.onComplete(tokens[i], failure, transferred[i]);
    }
    return ready;
  }

  @Override
  public int await(DiskCompletion handler, long timeoutNs) {
    return poll(handler);
  }

  @Override
  public void wakeUp() {}

  @Override
  public boolean failed() {
    return false;
  }

  @Override
  public int inFlight() {
    return count;
  }

  @Override
  public boolean isConcurrent() {
    return false;
  }

  @Override
  public void close() {}
}
