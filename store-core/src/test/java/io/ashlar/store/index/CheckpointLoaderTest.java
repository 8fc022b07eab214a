package io.ashlar.store.index;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.EntryFormat;
import io.ashlar.store.format.IdHash;
import io.ashlar.store.format.IndexCheckpointBuckets;
import io.ashlar.store.format.IndexCheckpointFormat;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the buckets of an index checkpoint leave is the index that wrote them. */
public class CheckpointLoaderTest {

  private static final long SEED = Long.getLong("test.seed", System.nanoTime());
  private static final long HASH_SEED = 77;
  private static final int CHUNK_BYTES = IndexCheckpointFormat.CHUNK_BLOCKS_MAX * Blocks.BYTES;

  /** So that entries are put one by one, or buckets installed whole. */
  private static final int[] MORE = {0, 200};

  private final SplittableRandom random = new SplittableRandom(SEED);

  /** A bucket as a checkpoint has it. */
  private static final class Bucket {
    int prefix;
    int depth;
    final List<long[]> entries = new ArrayList<>();
    final List<long[]> colds = new ArrayList<>();

    void add(long idLow, int kind, long block, long version, long content) {
      entries.add(
          new long[] {HASH_SEED, idLow, EntryFormat.place(kind, block, 3), version, content});
    }

    private static long[] words(List<long[]> parts) {
      return parts.stream().flatMapToLong(Arrays::stream).toArray();
    }
  }

  private static void seal(MemorySegment chunk, int buckets, int entries, long bytes) {
    int _ = IndexCheckpointFormat.seal(chunk, 0, 1, 2, 3, 0, 0, 0, buckets, entries, (int) bytes);
  }

  private static MemorySegment chunk(List<Bucket> buckets) {
    MemorySegment chunk = MemorySegment.ofArray(new byte[CHUNK_BYTES]);
    long bytes = IndexCheckpointFormat.HEADER_BYTES;
    int entries = 0;
    for (Bucket bucket : buckets) {
      entries += bucket.entries.size();
      bytes +=
          IndexCheckpointFormat.bucket(
              chunk,
              bytes,
              bucket.prefix,
              bucket.depth,
              Bucket.words(bucket.entries),
              bucket.entries.size(),
              Bucket.words(bucket.colds),
              bucket.colds.size());
    }
    seal(chunk, buckets.size(), entries, bytes);
    return chunk;
  }

  /** Writes an index as checkpoints are written. */
  private static List<MemorySegment> write(BlobIndex index) {
    List<MemorySegment> chunks = new ArrayList<>();
    BucketWalk walk = new BucketWalk();
    long cursor = 0;
    while (cursor >= 0) {
      MemorySegment chunk = MemorySegment.ofArray(new byte[CHUNK_BYTES]);
      long bytes = IndexCheckpointFormat.HEADER_BYTES;
      int buckets = 0;
      int entries = 0;
      while (cursor >= 0 && !IndexCheckpointFormat.isFull(bytes)) {
        cursor = walk.write(index, cursor, chunk, bytes);
        bytes += walk.bytes();
        entries += walk.entries();
        buckets++;
      }
      seal(chunk, buckets, entries, bytes);
      chunks.add(chunk);
    }
    return chunks;
  }

  /** Loads chunks, last first; returns whether they are a whole index. */
  private static boolean load(List<MemorySegment> chunks, BlobIndex into) {
    IndexCheckpointBuckets buckets = new IndexCheckpointBuckets();
    long bytes = (long) chunks.size() * CHUNK_BYTES;
    try (CheckpointLoader loader = new CheckpointLoader(into, bytes)) {
      for (MemorySegment chunk : chunks.reversed()) {
        buckets.read(chunk);
        long _ = loader.load(buckets);
        if (buckets.isDamaged()) {
          return false;
        }
      }
      return loader.isComplete();
    }
  }

  private static Map<String, String> entries(BlobIndex index) {
    Map<String, String> entries = new HashMap<>();
    index.forEach((high, low, location) -> {
      String before = entries.put(high + "/" + low, location + " " + location.hasTable());
      assertThat(before).isNull();
    });
    return entries;
  }

