package io.ashlar.store.checkpoint;

import io.ashlar.store.disk.SideTask;
import io.ashlar.store.format.Superblock;
import io.ashlar.store.spi.Uninterrupted;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/**
 * Chunks of an index checkpoint that a thread reads ahead of the one that loads them, into slots
 * that are used in turn.
 *
 * <p>Thread: {@link #awaitSlot} and {@link #put} by the one that reads, the others by the owner.
 */
final class ChunksAhead implements AutoCloseable {

  private final IndexCheckpointReader reader;
  private final Superblock superblock;
  private final @Nullable MemorySegment[] slots;
  private final SideTask<Generation> reading;
  private final Uninterrupted.PlainWait nextIsRead = // made here: the wait needs no heap
      () -> {
        while (this.read == this.loaded && !this.ended) {
          wait();
        }
      };

  // Guarded by this.
  private int read; // chunks
  private int loaded;
  private boolean lent; // one more than these
  private boolean ended;
  private boolean closed;

  /** No lambda, which takes milliseconds to link in a cold JVM. */
  private record Reading(ChunksAhead chunks) implements Callable<Generation> {
    @Override
    public Generation call() {
      try {
        return chunks.reader.follow(chunks.superblock, chunks);
      } finally {
        chunks.end();
      }
    }
  }

  /** Begins to read. */
  ChunksAhead(IndexCheckpointReader reader, Superblock superblock, int slotCount) {
    this.reader = reader;
    this.superblock = superblock;
    slots = new MemorySegment[slotCount];
    reading = new SideTask<>("ashlar-checkpoint-read", new Reading(this));
  }

  private synchronized void end() {
    ended = true;
    notifyAll();
  }

  /** Waits until a slot is free, and returns its number. */
  synchronized int awaitSlot() {
    while (read - loaded == slots.length && !closed) {
      try {
        wait();
      } catch (InterruptedException e) {
        throw new IllegalStateException("this thread is never interrupted", e);
      }
    }
    if (closed) {
      throw new CancellationException("the index checkpoint is no longer wanted");
    }
    return read % slots.length;
  }

  /** Hands over the chunk in the slot of {@link #awaitSlot}. */
  synchronized void put(MemorySegment chunk) {
    slots[read % slots.length] = chunk;
    read++;
    notifyAll();
  }

  /**
   * Waits for the next chunk; the one before is given back. An interrupt ends nothing and stays
   * pending.
   *
   * @return null when no more come: {@link #outcome} tells why.
   */
  synchronized @Nullable MemorySegment next() {
    if (lent) {
      loaded++;
      notifyAll();
    }
    Uninterrupted.run(nextIsRead);
    lent = read > loaded;
    return lent ? slots[loaded % slots.length] : null;
  }

  /** Waits for what was found, or throws what kept it from being found. */
  Generation outcome() {
    return reading.await();
  }

  /** Waits until nothing is read any more. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    reading.close();
  }
}
