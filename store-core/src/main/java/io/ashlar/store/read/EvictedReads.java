package io.ashlar.store.read;

import io.ashlar.store.BlobId;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.disk.PooledBuffer;
import io.ashlar.store.format.Checksum;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.store.spi.ReadBack;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** Reads evicted blobs back from the tier. Thread: any. */
final class EvictedReads {

  private final ExtentReads extents;
  private final AtomicReference<@Nullable ReadBack> storage = new AtomicReference<>();
  private volatile boolean wasAttached; // written by whoever attaches, read by any thread

  EvictedReads(ExtentReads extents) {
    this.extents = extents;
  }

  /**
   * Sets who reads back.
   *
   * @throws IllegalStateException if another is attached.
   */
  void attach(ReadBack newStorage) {
    if (!storage.compareAndSet(null, newStorage)) {
      throw new IllegalStateException("the store has a tier already: close that one first");
    }
    wasAttached = true;
  }

  /** Ends that; nothing if {@code oldStorage} is not the one attached. */
  void detach(ReadBack oldStorage) {
    var _ = storage.compareAndSet(oldStorage, null);
  }

  /**
   * Fills memory exactly as long as the blob, and returns the checksum of what came. A blob with a
   * checksum other than the entry's is requested once more.
   *
   * @throws TierUnavailableException if there is no tier, or it does not answer.
   */
  int readBack(BlobId id, BlobLocation location, MemorySegment target) {
    ReadBack tier = storage.get();
    if (tier == null) {
      throw new TierUnavailableException(
          wasAttached
              ? "only the tier has the blob, and the tier is closed: open it again: id=" + id
              : "only the tier has the blob, and no tier is open: open the store's tier: id=" + id,
          null);
    }
    ColdReference reference =
        new ColdReference(location.cold0(), location.cold1(), location.cold2());
    tier.readBack(id, reference, target);
    int actual = crc32c(target);
    if (actual == location.crc32c()) {
      return actual;
    }
    tier.readBackAgain(id, reference, target);
    return crc32c(target);
  }

  private int crc32c(MemorySegment target) {
    return target.isNative() || target.byteSize() == 0 ? Checksum.crc32c(target) : heapCrc(target);
  }

  private int heapCrc(MemorySegment target) {
    CRC32C crc = new CRC32C();
    PooledBuffer buffer = extents.takeBufferFor(target.byteSize());
    try {
      for (long offset = 0; offset < target.byteSize(); offset += buffer.capacity()) {
        long bytes = Math.min(buffer.capacity(), target.byteSize() - offset);
        MemorySegment.copy(target, offset, buffer.segment(), 0, bytes);
        Checksum.update(crc, buffer.view(), 0, (int) bytes);
      }
      return (int) crc.getValue();
    } finally {
      buffer.release();
    }
  }
}
