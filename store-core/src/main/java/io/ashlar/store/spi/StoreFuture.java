package io.ashlar.store.spi;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A future that a thread of the store completes. A listener cannot wait for it, nor for a stage
 * that depends on it, since that thread may be waiting for the listener (G10).
 *
 * <p>Thread: any.
 */
public class StoreFuture<T> extends CompletableFuture<T> {

  private final Callbacks callbacks;

  /** Creates an incomplete one. */
  public StoreFuture(Callbacks callbacks) {
    this.callbacks = callbacks;
  }

  @Override
  public T join() {
    refuseListener();
    return super.join();
  }

  @Override
  public T get() throws InterruptedException, ExecutionException {
    refuseListener();
    return super.get();
  }

  @Override
  public T get(long timeout, TimeUnit unit)
      throws InterruptedException, ExecutionException, TimeoutException {
    refuseListener();
    return super.get(timeout, unit);
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
