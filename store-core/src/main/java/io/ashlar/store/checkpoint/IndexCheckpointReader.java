package io.ashlar.store.checkpoint;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.IndexCheckpointBuckets;
import io.ashlar.store.format.IndexCheckpointFormat;
import io.ashlar.store.format.Superblock;
import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.index.CheckpointLoader;
import io.ashlar.uring.NativeException;
import io.ashlar.uring.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads an index checkpoint, last chunk first. While the entries of one chunk are loaded, a thread
 * of this reader reads and verifies the chunks before it.
 *
 * <p>Thread: one. Memory: {@value #CHUNKS_AHEAD} chunks, whatever the file claims (promise G12).
 */
public final class IndexCheckpointReader implements AutoCloseable {

  private static final int CHUNKS_AHEAD = 4;
  private static final long CHUNK_BYTES_MAX = Blocks.offset(IndexCheckpointFormat.CHUNK_BLOCKS_MAX);

  private final Disk disk;
  private final long fileBlocks;
  private final NativeMemory memory = NativeMemory.reserve(CHUNKS_AHEAD * CHUNK_BYTES_MAX);
  private long entries;

  /** The place of a chunk, from the superblock or the chunk after it, and its expected header. */
  private record Place(long start, long blocks, int crc32c) {}

  /** Creates one over a file of {@code fileBlocks} blocks. */
  public IndexCheckpointReader(Disk disk, long fileBlocks) {
    this.disk = disk;
    this.fileBlocks = fileBlocks;
  }

  /**
   * Reads the checkpoint that a superblock names.
   *
   * @param into receives the entries; empty and without readers.
   * @return the generation of the superblock.
   * @throws CorruptionException if a chunk is damaged.
   */
  public Generation read(Superblock superblock, BlobIndex into) {
    entries = 0;
    if (superblock.checkpoint().isNone()) {
      return locate(superblock);
    }
    IndexCheckpointBuckets buckets = new IndexCheckpointBuckets();
    long bytes = Math.min(superblock.checkpoint().bytes(), Blocks.offset(fileBlocks));
    try (CheckpointLoader loader = new CheckpointLoader(into, bytes);
        ChunksAhead ahead = new ChunksAhead(this, superblock, CHUNKS_AHEAD)) {
      for (MemorySegment chunk = ahead.next(); chunk != null; chunk = ahead.next()) {
        buckets.read(chunk);
        entries += loader.load(buckets);
        if (buckets.isDamaged()) {
          throw damaged(IndexCheckpointFormat.startBlock(chunk));
        }
      }
      Generation generation = ahead.outcome();
      if (!loader.isComplete()) {
        throw damaged(superblock.checkpoint().start());
      }
      return generation;
    }
  }

  /**
   * Finds out where the chunks of the checkpoint lie that a superblock names, from their headers:
   * so that nothing of an older generation is written over.
   *
   * @throws CorruptionException if a header is damaged.
   */
  public Generation locate(Superblock superblock) {
    return follow(superblock, null);
  }

  /** Follows the chunks: reads and hands over each, or without a receiver their headers only. */
  Generation follow(Superblock superblock, @Nullable ChunksAhead receiver) {
    List<Generation.Chunk> chunks = new ArrayList<>();
    long bytes = 0;
    int number = 0;
    Place place =
        new Place(
            superblock.checkpoint().start(),
            superblock.checkpoint().blocks(),
            superblock.checkpoint().crc32c());
    while (place.start() != 0) {
      int slot = receiver == null ? 0 : receiver.awaitSlot();
      MemorySegment chunk = chunk(superblock, place, slot, receiver == null);
      int thisNumber = IndexCheckpointFormat.number(chunk);
      if (thisNumber < 0 || (!chunks.isEmpty() && thisNumber != number - 1)) {
        throw damaged(place.start());
      }
      number = thisNumber;
      chunks.add(new Generation.Chunk(place.start(), place.blocks()));
      bytes += Blocks.offset(place.blocks());
      place =
          new Place(
              IndexCheckpointFormat.previousStart(chunk),
              IndexCheckpointFormat.previousBlocks(chunk),
              IndexCheckpointFormat.previousCrc32c(chunk));
      if (number == 0 && place.start() != 0) {
        throw damaged(place.start());
      }
      if (receiver != null) {
        receiver.put(chunk);
      }
    }
    if (number > 0 || bytes != superblock.checkpoint().bytes()) {
      throw damaged(superblock.checkpoint().start());
    }
    return new Generation(
        superblock.base(),
        superblock.checkpoint().covered(),
        List.copyOf(chunks),
        chunks.isEmpty() ? null : chunks.getFirst(),
        superblock.checkpoint().crc32c());
  }

  private MemorySegment chunk(Superblock superblock, Place place, int slot, boolean headerOnly) {
    long start = place.start();
    long blocks = place.blocks();
    if (start < Blocks.FIRST
        || blocks < 1
        || blocks > IndexCheckpointFormat.CHUNK_BLOCKS_MAX
        || start > fileBlocks - blocks) {
      throw damaged(start);
    }
    MemorySegment chunk =
        memory
            .segment()
            .asSlice(slot * CHUNK_BYTES_MAX, headerOnly ? Blocks.BYTES : Blocks.offset(blocks));
    long storeId = superblock.storeId();
    long sequence = superblock.base().sequence();
    int crc32c = place.crc32c();
    boolean valid =
        isRead(chunk, start)
            && (headerOnly
                ? IndexCheckpointFormat.hasHeader(chunk, storeId, sequence, start, blocks, crc32c)
                : IndexCheckpointFormat.isValid(chunk, storeId, sequence, start, crc32c));
    if (!valid) {
      throw damaged(start);
    }
    return chunk;
  }

  private boolean isRead(MemorySegment chunk, long start) {
    try {
      return disk.read(chunk, Blocks.offset(start)) == chunk.byteSize();
    } catch (NativeException e) {
      if (!e.isOfMedium()) {
        throw e;
      }
      throw new CorruptionException(
          "the index checkpoint cannot be read: check the device: block="
              + start
              + ", failure="
              + e.getMessage(),
          null,
          start,
          0,
          -1,
          e);
    }
  }

  private static CorruptionException damaged(long block) {
    return new CorruptionException(
        "the index checkpoint is damaged: block=" + block, null, block, 0, 0, null);
  }

  /** Returns how many entries the last {@link #read} has loaded. */
  public long entries() {
    return entries;
  }

  @Override
  public void close() {
    memory.close();
  }
}
