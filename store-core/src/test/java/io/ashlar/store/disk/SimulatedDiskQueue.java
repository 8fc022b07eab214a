package io.ashlar.store.disk;

import io.ashlar.uring.IoVectors;
import io.ashlar.uring.NativeException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** A queue of a {@link SimulatedDisk}: an operation is in flight until it is delivered. */
final class SimulatedDiskQueue implements DiskQueue {
  /** What is to be delivered; the id is that of an operation still in flight, or -1. */
  private record Outcome(long token, int id, @Nullable NativeException failure, long bytes) {}

  private final Thread owner = Thread.currentThread();
  private final AtomicBoolean wanted = new AtomicBoolean();
  private final SimulatedDisk disk;
  private final int capacity;
  private final List<Outcome> outcomes = new ArrayList<>();
  private boolean closed;

  SimulatedDiskQueue(SimulatedDisk disk, int capacity) {
    this.disk = disk;
    this.capacity = capacity;
  }

  @Override
  public void submitWrite(IoVectors sources, long offset, boolean durable, long token) {
    checkRoom();
    try {
      int id = disk.beginWrite(sources, offset, durable);
      outcomes.add(new Outcome(token, id, null, sources.bytes()));
    } catch (NativeException failure) {
      outcomes.add(new Outcome(token, -1, failure, 0));
    }
  }

  @Override
  public void submitRead(MemorySegment target, long bytes, long offset, long token) {
    checkRoom();
    try {
      outcomes.add(new Outcome(token, -1, null, disk.read(target, bytes, offset)));
    } catch (NativeException failure) {
      outcomes.add(new Outcome(token, -1, failure, 0));
    }
  }

  @Override
  public int poll(DiskCompletion handler) {
    check();
    int ready = outcomes.size();
    for (int left = ready; left > 0; left--) {
      // What the handler submits comes behind these, and is left for the next call.
      Outcome outcome = outcomes.remove(disk.choose(left));
      if (outcome.id >= 0) {
        disk.complete(outcome.id);
      }
      handler.onComplete(outcome.token, outcome.failure, outcome.bytes);
    }
    return ready;
  }

  @Override
  public int await(DiskCompletion handler, long timeoutNs) {
    check();
    boolean interrupted = false;
    long begun = System.nanoTime();
    while (!wanted.get() && outcomes.isEmpty()) {
      long left = timeoutNs - (System.nanoTime() - begun);
      if (left <= 0) {
        break;
      }
      LockSupport.parkNanos(this, left);
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      owner.interrupt();
    }
    wanted.set(false);
    return poll(handler);
  }

  @Override
  public void wakeUp() {
    wanted.set(true);
    LockSupport.unpark(owner);
  }

  @Override
  public int inFlight() {
    check();
    return outcomes.size();
  }

  @Override
  public boolean failed() {
    return false;
  }

  @Override
  public boolean isConcurrent() {
    return true;
  }

  @Override
  public void close() {
    checkOwner();
    if (!closed) {
      closed = true;
      disk.queueClosed();
    }
  }

  private void checkRoom() {
    check();
    if (outcomes.size() == capacity) {
      throw new IllegalStateException("the queue is full: capacity=" + capacity);
    }
  }

  private void check() {
    checkOwner();
    if (closed) {
      throw new IllegalStateException("the queue is closed");
    }
  }

  private void checkOwner() {
    if (!Thread.currentThread().equals(owner)) {
      throw new IllegalStateException(
          "the queue belongs to another thread: owner=" + owner.getName());
    }
  }
}