  /** A number that depends on all entries, and on nothing else. */
  private static long digest(BlobIndex index) {
    long[] sum = new long[1];
    index.forEach((high, low, location) -> {
      long mixed = high * 31 + low;
      for (long field :
          new long[] {
            location.kind().ordinal(),
            location.startBlock(),
            location.lengthBytes(),
            location.crc32c(),
            location.version(),
            location.changeCount(),
            location.hasTable() ? 1 : 0,
            location.cold0(),
            location.cold1(),
            location.cold2()
          }) {
        mixed = (mixed ^ field) * 0x9e3779b97f4a7c15L;
        mixed ^= mixed >>> 29;
      }
      sum[0] += mixed;
    });
    return sum[0];
  }

  private static long extents(BlobIndex index) {
    long[] sum = new long[1];
    index.forEachExtent((starts, blocks, count) -> {
      for (int i = 0; i < count; i++) {
        sum[0] += (starts[i] * 0x9e3779b97f4a7c15L) ^ blocks[i];
      }
    });
    return sum[0];
  }

  private static void assertSame(BlobIndex loaded, BlobIndex written) {
    if (written.liveCount() <= 10_000) {
      assertThat(entries(loaded)).as("seed %d", SEED).isEqualTo(entries(written));
    }
    assertThat(digest(loaded)).as("seed %d", SEED).isEqualTo(digest(written));
    assertThat(extents(loaded)).isEqualTo(extents(written));
    assertThat(loaded.liveCount()).isEqualTo(written.liveCount());
    assertThat(loaded.liveBytes()).isEqualTo(written.liveBytes());
    assertThat(loaded.evictedCount()).isEqualTo(written.evictedCount());
    assertThat(loaded.tombstoneCount()).isEqualTo(written.tombstoneCount());
  }

  /** Does the same at random to both; {@code rare} in 100 are not puts. */
  private void change(BlobIndex one, BlobIndex other, int times, int ids, int rare) {
    BlobLocation now = new BlobLocation();
    for (int i = 0; i < times; i++) {
      long id = random.nextInt(ids);
      long version = i + 1L;
      int choice = random.nextInt(100) < rare ? random.nextInt(4) : 4;
      long block = random.nextLong(1L << 40);
      int length = random.nextInt(8) == 0 ? 0 : random.nextInt(1 << 20);
      boolean table = length > 0 && random.nextBoolean();
      boolean there = one.find(HASH_SEED, id, now);
      for (BlobIndex index : one == other ? List.of(one) : List.of(one, other)) {
        switch (choice) {
          case 0, 1 -> {
            boolean _ = index.delete(HASH_SEED, id, version, choice == 0, null);
          }
          case 2 -> {
            if (there) {
              boolean _ =
                  index.evict(
                      HASH_SEED, id, now.version(), now.startBlock(), id, block, version, null);
            }
          }
          case 3 -> {
            boolean _ = index.relocate(HASH_SEED, id, now.version(), now.startBlock(), block);
          }
          default -> {
            boolean _ = index.put(HASH_SEED, id, block, length, i, version, table, null);
          }
        }
      }
    }
  }

  private void assertLoads(int times, int ids, int rare) {
    try (BlobIndex written = new BlobIndex(HASH_SEED);
        BlobIndex loaded = new BlobIndex(HASH_SEED)) {
      change(written, written, times, ids, rare);
      assertThat(load(write(written), loaded)).isTrue();
      assertSame(loaded, written);
      change(written, loaded, 2 * times, 2 * ids, 20); // more buckets, split and taken again
      assertSame(loaded, written);
      assertThat(loaded.dropTombstones(times)).isEqualTo(written.dropTombstones(times));
      assertSame(loaded, written);
    }
  }

  @Test
  @Tag("campaign")
  void shouldLoadAnIndexOfAnySize() {
    for (int size : new int[] {0, 1, 10, 1_000, 1_792, 1_793, 10_000, 50_000}) {
      assertLoads(size, Math.max(1, size), 0);
      assertLoads(size, Math.max(1, size), 30);
    }
  }

