package io.ashlar.store.local;

import io.ashlar.store.BlobStore;
import io.ashlar.store.RecoveryReport;
import io.ashlar.store.StorageFullException;
import io.ashlar.store.StoreConfig;
import java.nio.file.Path;
import org.agrona.concurrent.AgentInvoker;

/**
 * A blob store in one data file of a folder on this machine.
 *
 * <pre>{@code
 * try (BlobStore store = LocalBlobStore.builder(folder).open()) {
 *   try (Epoch epoch = store.beginEpoch()) {
 *     epoch.put(id, value);
 *     epoch.commit();
 *   }
 * }
 * }</pre>
 *
 * <p>One process at a time can open it for writing; {@link ReadOnlyStore} opens it for reading. The
 * store has one I/O thread, unless the embedder drives its agents ({@link #agentInvoker}). It
 * starts other threads while they are needed. It owns its native memory and frees it in {@link
 * #close}.
 */
public sealed interface LocalBlobStore extends BlobStore permits DataFileStore {

  /**
   * Begins opening the store in {@code folder}.
   *
   * @param folder the store's folder.
   * @return a builder with the defaults.
   */
  static Builder builder(Path folder) {
    return new Builder(folder);
  }

  /** {@return the report of this store's recovery at open} */
  RecoveryReport recoveryReport();

  /**
   * {@return what drives the agents of a store with {@link StoreConfig.ThreadingMode#INVOKER}}
   *
   * <pre>{@code
   * LocalBlobStore driven =
   *     LocalBlobStore.builder(folder)
   *         .config(StoreConfig.DEFAULTS.withThreadingMode(StoreConfig.ThreadingMode.INVOKER))
   *         .open();
   * AgentInvoker invoker = driven.agentInvoker();
   * IdleStrategy idle = new BackoffIdleStrategy();
   * invoker.start();
   * while (!invoker.isClosed()) { // until the store is closed
   *   idle.idle(invoker.invoke());
   * }
   * }</pre>
   *
   * <p>The first thread that starts or invokes it is the driver for life; another gets a {@link
   * WrongThreadException}. A blocking call of the driver drives the agents while it waits. Other
   * threads wait for the driver: for the outcome of an asynchronous commit or read, and for reads
   * of virtual threads. They commit by themselves where they can.
   *
   * <p>An invoker that is closed before the store makes the store fail. If the driver stops without
   * that, {@link #close} on another thread commits what is queued, and throws a {@link
   * io.ashlar.store.NotDrivenException} after five seconds. If the driver has ended, or there was
   * none, the closing thread does the rest. A driver must not end while reads are in flight: they
   * never complete.
   *
   * @throws IllegalStateException if the store has another threading mode.
   */
  AgentInvoker agentInvoker();

  /** Collects the options of an open, and opens the store. Thread: one. */
  final class Builder {
    private final Path folder;
    private StoreConfig config = StoreConfig.DEFAULTS;
    private boolean createIfMissing = true;
    private ContainerMemory containerMemory = ContainerMemory.ofThisProcess();

    private Builder(Path folder) {
      this.folder = folder;
    }

    /**
     * Sets the settings; {@link StoreConfig#DEFAULTS} unless set.
     *
     * @param newConfig the settings.
     * @return this builder.
     */
    public Builder config(StoreConfig newConfig) {
      config = newConfig;
      return this;
    }

    /**
     * Sets whether to create a missing store; true unless set.
     *
     * @param create whether to create it.
     * @return this builder.
     */
    public Builder createIfMissing(boolean create) {
      createIfMissing = create;
      return this;
    }

    /** For tests: with another container's limit. */
    Builder containerMemory(ContainerMemory memory) {
      containerMemory = memory;
      return this;
    }

    /**
     * Opens the store and recovers from a crash if there was one.
     *
     * @return the open store.
     * @throws io.ashlar.store.StoreLockedException if it is open elsewhere.
     * @throws io.ashlar.store.StoreOpenException if the path cannot be used, or the container's
     *     memory limit leaves less than the pool and the cache need.
     * @throws StorageFullException if there is no space for a new store.
     * @throws io.ashlar.store.CorruptionException if durable data of the store itself is damaged.
     * @throws io.ashlar.store.FormatVersionException if the store has an unsupported format
     *     version.
     */
    public LocalBlobStore open() {
      return StoreOpening.open(folder, config, createIfMissing, containerMemory);
    }
  }
}
