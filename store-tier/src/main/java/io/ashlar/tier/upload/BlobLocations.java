package io.ashlar.tier.upload;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.spi.BlobChange;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.tier.batch.BatchCodec;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.fetch.BatchReader;
import io.ashlar.tier.fetch.ColdReferenceCodec;
import io.ashlar.tier.fetch.DecodedBatch;
import io.ashlar.tier.fetch.IdTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * In which batch each blob lies, with its length and checksum: what eviction needs, and the local
 * index does not keep of blobs that it still has.
 *
 * <p>It is filled from two sides. What this writer packs is noted as it is packed. What the chain
 * held before is read from its batches when it is asked for, newest first and only as far as
 * needed: LCB1 has no index, so each batch is fetched whole, but never twice. Keeping this in
 * memory costs 46 to 91 bytes a blob; writing it beside the batches would cost a request for each
 * pass for the sake of an eviction after a restart, and a format that is made for ranged reads
 * brings an index of its own.
 *
 * <p>A batch that was packed but whose manifest was never committed may be noted here. That does no
 * harm: it is only noted for changes above the sequence that is tiered, which are not evicted; and
 * before that sequence rises past them they are packed, and noted, again.
 *
 * <pre>
 * id -> first: ordinal of the batch (from bit 31; 0: deleted) and length (bits 30–0)
 *       second: CRC-32C
 * </pre>
 *
 * <p>Thread: one. Memory: its own, freed by close.
 */
final class BlobLocations implements AutoCloseable {
  private static final int ORDINAL_SHIFT = 31;
  private static final long LENGTH_MASK = (1L << ORDINAL_SHIFT) - 1;

  private final IdTable table = new IdTable(0);
  private final List<ColdReference> batches = new ArrayList<>();
  private final Supplier<List<BatchReference>> chain;
  private @Nullable List<BatchReference> unread;
  private int nextUnread;
  private long liveRead;

  /**
   * Locations in a chain.
   *
   * @param chain gives the batches that the chain holds so far, the newest first; asked when they
   *     are needed, and once.
   */
  BlobLocations(Supplier<List<BatchReference>> chain) {
    this.chain = chain;
    // Ordinal 0 says "deleted".
    batches.add(new ColdReference(0, 0, 0));
  }

  /** Notes that blobs are about to be packed into a batch; returns its ordinal. */
  int addBatch(TierKeys.BatchName name) {
    batches.add(ColdReferenceCodec.encode(name));
    return batches.size() - 1;
  }

  void put(BlobChange change, int ordinal) {
    table.put(
        change.id().high(), change.id().low(), first(ordinal, change.length()), change.crc32c());
  }

  void delete(BlobChange change) {
    table.put(change.id().high(), change.id().low(), 0, 0);
  }

  private static long first(int ordinal, long length) {
    return (long) ordinal << ORDINAL_SHIFT | length;
  }

  /** Whether it is known what the tier's last entry of this id is, or that there is none. */
  boolean isKnown(BlobChange change) {
    return position(change) >= 0 || !hasUnread();
  }

  private long position(BlobChange change) {
    return table.find(change.id().high(), change.id().low());
  }

  /** Where the very bytes of a change lie, or null if the tier's last entry is another. */
  @Nullable ColdReference find(BlobChange change) {
    long position = position(change);
    if (position < 0) {
      return null;
    }
    long first = table.first(position);
    int ordinal = (int) (first >>> ORDINAL_SHIFT);
    boolean same =
        ordinal != 0
            && (first & LENGTH_MASK) == change.length()
            && (int) table.second(position) == change.crc32c();
    return same ? batches.get(ordinal) : null;
  }

  /** Whether the tier's last entry of this id is a blob, whichever. */
  boolean isLive(BlobChange change) {
    long position = position(change);
    return position >= 0 && table.first(position) >>> ORDINAL_SHIFT != 0;
  }

  /** Whether batches of the chain are left that were not read. */
  boolean hasUnread() {
    return nextUnread < unread().size();
  }

  /**
   * Reads the next older batch of the chain. What is noted already is newer, and stays.
   *
   * @throws CorruptionException if the batch is gone or damaged.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   */
  void readNext(BatchReader reader) {
    BatchReference reference = unread().get(nextUnread);
    try (DecodedBatch batch = reader.read(reference)) {
      boolean puts = reference.kind() == BatchReference.Kind.PUTS;
      int ordinal =
          puts ? addBatch(Objects.requireNonNull(TierKeys.batchName(reference.name()))) : 0;
      batch.forEach((high, low, data) -> {
        long first = puts ? first(ordinal, data.byteSize()) : 0;
        int crc = puts ? BatchCodec.crc32c(data) : 0;
        if (table.putIfAbsent(high, low, first, crc) && puts) {
          liveRead++;
        }
      });
    }
    nextUnread++;
  }

  private List<BatchReference> unread() {
    if (unread == null) {
      unread = chain.get();
    }
    return unread;
  }

  /** How many blobs, as opposed to deletes, reading the chain has noted. */
  long liveRead() {
    return liveRead;
  }

  @Override
  public void close() {
    table.close();
  }
}