  /** Of so many ids some have the same hash. */
  @Test
  void shouldLoadManyEntriesIntoTheMemoryThatTheyHadBefore() {
    int count = 400_000;
    try (BlobIndex written = new BlobIndex(HASH_SEED);
        BlobIndex loaded = new BlobIndex(HASH_SEED)) {
      for (int i = 0; i < count; i++) {
        written.put(HASH_SEED, i, i, 4096, i, 1, false, null);
      }
      assertThat(load(write(written), loaded)).isTrue();
      assertSame(loaded, written);
      assertThat(loaded.memoryBytes()).isLessThanOrEqualTo(written.memoryBytes());
    }
  }

  /** A store of which most was deleted does not take the memory that it had. */
  @Test
  @Tag("campaign")
  void shouldLoadFewEntriesOfManyBucketsIntoFewBuckets() {
    int count = 400_000;
    try (BlobIndex written = new BlobIndex(HASH_SEED);
        BlobIndex loaded = new BlobIndex(HASH_SEED)) {
      for (int i = 0; i < count; i++) {
        written.put(HASH_SEED, i, i, 4096, i, 1, false, null);
      }
      for (int i = 0; i < count; i++) {
        if (i % 10_000 != 0) {
          assertThat(written.delete(HASH_SEED, i, 2, i % 100 == 0, null)).isTrue();
        }
      }
      assertThat(written.evict(HASH_SEED, 10_000, 1, 10_000, 7, 8, 9, null)).isTrue();
      assertThat(load(write(written), loaded)).isTrue();
      assertSame(loaded, written);
      assertThat(loaded.memoryBytes()).isLessThan(written.memoryBytes() / 3);
      change(written, loaded, 50_000, 10_000, 30);
      assertSame(loaded, written);
    }
  }

  @Test
  void shouldLoadPartlyFilledChunksInAnyMix() {
    try (BlobIndex written = new BlobIndex(HASH_SEED);
        BlobIndex loaded = new BlobIndex(HASH_SEED)) {
      for (int i = 0; i < 400_000; i++) {
        written.put(HASH_SEED, i, i, 4096, i, 1, false, null);
      }
      for (int i = 0; i < 400_000; i++) { // two thirds of the hashes lose almost all
        long hash = Integer.toUnsignedLong(IdHash.hash(HASH_SEED, HASH_SEED, i));
        if (hash > 0x3000_0000L && hash < 0xd000_0000L && i % 50 != 0) {
          assertThat(written.delete(HASH_SEED, i, 2, false, null)).isTrue();
        }
      }
      List<MemorySegment> chunks = write(written);
      assertThat(chunks).hasSizeGreaterThan(5);
      assertThat(load(chunks, loaded)).isTrue();
      assertSame(loaded, written);
    }
  }

  /**
   * Two buckets: one with an entry of each kind, one with two of stored blobs, and in both {@code
   * more} of these.
   */
  private static List<Bucket> twoBuckets(int more) {
    List<Bucket> buckets = List.of(new Bucket(), new Bucket());
    buckets.get(1).prefix = 1 << 31;
    for (Bucket bucket : buckets) {
      bucket.depth = 1;
    }
    int[] found = new int[2];
    for (long id = 0; found[0] < 3 + more || found[1] < 2 + more; id++) {
      int half = IdHash.hash(HASH_SEED, HASH_SEED, id) >>> 31;
      int number = found[half]++;
      Bucket bucket = buckets.get(half);
      if (number >= (half == 0 ? 3 : 2) + more) {
        continue;
      }
      if (half == 1 || number == 0 || number > 2) {
        bucket.add(id, EntryFormat.STORED, 100 + id, 9, EntryFormat.content(4096, 5, false));
      } else if (number == 1) {
        bucket.add(id, EntryFormat.EVICTED, 0, 9, EntryFormat.content(4096, 5, false));
        bucket.colds.add(new long[] {1, 2, 3});
      } else {
        bucket.add(id, EntryFormat.TOMBSTONE, 0, 9, 0);
      }
    }
    return buckets;
  }

