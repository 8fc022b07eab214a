package io.ashlar.tier.upload;

import io.ashlar.store.spi.BlobChange;
import io.ashlar.store.spi.TierSnapshot;
import io.ashlar.tier.readback.IdTable;

/**
 * What the store knows of its blobs at the time of a repair. It has the length and CRC-32C of each,
 * whether the bytes are local, and a batch that has them.
 *
 * <pre>
 * id -> first: length (from bit 1), 1 if the bytes are local
 *       second: ordinal + 1 of a batch that has them (from bit 32; 0: none), CRC-32C (bits 31–0)
 * </pre>
 *
 * <p>Thread: the tiering agent. Memory: 46 to 91 bytes an id, freed by close.
 */
final class RepairTruth implements AutoCloseable {
  private static final int PLACE_SHIFT = 32;
  private static final long CRC_MASK = 0xFFFF_FFFFL;

  private final IdTable table = new IdTable(0);

  /** What a snapshot holds. */
  RepairTruth(TierSnapshot snapshot) {
    snapshot.forEachChange(
        0,
        change -> {
          if (change.kind() != BlobChange.Kind.DELETED) {
            long stored = change.kind() == BlobChange.Kind.STORED ? 1 : 0;
            table.put(
                change.id().high(),
                change.id().low(),
                change.length() << 1 | stored,
                Integer.toUnsignedLong(change.crc32c()));
          }
        });
  }

  /** Whether the store has a blob of this id. */
  boolean isLive(long high, long low) {
    return table.find(high, low) >= 0;
  }

  /** Whether an entry is exactly the blob that the store has. */
  boolean isBlob(long high, long low, long length, int crc) {
    long position = table.find(high, low);
    return position >= 0
        && table.first(position) >>> 1 == length
        && (int) table.second(position) == crc;
  }

  /** Whether the bytes of a live blob are local. */
  boolean isStored(long high, long low) {
    return (table.first(table.find(high, low)) & 1) != 0;
  }

  /** The ordinal of a batch that has the bytes of a live blob, or −1. */
  int place(long high, long low) {
    return (int) (table.second(table.find(high, low)) >>> PLACE_SHIFT) - 1;
  }

  /** Notes a batch that has the bytes of a live blob. */
  void setPlace(long high, long low, int ordinal) {
    long position = table.find(high, low);
    table.put(
        high,
        low,
        table.first(position),
        (ordinal + 1L) << PLACE_SHIFT | (table.second(position) & CRC_MASK));
  }

  /** Receives live blobs. */
  @FunctionalInterface
  interface Visitor {
    /**
     * One blob.
     *
     * @param place as {@link #place} gives it.
     */
    void onBlob(long high, long low, long length, int crc, boolean stored, int place);
  }

  void forEach(Visitor visitor) {
    table.forEach((high, low, first, second) ->
        visitor.onBlob(
            high,
            low,
            first >>> 1,
            (int) second,
            (first & 1) != 0,
            (int) (second >>> PLACE_SHIFT) - 1));
  }

  @Override
  public void close() {
    table.close();
  }
}
