package io.ashlar.store.spi;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Delivers the outcome of an awaited future even if the heap is full (G10). {@code
 * CompletableFuture} allocates to fail, and {@code supplyAsync} swallows the exception then.
 *
 * <p>Thread: any.
 */
public final class FutureOutcomes {

  private FutureOutcomes() {}

  /**
   * Completes a future and has its stages done.
   *
   * @param <T> the type of the value.
   * @param future the future.
   * @param value the value.
   * @throws OutOfMemoryError if the heap stays full.
   */
  public static <T extends @Nullable Object> void complete(CompletableFuture<T> future, T value) {
    boolean done = false;
    for (int attempt = 0; !done; attempt++) { // again: for the stages that were not reached
      try {
        future.complete(value);
        done = true;
      } catch (OutOfMemoryError e) {
        HeapShortage.await(attempt, e);
      }
    }
  }

  /**
   * Fails a future and has its stages done.
   *
   * @param future the future.
   * @param failure the reason.
   * @throws OutOfMemoryError if the heap stays full.
   */
  public static void fail(CompletableFuture<?> future, Throwable failure) {
    boolean done = false;
    for (int attempt = 0; !done; attempt++) {
      try {
        future.completeExceptionally(failure);
        done = true;
      } catch (OutOfMemoryError e) {
        HeapShortage.await(attempt, e);
      }
    }
  }

  /**
   * {@return the future of what {@code work} returns or throws on a thread of {@code executor}}
   *
   * @param <T> the type of the value.
   * @param work the work; an exception or error of it fails the future.
   * @param executor runs the work.
   * @throws RuntimeException the exception of the executor; the work is not done then.
   */
  public static <T extends @Nullable Object> CompletableFuture<T> supply(
      Supplier<T> work, Executor executor) {
    CompletableFuture<T> future = new CompletableFuture<>();
    executor.execute(() -> perform(work, future));
    return future;
  }

  private static <T extends @Nullable Object> void perform(
      Supplier<T> work, CompletableFuture<T> future) {
    T value;
    try {
      value = work.get();
    } catch (Throwable e) { // a checked one too, from a language that has none
      fail(future, e);
      return;
    }
    complete(future, value);
  }
}
