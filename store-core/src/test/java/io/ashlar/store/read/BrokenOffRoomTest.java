package io.ashlar.store.read;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobId;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.store.read.cache.BlobCache;
import io.ashlar.store.read.cache.CacheMemory;
import io.ashlar.store.read.cache.CachePolicy;
import io.ashlar.store.read.cache.CachedBlob;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Native memory that was taken for a blob is given back when something is thrown right after. */
class BrokenOffRoomTest {

  private static final BlobId ID = new BlobId(1, 2);
  private static final int BLOCKS = 256;
  private static final int LENGTH = 10_000;

  private final CacheMemory memory = new CacheMemory(BLOCKS * 4096L);
  private final List<CachedBlob> added = new ArrayList<>();

  @AfterEach
  void free() {
    memory.close();
  }

  /** A policy that breaks off, as for want of heap, after or before it has the blob. */
  private final class Breaking implements CachePolicy {
    @Override
    public @Nullable CachedBlob find(BlobId id) {
      return null;
    }

    @Override
    public void add(BlobId id, CachedBlob blob) {
      added.add(blob);
      throw new OutOfMemoryError("planned");
    }

    @Override
    public void remove(BlobId id, CachedBlob blob) {}

    @Override
    public long count() {
      return 0;
    }
  }

  private static BlobLocation location(int length) {
    BlobLocation location = new BlobLocation();
    location.setStored(7, length, 0, 1);
    return location;
  }

  @Test
  void shouldGiveBackTheRoomOfABlobThatCannotBeMade() {
    BlobCache cache = new BlobCache(memory, new Breaking());
    // No blob is that short: what makes it throws, as it does for want of heap.
    assertThatThrownBy(() -> cache.reserve(location(-1)))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThat(memory.freeBlocks()).isEqualTo(BLOCKS);
  }

  @Test
  void shouldGiveBackTheRoomOfABlobThatCannotBeCopied() {
    BlobCache cache = new BlobCache(memory, new Breaking());
    MemorySegment tooShort = MemorySegment.ofArray(new byte[LENGTH - 1]);
    assertThatThrownBy(() -> cache.addCopy(ID, location(LENGTH), tooShort))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThat(memory.freeBlocks()).isEqualTo(BLOCKS);
  }

  /** The policy may have it, so its use stays. The copier's use ends. */
  @Test
  void shouldLeaveABlobToThePolicyThatThrew() {
    BlobCache cache = new BlobCache(memory, new Breaking());
    MemorySegment bytes = MemorySegment.ofArray(new byte[LENGTH]);
    assertThatThrownBy(() -> cache.addCopy(ID, location(LENGTH), bytes))
        .isInstanceOf(OutOfMemoryError.class);
    assertThat(memory.freeBlocks()).as("the policy's").isLessThan(BLOCKS);
    added.getFirst().release();
    assertThat(memory.freeBlocks()).isEqualTo(BLOCKS);
  }

  @Test
  void shouldUnmapALongLeaseThatCannotBeNoted() {
    List<MemorySegment> mapped = new ArrayList<>();
    Set<LongLeases.LongLease> full =
        new HashSet<>() {
          @Override
          public boolean add(LongLeases.LongLease lease) {
            mapped.add(lease.memory());
            throw new OutOfMemoryError("planned");
          }
        };
    try (LongLeases leases = new LongLeases(full)) {
      assertThatThrownBy(() -> leases.reserve(1 << 20)).isInstanceOf(OutOfMemoryError.class);
      assertThat(mapped.getFirst().scope().isAlive()).isFalse();
      assertThat(leases.bytes()).isZero();
    }
  }
}
