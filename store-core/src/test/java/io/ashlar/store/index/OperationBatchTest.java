package io.ashlar.store.index;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.ChecksumView;
import io.ashlar.store.format.LogRecord;
import io.ashlar.store.format.LogRecordFormat;
import io.ashlar.store.format.OperationFormat;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Whatever a log did, in bulk it leaves what it leaves operation by operation. */
public class OperationBatchTest {

  private static final long SEED = Long.getLong("test.seed", System.nanoTime());
  private static final long HASH_SEED = 77;

  private final SplittableRandom random = new SplittableRandom(SEED);

  /** Writes a random operation that often hits what is there; returns its length. */
  private long operation(
      MemorySegment record, long offset, BlobIndex index, int ids, int putShare) {
    long idLow = random.nextInt(ids);
    BlobLocation now = new BlobLocation();
    index.find(HASH_SEED, idLow, now);
    // Sometimes what it expects is what is there, sometimes not (rule L16).
    long version = random.nextInt(4) == 0 ? random.nextLong(100) : now.version();
    long block = random.nextInt(4) == 0 ? random.nextLong(1L << 30) : now.startBlock();
    long other = random.nextLong(OperationFormat.BLOCK_MAX);
    if (random.nextInt(100) < putShare) {
      int length = random.nextInt(5) == 0 ? 0 : random.nextInt(1 << 30);
      OperationFormat.put(
          record, offset, HASH_SEED, idLow, random.nextInt(), length == 0 ? 0 : other, length);
      if (length > 0 && random.nextInt(6) == 0) {
        OperationFormat.setTable(record, offset);
      }
      return OperationFormat.PUT_BYTES;
    }
    return switch (random.nextInt(4)) {
      case 0 -> {
        OperationFormat.delete(record, offset, HASH_SEED, idLow);
        yield OperationFormat.DELETE_BYTES;
      }
      case 1 -> {
        OperationFormat.evict(
            record, offset, HASH_SEED, idLow, version, block, idLow, other, version);
        yield OperationFormat.EVICT_BYTES;
      }
      case 2 -> {
        OperationFormat.relocate(record, offset, HASH_SEED, idLow, version, block, other);
        yield OperationFormat.RELOCATE_BYTES;
      }
      default -> {
        OperationFormat.coldMove(record, offset, HASH_SEED, idLow, version, other, idLow, block);
        yield OperationFormat.COLD_MOVE_BYTES;
      }
    };
  }

  private static void seal(MemorySegment memory, long sequence, int count, long bytes) {
    LogRecordFormat.epoch(memory, 0, count, 0);
    LogRecordFormat.seal(
        new ChecksumView(memory),
        1,
        1,
        sequence,
        sequence - 1,
        2,
        sequence,
        1,
        count,
        bytes,
        0,
        0,
        0,
        0,
        0);
  }

  private static List<String> entries(BlobIndex index) {
    List<String> entries = new ArrayList<>();
    index.forEach((high, low, location) ->
        entries.add(high + "/" + low + "=" + location + location.hasTable()));
    entries.sort(null);
    return entries;
  }

  private static long blocks(BlobIndex index) {
    long[] sum = new long[1];
    index.forEachExtent((starts, blocks, count) -> {
      for (int i = 0; i < count; i++) {
        sum[0] += blocks[i];
      }
    });
    return sum[0];
  }

  private static void putMany(BlobIndex index, int count) {
    for (int id = 0; id < count; id++) {
      index.put(HASH_SEED, id, id + 1, 4096, id, 1, false, null);
    }
  }

