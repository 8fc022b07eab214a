package io.ashlar.tier.upload;

import io.ashlar.store.BlobId;
import io.ashlar.store.spi.BlobChange;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * The changes that one pass looks at, off the heap: 48 bytes each, so that the visit of the index
 * is over before the first request is made.
 *
 * <pre>
 * 0 id high, 8 id low, 16 sequence, 24 length, 32 start block, 40 CRC-32C (4), 44 1: stored, 0: deleted (4)
 * </pre>
 *
 * <p>Thread: the one that made it. Memory: its own, freed by close.
 */
final class ChangeList implements AutoCloseable {
  private static final long CHANGE_BYTES = 48;
  private static final int CHUNK_CHANGES = 16_384;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

  private final Arena arena = Arena.ofConfined();
  private final List<MemorySegment> chunks = new ArrayList<>();
  private long size;
  private long storedCount;
  private long storedBytes;

  /** Adds a change that left a blob in the data file, or a delete. */
  void add(BlobChange change) {
    if (size % CHUNK_CHANGES == 0) {
      chunks.add(arena.allocate(CHUNK_CHANGES * CHANGE_BYTES, Long.BYTES));
    }
    MemorySegment chunk = chunks.getLast();
    long at = size % CHUNK_CHANGES * CHANGE_BYTES;
    chunk.set(LONG, at, change.id().high());
    chunk.set(LONG, at + 8, change.id().low());
    chunk.set(LONG, at + 16, change.sequence());
    chunk.set(LONG, at + 24, change.length());
    chunk.set(LONG, at + 32, change.startBlock());
    chunk.set(INT, at + 40, change.crc32c());
    chunk.set(INT, at + 44, change.kind() == BlobChange.Kind.STORED ? 1 : 0);
    size++;
    if (change.kind() == BlobChange.Kind.STORED) {
      storedCount++;
      storedBytes += change.length();
    }
  }

  BlobChange get(long index) {
    MemorySegment chunk = chunks.get(Math.toIntExact(index / CHUNK_CHANGES));
    long at = index % CHUNK_CHANGES * CHANGE_BYTES;
    return new BlobChange(
        new BlobId(chunk.get(LONG, at), chunk.get(LONG, at + 8)),
        chunk.get(LONG, at + 16),
        chunk.get(INT, at + 44) == 1 ? BlobChange.Kind.STORED : BlobChange.Kind.DELETED,
        chunk.get(LONG, at + 24),
        chunk.get(INT, at + 40),
        chunk.get(LONG, at + 32));
  }

  long size() {
    return size;
  }

  /** Changes that left a blob in the data file. */
  long storedCount() {
    return storedCount;
  }

  /** The bytes of those blobs. */
  long storedBytes() {
    return storedBytes;
  }

  @Override
  public void close() {
    arena.close();
  }
}
