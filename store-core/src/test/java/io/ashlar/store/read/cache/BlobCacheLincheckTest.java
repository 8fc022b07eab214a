package io.ashlar.store.read.cache;

import io.ashlar.store.BlobId;
import io.ashlar.store.Interleavings;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.index.BlobLocation;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicReference;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.Validate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Blobs that are cached, found, read and let go of at once: nobody reads memory that was given to
 * another blob, and all of it comes back.
 */
@Tag("campaign")
@Timeout(300)
class BlobCacheLincheckTest {
  private static final BlobId ID = new BlobId(1, 1);

  @Test
  void shouldPinWhatIsReadInEveryInterleaving() {
    Interleavings.explore(2, 6, 150)
        .addGuarantee(Interleavings.unshared(BlobLocation.class.getName()))
        .sequentialSpecification(Model.class)
        .check(Subject.class);
  }

  @Test
  void shouldPinWhatIsReadByThreadsThatCollide() {
    Interleavings.collide(5, 500).sequentialSpecification(Model.class).check(Subject.class);
  }

  /** Keeps the blob that was added last. */
  private static final class LastOne implements CachePolicy {
    private final AtomicReference<@Nullable CachedBlob> last = new AtomicReference<>();

    @Override
    public @Nullable CachedBlob find(BlobId id) {
      return last.get();
    }

    @Override
    public void add(BlobId id, CachedBlob blob) {
      CachedBlob before = last.getAndSet(blob);
      if (before != null) {
        before.release();
      }
    }

    @Override
    public void remove(BlobId id, CachedBlob blob) {
      if (last.compareAndSet(blob, null)) {
        blob.release();
      }
    }

    @Override
    public long count() {
      return last.get() == null ? 0 : 1;
    }
  }

  /** A cache of one blob, with room for two more. */
  public static class Subject {
    private static final CacheMemory MEMORY = new CacheMemory(Blocks.offset(3));
    private final LastOne policy = new LastOne();
    private final BlobCache cache = new BlobCache(MEMORY, policy);
    private final long freeBlocks = MEMORY.freeBlocks();

    private static BlobLocation entry(int version) {
      BlobLocation entry = new BlobLocation();
      entry.setStored(version, 8, version, version);
      return entry;
    }

    @Operation
    public void fill(@Param(gen = IntGen.class, conf = "1:2") int version) {
      CachedBlob blob = cache.reserve(entry(version));
      if (blob != null) {
        blob.room().set(ValueLayout.JAVA_LONG, 0, version);
        cache.add(ID, blob);
        blob.release();
      }
    }

    /**
     * Returns whether what was found, if anything, is what was looked for, as long as it is read.
     */
    @Operation
    public boolean read(@Param(gen = IntGen.class, conf = "1:2") int version) {
      CachedBlob blob = cache.find(ID, entry(version));
      if (blob == null) {
        return true;
      }
      MemorySegment value = blob.value();
      boolean right = value.get(ValueLayout.JAVA_LONG, 0) == version && blob.isOf(entry(version));
      right &= value.get(ValueLayout.JAVA_LONG, 0) == version;
      blob.release();
      return right;
    }

    @Validate
    public void everythingComesBack() {
      CachedBlob last = policy.last.get();
      if (last != null) {
        policy.remove(ID, last);
      }
      if (MEMORY.freeBlocks() != freeBlocks) {
        throw new AssertionError("blocks never given back: free=" + MEMORY.freeBlocks());
      }
    }
  }

  /** The same, one call after another: the cache may hold what is looked for, or not. */
  public static class Model {

    public void fill(int version) {}

    public boolean read(int version) {
      return true;
    }
  }
}
