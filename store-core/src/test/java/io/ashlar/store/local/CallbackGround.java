package io.ashlar.store.local;

import io.ashlar.store.BlobId;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.disk.DataFileHandle;
import io.ashlar.store.disk.Disks;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** A store with a few blobs, in whose callbacks calls are made. */
final class CallbackGround {

  /** A blob that a buffer holds. */
  static final BlobId SHORT = new BlobId(1, 1);

  /** A blob that no buffer holds, which a virtual thread reads for who does not wait. */
  static final BlobId LONG = new BlobId(1, 2);

  /** No blob. */
  static final BlobId MISSING = new BlobId(1, 3);

  /** The length of {@link #LONG}; longer than {@code claimBytesMax}. */
  static final long LONG_BYTES = (1 << 20) + 5;

  /** A value that a buffer holds, of which four do not fit into a file that does not grow. */
  static final MemorySegment HUGE = Arena.ofAuto().allocate((1 << 20) - 4096);

  private static final StoreConfig CONFIG =
      StoreConfig.DEFAULTS.withPoolBytes(16 << 20).withInitialFileBytes(4 << 20);

  private static final MemorySegment VALUE = Arena.ofAuto().allocate(5_000).fill((byte) 5);

  private final DataFileStore store;
  private @Nullable Epoch filling;
  private final AtomicReference<Runnable> whenDone = new AtomicReference<>(() -> {});

  private CallbackGround(DataFileStore store) {
    this.store = store;
  }

  /** Opens a store in a folder. */
  static CallbackGround open(Path folder, StoreConfig.Engine engine) {
    return open(folder, engine, StoreEnvironment.system());
  }

  /** Opens a store whose file does not grow. */
  static CallbackGround openFull(Path folder, StoreConfig.Engine engine) {
    StoreEnvironment system = StoreEnvironment.system();
    return open(
        folder,
        engine,
        new StoreEnvironment(
            system.ids(),
            system.clockMs(),
            system.clockNs(),
            task -> {
              throw new RejectedExecutionException("the file does not grow here");
            },
            system.background(),
            true));
  }

  private static CallbackGround open(
      Path folder, StoreConfig.Engine engine, StoreEnvironment environment) {
    StoreConfig config = CONFIG.withEngine(engine);
    LocalBlobStore.builder(folder).config(config).open().close(); // makes it
    DataFileHandle file = StoreFile.open(folder, config);
    CallbackGround ground =
        new CallbackGround(
            StoreOpening.open(
                file.path().toString(),
                Disks.over(file, engine == StoreConfig.Engine.AUTO),
                config,
                environment));
    try (Epoch epoch = ground.store.beginEpoch()) {
      epoch.put(SHORT, VALUE);
      epoch.put(LONG, Arena.ofAuto().allocate(LONG_BYTES));
      var _ = epoch.commit();
    }
    return ground;
  }

  DataFileStore store() {
    return store;
  }

  /** Returns an epoch with a put. */
  Epoch filled() {
    Epoch epoch = store.beginEpoch();
    epoch.put(new BlobId(7, 7), VALUE);
    return epoch;
  }

  /** Notes the epoch that a put's channel is read for. */
  void filling(Epoch epoch) {
    filling = epoch;
  }

  /** Returns that, or null. */
  @Nullable Epoch filling() {
    return filling;
  }

  /** Sets what to undo once the callback has returned. */
  void whenDone(Runnable undo) {
    whenDone.set(undo);
  }

  /** Undoes it. */
  void done() {
    whenDone.getAndSet(() -> {}).run();
    filling = null;
  }
}
