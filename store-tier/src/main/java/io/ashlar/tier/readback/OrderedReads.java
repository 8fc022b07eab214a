package io.ashlar.tier.readback;

import io.ashlar.store.spi.FutureOutcomes;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/**
 * Reads things ahead of their use, in a given order. Both the number of reads ahead and the sum of
 * their weights have a bound; a read heavier than that bound runs alone.
 *
 * <p>Thread: one; the reads run on threads of their own, which end with close. Memory: what was
 * read and not asked for is freed by close.
 *
 * @param <T> what is read.
 */
public final class OrderedReads<T extends AutoCloseable> implements AutoCloseable {

  /**
   * One read.
   *
   * @param bytes what its result weighs, about.
   */
  public record Read<T>(long bytes, Supplier<T> read) {}

  private record Running<T>(long bytes, CompletableFuture<T> result) {}

  private final List<Read<T>> reads;
  private final int countMax;
  private final long bytesMax;
  private final Deque<Running<T>> running = new ArrayDeque<>();
  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("ashlar-tier-read-", 0).factory());
  private int nextRead;
  private long bytes;

  /** Reads to be made in their order; none begins before the first {@link #next}. */
  public OrderedReads(List<Read<T>> reads, int countMax, long bytesMax) {
    this.reads = List.copyOf(reads);
    this.countMax = countMax;
    this.bytesMax = bytesMax;
  }

  /** Whether there is another. */
  public boolean hasNext() {
    return !running.isEmpty() || nextRead < reads.size();
  }

  /**
   * The next one, to be closed, or given to {@link #free}, before the one after it is asked for.
   * Throws what its read threw.
   */
  public T next() {
    readAhead();
    Running<T> next = running.remove();
    bytes -= next.bytes();
    try {
      return next.result().join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  /**
   * Closes a result of {@link #next} on another thread. Freeing shared memory waits for every
   * thread of the process, which takes milliseconds when all processors are busy.
   */
  public void free(T used) {
    threads.execute(() -> close(used));
  }

  private static void close(AutoCloseable used) {
    try {
      used.close();
    } catch (Exception e) {
      throw new IllegalStateException("freeing what was read ahead failed", e);
    }
  }

  private void readAhead() {
    while (nextRead < reads.size() && running.size() < countMax) {
      Read<T> read = reads.get(nextRead);
      if (!running.isEmpty() && bytes + read.bytes() > bytesMax) {
        return;
      }
      nextRead++;
      bytes += read.bytes();
      running.add(new Running<>(read.bytes(), FutureOutcomes.supply(read.read(), threads)));
    }
  }

  /** Interrupts what is being read, waits for it and for {@link #free}, frees what is left. */
  @Override
  public void close() {
    threads.shutdownNow();
    for (Running<T> read : running) {
      T unused = read.result().exceptionally(e -> null).join();
      if (unused != null) {
        close(unused);
      }
    }
    running.clear();
    threads.close();
  }
}
