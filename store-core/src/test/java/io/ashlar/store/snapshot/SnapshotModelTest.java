package io.ashlar.store.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.Campaign;
import io.ashlar.store.SnapshotEndedException;
import io.ashlar.store.background.Governors;
import io.ashlar.store.disk.GuardedDisk;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.OperationFormat;
import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.store.index.BlobLocation.Kind;
import io.ashlar.store.index.OperationApplier;
import io.ashlar.store.metrics.StoreCounters;
import io.ashlar.store.space.BlockSpace;
import io.ashlar.store.space.DataFile;
import io.ashlar.store.space.ExtentAllocator;
import io.ashlar.store.space.StoreContent;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Every operation on an index with snapshots, against a plain map for each snapshot: what a
 * snapshot finds, what it visits, what is pinned (rule L27, extent by extent), when what is no
 * longer pinned is used again (rule L2), and that no block is lost or counted twice (G13).
 *
 * <p>A blob is a number that stands in each of its blocks; so a read is a look at the blocks.
 */
class SnapshotModelTest {

  private static final int OPERATIONS = Campaign.count("test.operations", 110_000);
  private static final int IDS = 3_000;
  private static final long FILE_BLOCKS = 1 << 17;
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** What the model knows of a blob or a tombstone. */
  private record Value(Kind kind, long version, long content, int length, long start) {}

  /** A superseded extent, until nobody needs it. */
  private record Extent(long put, long freed, long blocks) {}

  private record Taken(SnapshotView view, Map<Integer, Value> state) {}

  private final long seed = Long.getLong("test.seed", System.nanoTime());
  private final SplittableRandom random = new SplittableRandom(seed);
  private final BlobIndex index = new BlobIndex(seed);
  private final OperationApplier applier = new OperationApplier(index, true);
  private final ExtentAllocator allocator = new ExtentAllocator();
  private final Poison poison = new Poison();
  private final DataFile file =
      new DataFile(
          new GuardedDisk(new SimulatedDisk(), poison, new StoreCounters()),
          Runnable::run,
          Governors.unpaced(),
          16,
          FILE_BLOCKS,
          Blocks.FIRST);
  private final BlockSpace space = new BlockSpace(allocator, file, poison, 20);
  private final Deque<Runnable> background = new ArrayDeque<>();

  private final Map<Integer, Value> now = new HashMap<>();
  private final List<Taken> taken = new ArrayList<>();
  private final List<Extent> superseded = new ArrayList<>();
  private final long[] contents = new long[(int) FILE_BLOCKS];
  private final long[] freedAt = new long[(int) FILE_BLOCKS];
  private long sequence = 1;
  private long nextContent = 1;
  private long operations;
  private long ended;
  private SnapshotRegistry registry = newRegistry(1 << 20);

  private SnapshotRegistry newRegistry(long entriesMax) {
    return new SnapshotRegistry(
        new StoreContent(index, applier, space),
        poison,
        new SnapshotRegistry.CommitLog() {
          @Override
          public void performWithRole(Runnable task) {
            task.run();
          }

          @Override
          public long sequence() {
            return sequence;
          }

          @Override
          public long durableEpoch() {
            return sequence;
          }
        },
        background::add,
        entriesMax,
        null,
        Governors.unpaced());
  }

  SnapshotModelTest() {
    allocator.addFree(Blocks.FIRST, FILE_BLOCKS - Blocks.FIRST);
  }

  @AfterEach
  void close() {
    registry.stop();
    registry.close();
    index.close();
    file.close();
  }

  @Test
  void shouldShowEachSnapshotExactlyWhatWasThere() {
    run(8, OPERATIONS);
    assertThat(ended).as(name()).isZero();
    closeAll();
  }

  @Test
  void shouldEndTheOldestSnapshotWhenTooManyEntriesAreKept() {
    registry = newRegistry(350);
    run(6, OPERATIONS / 2);
    assertThat(ended).as(name()).isPositive();
    closeAll();
  }

