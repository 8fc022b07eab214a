package io.ashlar.store.local;

import static io.ashlar.store.local.ScriptedStore.Change.delete;
import static io.ashlar.store.local.ScriptedStore.Change.put;
import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.Campaign;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreException;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.checkpoint.SuperblockPair;
import io.ashlar.store.disk.BlockImage;
import io.ashlar.store.disk.DiskEvent;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.ChecksumTable;
import io.ashlar.store.format.LogRecordFields;
import io.ashlar.store.local.StoreLife.Value;
import io.ashlar.store.recover.RecoveredStore;
import io.ashlar.store.recover.Recovery;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** One bit of a good store is wrong: the open says so, or nothing is lost by it. */
@Tag("campaign")
class BitFlipTest {

  private static final long SEED = Long.getLong("test.seed", System.nanoTime());
  private static final int SUPERBLOCK_BYTES = 176; // used; the rest must be zero
  private static final int DATA_FLIPS = Campaign.count("flip.count", 2_000);

  /** Some of the bits of structures are flipped; the seed chooses them. */
  private static final int STRIDE = Campaign.stride("flip.stride", 2);

  private final Logger quiet = Logger.getLogger("io.ashlar.store");

  @BeforeEach
  void muteTheLog() {
    quiet.setLevel(Level.OFF);
  }

  @AfterEach
  void restoreTheLog() {
    quiet.setLevel(null);
  }

  /** Returns a store that was closed in good order, with a checkpoint when there were enough. */
  private static ScriptedStore closedStore(int commits) {
    ScriptedStore store = ScriptedStore.create();
    for (int i = 0; i < commits; i++) {
      store.commit(i % 5 == 4 ? delete(i % 12 - 1) : put(i % 12, 1 + i % 2));
      store.runCheckpointIfDue();
    }
    store.close();
    return store;
  }

  /** Returns what recovery makes of a file, or null when it refuses. */
  private static @org.jspecify.annotations.Nullable String recovered(BlockImage image) {
    SimulatedDisk disk = SimulatedDisk.of(image);
    try (SuperblockPair superblocks = new SuperblockPair(disk)) {
      RecoveredStore store = Recovery.open(disk, superblocks);
      TreeMap<Long, String> entries = new TreeMap<>();
      store
          .index()
          .forEach((high, low, location) ->
              entries.put(low, location.toString().replaceAll("changeCount=\\d+", "")));
      long epoch = store.log().position().epoch();
      store.close();
      return epoch + " " + entries;
    } catch (StoreException e) {
      return null;
    }
  }

  @Test
  void shouldFindEveryFlippedBitOfSuperblocksRecordsAndChunksOrLoseNothing() {
    SplittableRandom random = new SplittableRandom(SEED);
    int flips = 0;
    int refused = 0;
    for (int commits : new int[] {4, 13}) {
      ScriptedStore store = closedStore(commits);
      BlockImage image = store.disk.image();
      String expected = recovered(image);
      assertThat(expected).startsWith(commits + " ");
      for (long offset : offsets(store, commits < 13)) {
        for (int bit = 0; bit < 8; bit++) {
          if (random.nextInt(STRIDE) > 0) {
            continue;
          }
          BlockImage flipped = image.copy();
          flipped.flipBit(offset, bit);
          String found = recovered(flipped);
          assertThat(found == null || found.equals(expected))
              .as("commits %d, offset %d, bit %d: %s", commits, offset, bit, found)
              .isTrue();
          flips++;
          refused += found == null ? 1 : 0;
        }
      }
    }
    System.out.printf(
        "bits of structures flipped: %d, one in %d, refused=%d (-Dtest.seed=%d)%n",
        flips, STRIDE, refused, SEED);
    assertThat(refused).isPositive();
  }

  /** Returns where bytes of superblocks, records and chunks lie, and some of their padding. */
  private static SortedSet<Long> offsets(ScriptedStore store, boolean withRecords) {
    SortedSet<Long> offsets = new TreeSet<>();
    for (int copy = 0; copy < 2; copy++) {
      add(offsets, Blocks.offset(copy), SUPERBLOCK_BYTES);
      add(offsets, Blocks.offset(copy) + Blocks.BYTES - 4, 4);
      add(offsets, Blocks.offset(copy) + 1000, 1);
    }
    for (DiskEvent event : store.disk.events()) {
      if (event instanceof DiskEvent.Write write && write.offset() >= 2 * Blocks.BYTES) {
        MemorySegment bytes = MemorySegment.ofArray(write.bytes());
        if (ScriptedStore.isRecord(event) && withRecords) {
          add(offsets, write.offset(), LogRecordFields.bytes(bytes) + 1);
        } else if (write.bytes()[0] == 'A' && write.bytes()[1] == 'C') { // a chunk
          add(offsets, write.offset(), 72 + 48);
        }
      }
    }
    return offsets;
  }

  private static void add(Set<Long> offsets, long start, int count) {
    for (int i = 0; i < count; i++) {
      offsets.add(start + i);
    }
  }

  @Test
  void shouldFindEveryBlobWithAFlippedBitAndReadTheOthers() {
    SplittableRandom random = new SplittableRandom(SEED);
    ScriptedStore store = closedStore(7);
    int flips = 0;
    int damaged = 0;
    while (flips < DATA_FLIPS) {
      BlockImage image = store.disk.image();
      for (int i = 0; i < 50; i++) { // anywhere behind the superblocks and outside of records
        long offset = 2 * Blocks.BYTES + random.nextLong(image.size() - 2 * Blocks.BYTES);
        if (!isStructure(store, offset)) {
          image.flipBit(offset, random.nextInt(8));
          flips++;
        }
      }
      damaged += readAll(store, image);
    }
    System.out.println(
        "bits of data flipped: "
            + flips
            + ", blobs damaged="
            + damaged
            + " (-Dtest.seed="
            + SEED
            + ")");
    Campaign.report("flips", flips, 0, SEED);
    assertThat(damaged).isPositive();
  }

