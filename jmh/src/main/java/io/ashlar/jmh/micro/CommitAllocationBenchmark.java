package io.ashlar.jmh.micro;

import io.ashlar.jmh.machine.Folders;
import io.ashlar.jmh.peer.BlobBatch;
import io.ashlar.store.AckListener;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobStore;
import io.ashlar.store.CommitReport;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreException;
import io.ashlar.store.local.LocalBlobStore;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What does each form of commit allocate for one value of 4 KiB? Run it with {@code -prof gc} and
 * read {@code gc.alloc.rate.norm}.
 *
 * <p>Written as the store's users write it where heap counts: one epoch object for each thread. JMH
 * counts the allocations of all threads.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 2, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class CommitAllocationBenchmark {

  private static final int VALUE_BYTES = 4096;
  private static final int IDS = 16_384;
  private static final long SEED = 42;
  private static final long FUTURE_PARK_NS = 20_000;

  /** Where the store lies: on the device to be measured. */
  @Param("target/jmh")
  public String directory = "";

  private final SplittableRandom random = new SplittableRandom(SEED);
  private final BlobId[] ids = new BlobId[IDS];
  private final Waiting waiting = new Waiting();

  @SuppressWarnings("NullAway.Init") // by open
  private Path folder;

  @SuppressWarnings("NullAway.Init") // by open
  private BlobStore store;

  @SuppressWarnings("NullAway.Init") // by open
  private Epoch epoch;

  @SuppressWarnings("NullAway.Init") // by open
  private Arena arena;

  @SuppressWarnings("NullAway.Init") // by open
  private MemorySegment value;

  /** Opens a store in a new folder and puts every id once. */
  @Setup(Level.Trial)
  public void open() {
    folder = Folders.make(Path.of(directory), "commit-allocation-");
    store = LocalBlobStore.builder(folder).open();
    arena = Arena.ofShared();
    value = arena.allocate(VALUE_BYTES, VALUE_BYTES);
    BlobBatch.fill(value, random);
    epoch = store.beginEpoch();
    for (int i = 0; i < IDS; i++) {
      ids[i] = new BlobId(random.nextLong(), i);
      epoch.put(ids[i], value);
    }
    var _ = epoch.commit();
  }

  private BlobId anyId() {
    return ids[random.nextInt(IDS)];
  }

  /** {@link Epoch#commit()}, with one epoch object that is begun again and again. */
  @Benchmark
  public long blocking() {
    epoch.begin();
    epoch.put(anyId(), value);
    return epoch.commit();
  }

  /** {@link Epoch#commit()}, with a new object for each epoch. */
  @Benchmark
  public long blockingWithNewEpoch() {
    try (Epoch begun = store.beginEpoch()) {
      begun.put(anyId(), value);
      return begun.commit();
    }
  }

  /** {@link Epoch#commit(AckListener)}, with a listener that is used again, then parking. */
  @Benchmark
  public long callback() {
    waiting.begin();
    epoch.begin();
    epoch.put(anyId(), value);
    epoch.commit(waiting);
    return waiting.await();
  }

  /**
   * {@link Epoch#commitAsync()}, then parking until it is done; {@code join()} would allocate a
   * node of its own.
   */
  @Benchmark
  public CommitReport future() {
    epoch.begin();
    epoch.put(anyId(), value);
    CompletableFuture<CommitReport> future = epoch.commitAsync();
    while (!future.isDone()) {
      LockSupport.parkNanos(this, FUTURE_PARK_NS);
    }
    return future.resultNow();
  }

  /** Closes the store and removes its folder. */
  @TearDown(Level.Trial)
  public void close() {
    store.close();
    arena.close();
    Folders.remove(folder);
  }

  /** A listener that one thread waits for, and uses again. */
  private static final class Waiting implements AckListener {

    private @Nullable Thread waiter; // written by the committing thread before it commits
    private @Nullable StoreException failure; // written by the I/O thread before durable
    private volatile long durable; // written by the I/O thread, read by the committing one

    void begin() {
      waiter = Thread.currentThread();
      durable = 0;
    }

    long await() {
      while (durable == 0) {
        LockSupport.park(this);
      }
      if (failure != null) {
        throw failure;
      }
      return durable;
    }

    @Override
    public void onDurable(
        long epoch, int putsTotal, int putsFlushed, int deletesTotal, int deletesApplied) {
      durable = epoch;
      LockSupport.unpark(waiter);
    }

    @Override
    public void onFailed(StoreException reason) {
      failure = reason;
      durable = -1;
      LockSupport.unpark(waiter);
    }
  }
}