  private void run(int snapshotsMax, long operationsMax) {
    long begun = System.nanoTime();
    int groups = 0;
    long opened = 0;
    long pinnedMost = 0;
    while (operations < operationsMax) {
      commitGroup();
      groups++;
      if (taken.size() < snapshotsMax && random.nextInt(24) == 0) {
        taken.add(new Taken(registry.open(), new HashMap<>(now)));
        opened++;
        if (random.nextInt(4) == 0) { // another one of the same record
          taken.add(new Taken(registry.open(), new HashMap<>(now)));
          opened++;
        }
      }
      if (!taken.isEmpty() && random.nextInt(26) == 0) {
        closeOne();
      }
      if (random.nextInt(3) == 0) {
        runBackground(random.nextInt(3));
      }
      lookUpSome();
      if (groups % 16 == 0) {
        checkAccounts();
      }
      pinnedMost = Math.max(pinnedMost, space.pinnedBlocks());
      if (groups % 512 == 0) {
        long through = random.nextLong(sequence + 1);
        index.dropTombstones(through);
        dropTombstones(now, through);
        taken.forEach(snapshot -> dropTombstones(snapshot.state(), through));
        walkAll();
      }
    }
    System.out.printf(
        "snapshot model: -Dtest.seed=%d: %,d operations, %,d snapshots, %,d ended, %,d blocks pinned at"
            + " most, in %d ms%n",
        seed, operations, opened, ended, pinnedMost, (System.nanoTime() - begun) / 1_000_000);
    assertThat(pinnedMost).isPositive();
  }

  private String name() {
    return "seed=" + seed + ", operations=" + operations;
  }

  private static void dropTombstones(Map<Integer, Value> state, long through) {
    state.values().removeIf(value -> value.kind() == Kind.TOMBSTONE && value.version() <= through);
  }

