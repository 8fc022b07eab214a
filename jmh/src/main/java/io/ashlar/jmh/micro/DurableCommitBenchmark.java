package io.ashlar.jmh.micro;

import io.ashlar.jmh.machine.Folders;
import io.ashlar.jmh.peer.AshlarStore;
import io.ashlar.jmh.peer.BlobBatch;
import io.ashlar.jmh.peer.FileChannelStore;
import io.ashlar.jmh.peer.Keys;
import io.ashlar.jmh.peer.PeerStore;
import io.ashlar.jmh.peer.PeerWriter;
import io.ashlar.store.StoreConfig;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
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
 * How long does one thread wait until a value is durable, and what of it is the way to the disk?
 *
 * <p>Values overwrite a working set at random. Each path runs in a fork of its own, on a device
 * whose speed drifts: for ratios take {@code scripts/bench commit}, which interleaves them.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 2, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class DurableCommitBenchmark {

  /** A way to the disk. */
  public enum Route {
    /** Ashlar through its I/O thread and io_uring; the caller parks until the listener is told. */
    RING,
    /** The same hand-over, with pwritev2 on the I/O side instead of the ring. */
    PREAD_PWRITE,
    /** Ashlar as it comes: a blocking commit, which an idle store does on the caller's thread. */
    FAST_PATH,
    /** FileChannel write and force(false) on a pre-written file, without an index. */
    FILE_CHANNEL
  }

  private static final long WORKING_SET_BYTES = 64L << 20;
  private static final long SEED = 42;

  /** Which way. */
  @Param public Route route = Route.FAST_PATH;

  /** Bytes of one value, a multiple of 4096. */
  @Param("4096")
  public int valueBytes;

  /** Values in one commit. */
  @Param("1")
  public int valuesPerCommit;

  /** Where the stores lie: on the device to be measured. */
  @Param("target/jmh")
  public String directory = "";

  private final SplittableRandom random = new SplittableRandom(SEED);
  private int idCount;

  @SuppressWarnings("NullAway.Init") // by open
  private Path folder;

  @SuppressWarnings("NullAway.Init") // by open
  private PeerStore store;

  @SuppressWarnings("NullAway.Init") // by open
  private PeerWriter writer;

  @SuppressWarnings("NullAway.Init") // by open
  private BlobBatch batch;

  /** Opens the store in a new folder. */
  @Setup(Level.Trial)
  public void open() {
    idCount = Math.max(2 * valuesPerCommit, Math.toIntExact(WORKING_SET_BYTES / valueBytes));
    Keys keys = new Keys(idCount);
    folder = Folders.make(Path.of(directory), "durable-commit-");
    store = openStore(keys);
    writer = store.openWriter();
    batch = new BlobBatch(valuesPerCommit, valueBytes, SEED);
  }

  private PeerStore openStore(Keys keys) {
    StoreConfig defaults = StoreConfig.DEFAULTS;
    return switch (route) {
      case RING -> new AshlarStore(folder, keys, defaults, AshlarStore.Acknowledgement.LISTENER);
      case PREAD_PWRITE ->
          new AshlarStore(
              folder,
              keys,
              defaults.withEngine(StoreConfig.Engine.PREAD_PWRITE),
              AshlarStore.Acknowledgement.LISTENER);
      case FAST_PATH ->
          new AshlarStore(folder, keys, defaults, AshlarStore.Acknowledgement.BLOCKING);
      case FILE_CHANNEL -> new FileChannelStore(folder, keys, valueBytes);
    };
  }

  /** Commits one batch; it is durable when this returns. */
  @Benchmark
  public void commit() {
    batch.chooseIds(random, idCount);
    writer.commit(batch);
  }

  /** Says what durability was measured, closes the store and removes its folder. */
  @TearDown(Level.Trial)
  public void close() {
    System.out.println("# durability: " + store.durability());
    writer.close();
    store.close();
    batch.close();
    Folders.remove(folder);
  }
}
