package io.ashlar.tier.restore;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobStore;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.spi.BlobChange;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.readback.IdTable;

/**
 * What a store holds before it is restored onto. Thread: one. Memory: a table of 46 to 91 bytes an
 * id, freed by close.
 */
final class LocalBlobs implements AutoCloseable {
  private final BlobStore store;

  /** First: length, second: CRC-32C. */
  private final IdTable table = new IdTable(0);

  LocalBlobs(BlobStore store, TierSource source) {
    this.store = store;
    source.forEachChange(
        0,
        Long.MAX_VALUE,
        change -> {
          if (change.kind() == BlobChange.Kind.STORED) {
            table.put(
                change.id().high(),
                change.id().low(),
                change.length(),
                Integer.toUnsignedLong(change.crc32c()));
          }
        });
  }

  /** Whether the store holds this blob, and reads it without finding damage. */
  boolean holds(long high, long low, long length, int crc) {
    long position = table.find(high, low);
    if (position < 0
        || table.first(position) != length
        || table.second(position) != Integer.toUnsignedLong(crc)) {
      return false;
    }
    try (BlobLease lease = store.get(new BlobId(high, low))) {
      return lease != null && lease.value().byteSize() == length;
    } catch (CorruptionException damaged) {
      return false;
    }
  }

  @Override
  public void close() {
    table.close();
  }
}
