package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.disk.BlockImage;
import io.ashlar.store.disk.DataFileHandle;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.Disks;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.uring.NativeFile;
import io.ashlar.uring.UringSupport;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Promise G11: whichever disk a store runs on, the same work leaves the same bytes, and each disk
 * goes on with a file of the others.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
@Tag("campaign")
class ByteIdentityTest {

  private static final StoreConfig CONFIG =
      StoreConfig.DEFAULTS
          .withPoolBytes(8 << 20)
          .withInitialFileBytes(1 << 20)
          .withGrowthBytesMin(1 << 20)
          .withGroupBytesMax(2 << 20)
          .withLogExtentBytesMax(256 << 10);
  private static final int EPOCHS = 120;

  private enum Engine {
    URING,
    POSIX,
    SIMULATED
  }

  /** How epochs are committed; for one way the bytes are the same on every disk. */
  enum Way {
    /** One after another on the caller's thread, and by the I/O thread what that cannot do. */
    BLOCKING,
    /** Several at once, coalesced into groups, through the queue of the disk. */
    COALESCED
  }

  @TempDir Path folder;
  private int files;

  /** Runs on an engine over a file's content, and returns the content that is left. */
  @FunctionalInterface
  private interface Work {

    /** Works on the store. */
    void on(DataFileStore store) throws Exception;
  }

  private byte[] run(Engine engine, Way way, byte[] before, long seed, Work work) throws Exception {
    Path path = folder.resolve("data" + files++);
    Files.write(path, before);
    Disk disk =
        switch (engine) {
          case URING, POSIX ->
              Disks.over(
                  DataFileHandle.open(path, NativeFile.Mode.READ_WRITE, false),
                  engine == Engine.URING);
          case SIMULATED -> SimulatedDisk.of(BlockImage.of(before));
        };
    SplittableRandom ids = new SplittableRandom(seed);
    AtomicLong clockMs = new AtomicLong(1_700_000_000_000L);
    StoreEnvironment environment =
        new StoreEnvironment(
            ids::nextLong,
            clockMs::incrementAndGet,
            () -> 0, // no time passes, so no mark is written for quiet
            Runnable::run,
            Runnable::run, // the workload logs less than an index checkpoint asks for
            way == Way.BLOCKING);
    try (DataFileStore store = StoreOpening.open("test", disk, CONFIG, environment)) {
      work.on(store);
    }
    if (disk instanceof SimulatedDisk simulated) {
      return simulated.image().bytes();
    }
    byte[] after = Files.readAllBytes(path);
    Files.delete(path);
    return after;
  }

  private static byte[] bytes(long seed, int length) {
    byte[] bytes = new byte[length];
    new SplittableRandom(seed).nextBytes(bytes);
    return bytes;
  }

  private static BlobId id(int n) {
    return new BlobId(n, 7);
  }