  private void assertSame(int records, int ids, int putShare, boolean tombstones, int before) {
    try (BlobIndex single = new BlobIndex(HASH_SEED);
        BlobIndex bulk = new BlobIndex(HASH_SEED);
        Arena arena = Arena.ofConfined()) {
      putMany(single, before);
      putMany(bulk, before);
      OperationApplier one = new OperationApplier(single, tombstones);
      OperationApplier other = new OperationApplier(bulk, tombstones);
      OperationBatch batch = new OperationBatch(bulk, other, () -> {});
      MemorySegment memory = arena.allocate(1 << 20, Blocks.BYTES);
      LogRecord record = new LogRecord();
      for (int i = 0; i < records; i++) {
        long sequence = 2L + i;
        int count = random.nextInt(1, 2000);
        long first = LogRecordFormat.recordBytes(1, 0);
        long offset = first;
        for (int k = 0; k < count; k++) {
          long bytes = operation(memory, offset, single, ids, putShare);
          var _ = one.apply(memory, offset, 1, sequence, (start, blocks) -> {});
          offset += bytes;
        }
        seal(memory, sequence, count, offset);
        assertThat(record.read(new ChecksumView(memory), 0, (int) Blocks.roundUp(offset))).isTrue();
        batch.add(record, sequence);
        if (random.nextInt(20) == 0) {
          batch.apply();
        }
      }
      batch.apply();
      assertThat(entries(bulk)).as("seed %d", SEED).isEqualTo(entries(single));
      assertThat(bulk.liveCount()).isEqualTo(single.liveCount());
      assertThat(bulk.liveBytes()).isEqualTo(single.liveBytes());
      assertThat(bulk.evictedCount()).isEqualTo(single.evictedCount());
      assertThat(bulk.tombstoneCount()).isEqualTo(single.tombstoneCount());
      assertThat(blocks(bulk)).isEqualTo(blocks(single));
      assertThat(bulk.dropTombstones(Long.MAX_VALUE))
          .isEqualTo(single.dropTombstones(Long.MAX_VALUE));
      assertThat(entries(bulk)).as("seed %d", SEED).isEqualTo(entries(single));
    }
  }

  @Test
  @Tag("campaign")
  void shouldLeaveWhatPutsLeaveOneByOne() {
    assertSame(60, 1_000_000, 100, false, 0); // new ids: buckets split
    assertSame(40, 3_000, 100, false, 3_000); // the same ones again and again
  }

  @Test
  void shouldLeaveWhatAllKindsOfOperationsLeaveOneByOne() {
    for (int putShare : new int[] {90, 60, 40, 5}) {
      assertSame(30, 4_000, putShare, putShare != 60, 2_000);
    }
    assertSame(30, 20, 70, true, 10); // chains of changes of one id
  }

  @Test
  @Tag("campaign")
  void shouldApplyWhenMoreWaitsThanItHolds() {
    assertSame(200, 50_000, 95, true, 1_000);
  }

  /** Entries made by one bucket's puts lie in one page with those of the next. */
  @Test
  void shouldChangeWhatWasNewAWhileBefore() {
    int before = 4_096; // in four buckets
    int count = 2_560;
    try (BlobIndex single = new BlobIndex(HASH_SEED);
        BlobIndex bulk = new BlobIndex(HASH_SEED);
        Arena arena = Arena.ofConfined()) {
      putMany(single, before);
      putMany(bulk, before);
      OperationApplier one = new OperationApplier(single, false);
      OperationBatch batch = new OperationBatch(bulk, new OperationApplier(bulk, false), () -> {});
      MemorySegment memory = arena.allocate(1 << 20, Blocks.BYTES);
      LogRecord record = new LogRecord();
      for (long sequence = 2; sequence < 5; sequence++) {
        long offset = LogRecordFormat.recordBytes(1, 0);
        for (int id = before; id < before + count; id++) {
          OperationFormat.put(memory, offset, HASH_SEED, id, id, id * sequence, 100);
          var _ = one.apply(memory, offset, 1, sequence, (start, blocks) -> {});
          offset += OperationFormat.PUT_BYTES;
        }
        seal(memory, sequence, count, offset);
        assertThat(record.read(new ChecksumView(memory), 0, (int) Blocks.roundUp(offset))).isTrue();
        batch.add(record, sequence);
      }
      batch.apply();
      assertThat(entries(bulk)).isEqualTo(entries(single));
    }
  }
}
