package io.ashlar.store.spi;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A future that a thread of the store completes. A listener cannot wait for it, nor for a stage
 * that depends on it, since that thread may be waiting for the listener (G10).
 *
 * <p>A thread that drives the store's agents drives them while it waits.
 *
 * <p>Thread: any.
 *
 * @param <T> the type of the value.
 */
public class StoreFuture<T> extends CompletableFuture<T> {

  private static final long LOOK_NS = 1_000_000;

  private final Callbacks callbacks;

  /**
   * Creates an incomplete future.
   *
   * @param callbacks the threads that are in a callback of the store.
   */
  public StoreFuture(Callbacks callbacks) {
    this.callbacks = callbacks;
  }

  @Override
  public T join() {
    refuseListener();
    Driving.until(this, this::isDone);
    return super.join();
  }

  @Override
  public T get() throws InterruptedException, ExecutionException {
    refuseListener();
    driveUntil(Long.MAX_VALUE);
    return super.get();
  }

  @Override
  public T get(long timeout, TimeUnit unit)
      throws InterruptedException, ExecutionException, TimeoutException {
    refuseListener();
    long startNs = System.nanoTime();
    long timeoutNs = unit.toNanos(timeout);
    driveUntil(timeoutNs);
    return super.get(timeoutNs - (System.nanoTime() - startNs), TimeUnit.NANOSECONDS);
  }

  private void driveUntil(long timeoutNs) {
    long startNs = System.nanoTime();
    while (!isDone()
        && Driving.isHere()
        && !Thread.currentThread().isInterrupted()
        && System.nanoTime() - startNs < timeoutNs) {
      Driving.pause(this, LOOK_NS);
    }
  }

  private void refuseListener() {
    if (!isDone()) {
      callbacks.refuseListener();
    }
  }

  @Override
  public <U> CompletableFuture<U> newIncompleteFuture() {
    return new StoreFuture<>(callbacks);
  }
}