  private static void assertRejects(String what, Consumer<List<Bucket>> damage) {
    for (int more : MORE) {
      List<Bucket> buckets = new ArrayList<>(twoBuckets(more));
      damage.accept(buckets);
      try (BlobIndex index = new BlobIndex(HASH_SEED)) {
        assertThat(load(List.of(chunk(buckets)), index)).as("%s, %d more", what, more).isFalse();
      }
    }
  }

  private static void assertRejects(String what, int entry, int word, long value) {
    assertRejects(what, buckets -> buckets.get(0).entries.get(entry)[word] = value);
  }

  @Test
  void shouldRejectWhatNoStoreWrites() {
    for (int more : MORE) {
      try (BlobIndex index = new BlobIndex(HASH_SEED)) {
        assertThat(load(List.of(chunk(twoBuckets(more))), index)).isTrue();
        assertThat(entries(index)).hasSize(5 + 2 * more);
      }
    }
    long stored = EntryFormat.content(4096, 5, false);
    assertRejects("the first bucket is missing", buckets -> buckets.remove(0));
    assertRejects("the last bucket is missing", buckets -> buckets.remove(1));
    assertRejects("there is no bucket", List::clear);
    assertRejects("a bucket comes twice", buckets -> buckets.add(1, buckets.get(0)));
    assertRejects("the order is another", buckets -> buckets.add(buckets.remove(0)));
    assertRejects("a bucket has too few hashes", buckets -> buckets.get(1).depth = 2);
    assertRejects("a bucket has too many hashes", buckets -> buckets.get(0).depth = 0);
    assertRejects("too deep", buckets -> buckets.get(1).depth = 22);
    assertRejects("no depth", buckets -> buckets.get(1).depth = -1);
    assertRejects("bits behind the prefix", buckets -> buckets.get(1).prefix |= 1);
    assertRejects(
        "an entry is in another bucket",
        buckets -> buckets.get(1).entries.add(buckets.get(0).entries.remove(0)));
    assertRejects(
        "an id comes twice", buckets -> buckets.get(1).entries.add(buckets.get(1).entries.get(0)));
    assertRejects("too long", 0, EntryFormat.CONTENT, EntryFormat.content((1 << 30) + 1, 0, false));
    assertRejects("a table of no bytes", 0, EntryFormat.CONTENT, EntryFormat.TABLE);
    assertRejects("no kind", 0, EntryFormat.PLACE, 0);
    assertRejects("another kind", 0, EntryFormat.PLACE, 4L << EntryFormat.KIND_SHIFT);
    assertRejects("an evicted blob's table", 1, EntryFormat.CONTENT, stored | EntryFormat.TABLE);
    assertRejects(
        "another cold reference",
        1,
        EntryFormat.PLACE,
        EntryFormat.place(EntryFormat.EVICTED, 1, 0));
    assertRejects("a tombstone's length", 2, EntryFormat.CONTENT, 1);
    assertRejects(
        "a tombstone's block",
        2,
        EntryFormat.PLACE,
        EntryFormat.place(EntryFormat.TOMBSTONE, 1, 0));
    assertRejects("no cold reference", buckets -> buckets.get(0).colds.clear());
    assertRejects(
        "a cold reference too many", buckets -> buckets.get(0).colds.add(new long[] {4, 5, 6}));
    assertRejects(
        "more entries than a bucket has",
        buckets -> {
          Bucket bucket = buckets.get(1);
          for (long id = 1 << 20; bucket.entries.size() <= 1792; id++) {
            if (IdHash.hash(HASH_SEED, HASH_SEED, id) < 0) {
              bucket.add(id, EntryFormat.STORED, id, 9, stored);
            }
          }
        });
  }

  @Test
  void shouldRejectAChunkThatEndsEarlyUnlessItIsTheLast() {
    for (int more : MORE) {
      List<Bucket> buckets = twoBuckets(more);
      try (BlobIndex index = new BlobIndex(HASH_SEED)) {
        List<MemorySegment> two =
            List.of(chunk(buckets.subList(0, 1)), chunk(buckets.subList(1, 2)));
        assertThat(load(two, index)).isFalse();
      }
    }
  }
}
