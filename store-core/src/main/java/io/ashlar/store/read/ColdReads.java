package io.ashlar.store.read;

import io.ashlar.store.BlobId;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.disk.PooledBuffer;
import io.ashlar.store.format.Checksum;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.store.spi.ColdStorage;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** Reads evicted blobs back from the tier. Thread: any. */
final class ColdReads {

  private final ExtentReads extents;
  private final AtomicReference<@Nullable ColdStorage> storage = new AtomicReference<>();

  ColdReads(ExtentReads extents) {
    this.extents = extents;
  }

  void storage(@Nullable ColdStorage newStorage) {
    storage.set(newStorage);
  }

  /**
   * Fills memory exactly as long as the blob, and returns the checksum of what came.
   *
   * @throws TierUnavailableException if there is no tier, or it does not answer.
   */
  int fetch(BlobId id, BlobLocation location, MemorySegment target) {
    ColdStorage tier = storage.get();
    if (tier == null) {
      throw new TierUnavailableException(
          "the blob is in the tier only and no tier is open: open the store with its tier: id="
              + id,
          null);
    }
    tier.fetch(id, new ColdReference(location.cold0(), location.cold1(), location.cold2()), target);
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