  /** The script: what the epochs do, and what they leave in {@code model}. */
  private static void work(DataFileStore store, Way way, long seed, Map<Integer, byte[]> model)
      throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    List<CompletableFuture<?>> waiting = new ArrayList<>();
    for (int i = 0; i < EPOCHS; i++) {
      Epoch epoch = store.beginEpoch();
      fill(epoch, random, i, model);
      if (i % 13 == 12) {
        Epoch abandoned = store.beginEpoch();
        abandoned.put(id(1), MemorySegment.ofArray(bytes(i, 1_500_000)));
        abandoned.close();
      }
      if (way == Way.BLOCKING) {
        assertThat(epoch.commit()).isEqualTo(store.durableEpoch());
        continue;
      }
      waiting.add(epoch.commitAsync());
      if (random.nextInt(3) == 0 || i == EPOCHS - 1) {
        while (store.doWork() > 0) {}
        assertThat(waiting).allMatch(CompletableFuture::isDone);
        CompletableFuture.allOf(waiting.toArray(new CompletableFuture<?>[0])).join();
        waiting.clear();
      }
    }
  }

  private static void fill(Epoch epoch, SplittableRandom random, int i, Map<Integer, byte[]> model)
      throws IOException {
    int operations = 1 + random.nextInt(i % 10 == 9 ? 40 : 4);
    for (int n = 0; n < operations; n++) {
      int key = random.nextInt(60);
      long seed = random.nextLong();
      int choice = random.nextInt(20);
      if (choice < 4) {
        epoch.delete(id(key));
        model.remove(key);
        continue;
      }
      int length =
          switch (choice) {
            case 4 -> 0;
            case 5 -> 4096;
            case 6 -> 4095 + 2 * random.nextInt(2);
            case 7 -> 60_000 + random.nextInt(200_000);
            case 8 -> n > 0 ? 10 : 1_100_000 + random.nextInt(1_000_000);
            default -> 1 + random.nextInt(9_000);
          };
      byte[] value = bytes(seed, length);
      switch (choice % 3) {
        case 0 -> epoch.put(id(key), MemorySegment.ofArray(value));
        case 1 -> epoch.put(id(key), Channels.newChannel(new ByteArrayInputStream(value)), length);
        default -> {
          if (length > 1 << 20) {
            epoch.put(id(key), MemorySegment.ofArray(value));
          } else {
            MemorySegment slot = epoch.claim(id(key), length);
            slot.copyFrom(MemorySegment.ofArray(value));
          }
        }
      }
      model.put(key, value);
    }
  }

  private static void check(DataFileStore store, Map<Integer, byte[]> model) {
    Map<Integer, byte[]> found = new TreeMap<>();
    store.forEach((high, low, length, local) -> {
      try (BlobLease lease = store.get(new BlobId(high, low))) {
        assertThat(lease).isNotNull();
        found.put((int) high, lease.value().toArray(ValueLayout.JAVA_BYTE));
      }
    });
    assertThat(found.keySet()).isEqualTo(model.keySet());
    model.forEach((key, value) -> assertThat(found.get(key)).as("blob %d", key).isEqualTo(value));
    assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
  }

  private static void assertIdentical(Map<Engine, byte[]> contents) {
    byte[] first = contents.get(Engine.SIMULATED);
    assertThat(first).isNotNull();
    contents.forEach((engine, content) ->
        assertThat(Arrays.mismatch(first, content))
            .as(
                "first byte that differs: %s has %d bytes, SIMULATED %d",
                engine, content.length, first.length)
            .isEqualTo(-1));
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  void shouldLeaveTheSameBytesOnEveryDiskAndGoOnWithEachOthers(Way way) throws Exception {
    assumeTrue(UringSupport.probe().available(), UringSupport.probe()::reason);
    long seed = Long.getLong("test.seed", 20_261_120L);
    Map<Integer, byte[]> model = new TreeMap<>();
    Map<Engine, byte[]> made = new EnumMap<>(Engine.class);
    for (Engine engine : Engine.values()) {
      model.clear();
      made.put(
          engine,
          run(
              engine,
              way,
              new byte[0],
              seed,
              store -> {
                work(store, way, seed, model);
                check(store, model);
              }));
    }
    assertIdentical(made);
    // Each goes on with the file of another.
    Map<Engine, byte[]> continued = new EnumMap<>(Engine.class);
    Map<Integer, byte[]> after = new TreeMap<>();
    for (Engine engine : Engine.values()) {
      Engine other =
          switch (engine) {
            case URING -> Engine.POSIX;
            case POSIX -> Engine.SIMULATED;
            case SIMULATED -> Engine.URING;
          };
      after.clear();
      after.putAll(model);
      byte[] before = made.getOrDefault(other, new byte[0]);
      continued.put(
          engine,
          run(
              engine,
              way,
              before,
              seed + 1,
              store -> {
                check(store, model);
                work(store, way, seed + 1, after);
                check(store, after);
              }));
    }
    assertIdentical(continued);
    System.out.printf(
        "ByteIdentityTest: way=%s, seed=%d, epochs=%d, blobs=%d, fileBytes=%d%n",
        way,
        seed,
        2 * EPOCHS,
        after.size(),
        continued.getOrDefault(Engine.URING, new byte[0]).length);
  }
}
