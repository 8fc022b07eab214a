package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobReads;
import io.ashlar.store.BlobStore;
import io.ashlar.store.Epoch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;

/** What a store should hold: the bytes of each blob follow from a seed. Thread: one. */
public final class BlobModel {
  /** A blob's content. */
  record Content(long seed, long length) {
    MemorySegment bytes(Arena arena) {
      MemorySegment bytes = arena.allocate(Math.max(1, length));
      SplittableRandom random = new SplittableRandom(seed);
      long i = 0;
      for (; i + Long.BYTES <= length; i += Long.BYTES) {
        // Half of it compresses.
        bytes.set(
            ValueLayout.JAVA_LONG_UNALIGNED, i, (i & 64) == 0 ? random.nextLong() : 0x20202020L);
      }
      for (; i < length; i++) {
        bytes.set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt());
      }
      return bytes.asSlice(0, length);
    }
  }

  private final Map<BlobId, Content> blobs;

  public BlobModel() {
    this(Map.of());
  }

  private BlobModel(Map<BlobId, Content> blobs) {
    this.blobs = new HashMap<>(blobs);
  }

  /** The same content, from now on on its own. */
  public BlobModel copy() {
    return new BlobModel(blobs);
  }

  public static BlobId id(long number) {
    return new BlobId(~number, number);
  }

  public int size() {
    return blobs.size();
  }

  public long bytes() {
    return blobs.values().stream().mapToLong(Content::length).sum();
  }

  /** Puts a blob in an epoch and here. */
  public void put(Epoch epoch, long number, long seed, long length) {
    Content content = new Content(seed, length);
    try (Arena arena = Arena.ofConfined()) {
      epoch.put(id(number), content.bytes(arena));
    }
    blobs.put(id(number), content);
  }

  /** Deletes a blob in an epoch and here. */
  public void delete(Epoch epoch, long number) {
    epoch.delete(id(number));
    blobs.remove(id(number));
  }

  /** Puts a blob in an epoch of its own. */
  public void put(BlobStore store, long number, long seed, long length) {
    try (Epoch epoch = store.beginEpoch()) {
      put(epoch, number, seed, length);
      epoch.commit();
    }
  }

  /** Deletes a blob in an epoch of its own. */
  public void delete(BlobStore store, long number) {
    try (Epoch epoch = store.beginEpoch()) {
      delete(epoch, number);
      epoch.commit();
    }
  }

  /** Puts a range of small blobs of several lengths in one epoch. */
  public void putRange(BlobStore store, long from, long to, long seed) {
    try (Epoch epoch = store.beginEpoch()) {
      for (long number = from; number < to; number++) {
        put(epoch, number, seed + number, number * 977 % 9000);
      }
      epoch.commit();
    }
  }

  /** Checks that a store holds exactly this. */
  public void assertHeldBy(BlobReads store) {
    long[] count = new long[1];
    store.forEach((high, low, length, local) -> {
      count[0]++;
      Content content = blobs.get(new BlobId(high, low));
      assertThat(content).as("id %x", low).isNotNull();
      assertThat(length).as("length of id %x", low).isEqualTo(content.length());
    });
    assertThat(count[0]).isEqualTo(blobs.size());
    assertHolds(store);
  }

  /** Whether the bytes of blobs are exactly this. */
  public boolean isExactly(Map<BlobId, byte[]> found) {
    return blobs.keySet().equals(found.keySet())
        && blobs.entrySet().stream()
            .allMatch(entry -> {
              try (Arena arena = Arena.ofConfined()) {
                MemorySegment bytes = entry.getValue().bytes(arena);
                MemorySegment other =
                    MemorySegment.ofArray(
                        java.util.Objects.requireNonNull(found.get(entry.getKey())));
                return bytes.mismatch(other) == -1;
              }
            });
  }

  /** Checks that a store holds at least this. */
  public void assertHolds(BlobReads store) {
    blobs.forEach((id, content) -> {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment target = arena.allocate(Math.max(1, content.length()));
        assertThat(store.get(id, target)).as("length of %s", id).isEqualTo(content.length());
        assertThat(target.asSlice(0, content.length()).mismatch(content.bytes(arena)))
            .as("bytes of %s", id)
            .isEqualTo(-1);
      }
    });
  }
}