  private void commitGroup() {
    sequence++;
    int count = 1 + random.nextInt(6);
    // Ids are drawn from a part that moves, so that some rest for long and some change at once.
    int firstId = (int) (sequence / 512 * 97 % IDS);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(count * 64L);
      long[] blocks = new long[count];
      long[] starts = new long[count];
      for (int i = 0; i < count; i++) { // placed before the record is durable, as in a commit
        blocks[i] = random.nextInt(4);
        starts[i] = allocate(blocks[i]);
      }
      space.markDurable(sequence - 1); // the record has been written
      for (int i = 0; i < count; i++) {
        int id = (firstId + random.nextInt(IDS / 8)) % IDS;
        if (!operate(bytes, id, starts[i], blocks[i]) && blocks[i] > 0) {
          space.free(starts[i], blocks[i]);
        }
        operations++;
      }
    }
  }

  private long allocate(long blocks) {
    if (blocks == 0) {
      return 0;
    }
    long start = space.allocateFree(blocks, blocks);
    assertThat(start).as(this::name).isPositive();
    for (long block = start; block < start + blocks; block++) {
      // The last durable record is the one before, and carries the mark of the one before that.
      assertThat(freedAt[(int) block]).as(this::name).isLessThanOrEqualTo(sequence - 2); // L2
    }
    return start;
  }

  /** Does one operation; returns whether the place was used. */
  private boolean operate(MemorySegment bytes, int id, long start, long blocks) {
    Value old = now.get(id);
    return switch (random.nextInt(10)) {
      case 0, 1, 2, 3, 4 -> put(bytes, id, old, start, blocks);
      case 5, 6 -> delete(bytes, id, old);
      case 7 -> old != null && old.kind() == Kind.STORED && evict(bytes, id, old);
      case 8 -> old != null && old.kind() == Kind.EVICTED && moveCold(bytes, id, old);
      default ->
          old != null
              && old.kind() == Kind.STORED
              && old.length() > 0
              && Blocks.count(old.length()) == blocks
              && relocate(bytes, id, old, start, blocks);
    };
  }

  private boolean put(MemorySegment bytes, int id, @Nullable Value old, long start, long blocks) {
    int length = blocks == 0 ? 0 : (int) Blocks.offset(blocks) - random.nextInt(4000);
    Value value = new Value(Kind.STORED, sequence, nextContent++, length, start);
    OperationFormat.put(bytes, 0, 0, id, (int) value.content(), start, length);
    apply(bytes);
    fill(start, blocks, value.content());
    now.put(id, value);
    supersede(old, true);
    return true;
  }

  private boolean delete(MemorySegment bytes, int id, @Nullable Value old) {
    OperationFormat.delete(bytes, 0, 0, id);
    apply(bytes);
    if (old != null && old.kind() != Kind.TOMBSTONE) {
      now.put(id, new Value(Kind.TOMBSTONE, sequence, 0, 0, 0));
      supersede(old, true);
    }
    return false;
  }

  private boolean evict(MemorySegment bytes, int id, Value old) {
    boolean matches = random.nextInt(8) != 0; // else it is too late for what it expects (L16)
    long version = old.version() - (matches ? 0 : 1);
    OperationFormat.evict(
        bytes, 0, 0, id, version, old.start(), old.content(), 1, random.nextInt());
    apply(bytes);
    if (matches) {
      now.put(id, new Value(Kind.EVICTED, old.version(), old.content(), old.length(), 0));
      supersede(old, true);
    }
    return false;
  }

  private boolean moveCold(MemorySegment bytes, int id, Value old) {
    conditional(bytes, id, OperationFormat.COLD_MOVE, old.version(), old.content());
    bytes.set(LONG, 40, random.nextLong());
    bytes.set(LONG, 48, random.nextLong());
    apply(bytes);
    return false;
  }

  private boolean relocate(MemorySegment bytes, int id, Value old, long start, long blocks) {
    conditional(bytes, id, OperationFormat.RELOCATE, old.version(), old.start());
    bytes.set(LONG, 40, start);
    apply(bytes);
    fill(start, blocks, old.content());
    now.put(id, new Value(Kind.STORED, old.version(), old.content(), old.length(), start));
    supersede(old, false);
    return true;
  }

  private static void conditional(
      MemorySegment bytes, int id, int kind, long version, long second) {
    OperationFormat.delete(bytes, 0, 0, id); // what all operations begin with
    bytes.set(ValueLayout.JAVA_BYTE, 0, (byte) kind);
    bytes.set(LONG, 24, version);
    bytes.set(LONG, 32, second);
  }

  private void apply(MemorySegment bytes) {
    var _ =
        applier.apply(
            bytes, 0, 1, sequence, (start, blocks) -> space.freeAfter(sequence, start, blocks));
  }

  private void fill(long start, long blocks, long content) {
    Arrays.fill(contents, (int) start, (int) (start + blocks), content);
    Arrays.fill(freedAt, (int) start, (int) (start + blocks), Long.MAX_VALUE);
  }

  private void supersede(@Nullable Value old, boolean pins) {
    if (old != null && old.kind() == Kind.STORED) {
      long blocks = Blocks.count(old.length());
      Arrays.fill(freedAt, (int) old.start(), (int) (old.start() + blocks), sequence);
      if (pins && blocks > 0) {
        superseded.add(new Extent(old.version(), sequence, blocks));
      }
    }
  }

  private void lookUpSome() {
    for (Taken one : List.copyOf(taken)) {
      for (int i = 0; i < 3; i++) {
        int id = random.nextInt(IDS);
        BlobLocation found = new BlobLocation();
        try {
          boolean live = one.view().find(0, id, found);
          check(one, id, found);
          assertThat(live).isEqualTo(found.isLive());
        } catch (SnapshotEndedException e) {
          forget(one);
          break;
        }
      }
    }
  }

  private void forget(Taken one) {
    assertThat(one.view().isOpen()).isFalse();
    ended++;
    taken.remove(one);
    registry.close(one.view());
  }

  /** Compares what a snapshot says of an id with its map. */
  private void check(Taken one, int id, BlobLocation found) {
    Value value = one.state().get(id);
    Supplier<String> what =
        () -> name() + ", s=" + one.view().sequence() + ", id=" + id + ", found=" + found;
    if (value == null || value.kind() == Kind.TOMBSTONE) {
      assertThat(found.isLive()).as(what).isFalse();
      return;
    }
    assertThat(found.kind()).as(what).isEqualTo(value.kind());
    assertThat(found.version()).as(what).isEqualTo(value.version());
    assertThat(found.lengthBytes()).as(what).isEqualTo(value.length());
    if (found.kind() == Kind.EVICTED) {
      assertThat(found.cold0()).as(what).isEqualTo(value.content());
      return;
    }
    assertThat(found.crc32c()).as(what).isEqualTo((int) value.content());
    for (long block = 0; block < Blocks.count(found.lengthBytes()); block++) {
      assertThat(contents[(int) (found.startBlock() + block)]).as(what).isEqualTo(value.content());
    }
  }

  /** Visits everything of each snapshot, and compares, tombstones too. */
  private void walkAll() {
    for (Taken one : List.copyOf(taken)) {
      Map<Integer, BlobLocation> visited = new HashMap<>();
      try {
        one.view()
            .forEach((idHigh, idLow, location) -> {
              BlobLocation copy = new BlobLocation();
              copy.setTo(location);
              assertThat(visited.put((int) idLow, copy)).as(name() + ", id=" + idLow).isNull();
            });
      } catch (SnapshotEndedException e) {
        forget(one);
        continue;
      }
      visited.forEach((id, location) -> check(one, id, location));
      one.state()
          .forEach((id, value) -> {
            BlobLocation location = visited.get(id);
            assertThat(location).as(name() + ", id=" + id + ": " + value).isNotNull();
            Kind kind = Objects.requireNonNull(location).kind();
            assertThat(kind).as(name() + ", id=" + id).isEqualTo(value.kind());
          });
    }
  }

  private void checkAccounts() {
    taken.removeIf(one -> {
      if (!one.view().isOpen()) {
        ended++;
        registry.close(one.view());
        return true;
      }
      return false;
    });
    superseded.removeIf(extent -> taken.stream().noneMatch(one -> pins(one, extent)));
    long pinned = superseded.stream().mapToLong(Extent::blocks).sum();
    if (background.isEmpty()) {
      assertThat(space.pinnedBlocks()).as("L27, " + name()).isEqualTo(pinned);
    } else { // what ended snapshots pinned is not given up yet
      assertThat(space.pinnedBlocks()).as("L27, " + name()).isGreaterThanOrEqualTo(pinned);
    }
    long live = 0;
    for (Value value : now.values()) {
      live += value.kind() == Kind.STORED ? Blocks.count(value.length()) : 0;
    }
    assertThat(applier.liveBlocks()).isEqualTo(live);
    assertThat(
            space.freeBlocks() + space.pendingBlocks() + space.pinnedBlocks() + live + Blocks.FIRST)
        .as("G13, " + name())
        .isEqualTo(FILE_BLOCKS);
  }

  private static boolean pins(Taken one, Extent extent) {
    long s = one.view().sequence();
    return extent.put() <= s && s < extent.freed(); // L27
  }

  private void closeOne() {
    Taken one = taken.remove(random.nextInt(taken.size()));
    ended += one.view().isOpen() ? 0 : 1;
    registry.close(one.view());
    registry.close(one.view());
  }

  private void runBackground(int count) {
    for (int i = 0; i < count && !background.isEmpty(); i++) {
      background.remove().run();
    }
  }

  /** Closes every snapshot: then nothing is left of any of them. */
  private void closeAll() {
    while (!taken.isEmpty()) {
      closeOne();
    }
    runBackground(Integer.MAX_VALUE);
    checkAccounts();
    assertThat(space.pinnedBlocks()).as(name()).isZero();
    assertThat(registry.openCount()).isZero();
    assertThat(registry.views()).isEmpty();
    assertThat(registry.memoryBytes()).isZero();
    space.markDurable(sequence); // by an empty record
    assertThat(space.pendingBlocks()).as(name()).isZero();
    checkAccounts();
  }
}