  private static boolean isStructure(ScriptedStore store, long offset) {
    for (DiskEvent event : store.disk.events()) {
      if (event instanceof DiskEvent.Write write && ScriptedStore.isRecord(event)) {
        long end =
            write.offset()
                + Blocks.roundUp(LogRecordFields.bytes(MemorySegment.ofArray(write.bytes())));
        if (offset >= write.offset() && offset < end) {
          return true;
        }
      }
    }
    return false;
  }

  private static int readAll(ScriptedStore store, BlockImage image) {
    int damaged = 0;
    try (StoreLife.Opened opened = StoreLife.openOn(SimulatedDisk.of(image), SEED)) {
      for (int id = 0; id < StoreLife.IDS; id++) {
        Value value = store.history.states.getLast().get(id);
        try (BlobLease lease = opened.store().get(StoreLife.id(id))) {
          assertThat(lease == null).isEqualTo(value == null);
          if (lease != null && value != null) {
            assertThat(lease.value().mismatch(MemorySegment.ofArray(value.bytes()))).isNegative();
          }
        } catch (CorruptionException e) {
          assertThat(e.id()).isEqualTo(StoreLife.id(id));
          damaged++;
        }
      }
      assertThat(opened.store().verify(VerifyListener.NONE).damaged()).isEqualTo(damaged);
      assertThat(damagedOfABatch(store, opened.store())).isEqualTo(damaged);
    }
    return damaged;
  }

  /** Reads all as one batch; returns how many were damaged. */
  private static int damagedOfABatch(ScriptedStore store, LocalBlobStore opened) {
    List<BlobId> ids = new ArrayList<>();
    for (int id = 0; id < StoreLife.IDS; id++) {
      ids.add(StoreLife.id(id));
    }
    AtomicInteger damaged = new AtomicInteger();
    opened.getAll(
        ids,
        new BatchVisitor() {
          @Override
          public void onBlob(int index, BlobId id, MemorySegment bytes) {
            Value value = store.history.states.getLast().get(index);
            assertThat(value).isNotNull();
            assertThat(bytes.mismatch(MemorySegment.ofArray(value.bytes()))).isNegative();
          }

          @Override
          public void onFailed(int index, BlobId id, StoreException failure) {
            assertThat(failure).isInstanceOf(CorruptionException.class);
            damaged.incrementAndGet();
          }
        });
    return damaged.get();
  }

  @Test
  void shouldFindAFlippedBitOfALongBlobInTheRangesItTouches() {
    int chunk = ChecksumTable.CHUNK_BYTES;
    byte[] value = new byte[(1 << 20) + 3 * chunk + 777]; // longer than the longest buffer
    SplittableRandom random = new SplittableRandom(SEED);
    random.nextBytes(value);
    BlobId id = new BlobId(5, 5);
    SimulatedDisk disk = new SimulatedDisk();
    try (StoreLife.Opened opened = StoreLife.openOn(disk, SEED);
        Epoch epoch = opened.store().beginEpoch()) {
      epoch.put(id, MemorySegment.ofArray(value));
      epoch.commit();
    }
    BlockImage image = disk.image();
    long start = blockOf(image, value);
    long extent = Blocks.offset(ChecksumTable.extentBlocks(value.length, true));
    long table = Blocks.roundUp(value.length);
    int chunks = ChecksumTable.chunks(value.length);
    MemorySegment target = MemorySegment.ofArray(new byte[chunk]);
    int found = 0;
    for (int flip = 0; flip < DATA_FLIPS / 500; flip++) {
      long at =
          random.nextInt(8) == 0 ? table + random.nextInt(4 * chunks) : random.nextLong(extent);
      BlockImage flipped = image.copy();
      flipped.flipBit(start + at, random.nextInt(8));
      boolean inTable = at >= table && at < table + 4L * chunks;
      try (StoreLife.Opened opened = StoreLife.openOn(SimulatedDisk.of(flipped), SEED)) {
        for (int i = 0; i < chunks; i++) {
          boolean touched = inTable || (at < value.length && at / chunk == i);
          boolean refused = false;
          try {
            long copied = opened.store().get(id, (long) i * chunk, chunk, target);
            MemorySegment expected = MemorySegment.ofArray(value).asSlice((long) i * chunk, copied);
            assertThat(target.asSlice(0, copied).mismatch(expected)).isNegative();
          } catch (CorruptionException e) {
            refused = true;
          }
          assertThat(refused).as("byte %d, piece %d, seed %d", at, i, SEED).isEqualTo(touched);
          found += refused ? 1 : 0;
        }
      }
    }
    assertThat(found).isPositive();
  }

  private static long blockOf(BlockImage image, byte[] value) {
    byte[] block = new byte[Blocks.BYTES];
    for (long at = 0; at < image.size(); at += Blocks.BYTES) {
      image.read(at, MemorySegment.ofArray(block));
      if (MemorySegment.ofArray(block)
              .mismatch(MemorySegment.ofArray(value).asSlice(0, Blocks.BYTES))
          < 0) {
        return at;
      }
    }
    throw new AssertionError("the blob is nowhere in the file");
  }
}
