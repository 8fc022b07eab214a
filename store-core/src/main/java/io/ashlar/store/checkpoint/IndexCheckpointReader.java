package io.ashlar.store.checkpoint;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.IndexCheckpointFormat;
import io.ashlar.store.format.Superblock;
import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.uring.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads an index checkpoint, last chunk first. Thread: one. Memory: one chunk, whatever the file
 * claims (promise G12).
 */
public final class IndexCheckpointReader implements AutoCloseable {

  private final Disk disk;
  private final long fileBlocks;
  private final NativeMemory memory =
      NativeMemory.reserve(Blocks.offset(IndexCheckpointFormat.CHUNK_BLOCKS_MAX));
  private final BlobLocation location = new BlobLocation();
  private long entries;

  /** Creates one over a file of {@code fileBlocks} blocks. */
  public IndexCheckpointReader(Disk disk, long fileBlocks) {
    this.disk = disk;
    this.fileBlocks = fileBlocks;
  }

  /**
   * Reads the checkpoint that a superblock names.
   *
   * @param into receives the entries.
   * @return what the superblock refers to.
   * @throws CorruptionException if a chunk is damaged.
   */
  public Generation read(Superblock superblock, BlobIndex into) {
    return follow(superblock, into);
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

  private Generation follow(Superblock superblock, @Nullable BlobIndex into) {
    List<Generation.Chunk> chunks = new ArrayList<>();
    long bytes = 0;
    long start = superblock.checkpointStart();
    long blocks = superblock.checkpointBlocks();
    int crc32c = superblock.checkpointCrc32c();
    int number = -1;
    while (start != 0) {
      MemorySegment chunk = chunk(superblock, start, blocks, crc32c, into == null);
      int thisNumber = IndexCheckpointFormat.number(chunk);
      if (thisNumber < 0 || (number >= 0 && thisNumber != number - 1)) {
        throw damaged(start);
      }
      number = thisNumber;
      chunks.add(new Generation.Chunk(start, blocks));
      bytes += Blocks.offset(blocks);
      if (into != null) {
        load(chunk, into);
      }
      start = IndexCheckpointFormat.previousStart(chunk);
      blocks = IndexCheckpointFormat.previousBlocks(chunk);
      crc32c = IndexCheckpointFormat.previousCrc32c(chunk);
      if (number == 0 && start != 0) {
        throw damaged(start);
      }
    }
    if (number > 0 || bytes != superblock.checkpointBytes()) {
      throw damaged(superblock.checkpointStart());
    }
    return new Generation(
        superblock.base(),
        superblock.covered(),
        List.copyOf(chunks),
        chunks.isEmpty() ? null : chunks.getFirst(),
        superblock.checkpointCrc32c());
  }

  private MemorySegment chunk(
      Superblock superblock, long start, long blocks, int crc32c, boolean headerOnly) {
    if (start < Blocks.FIRST
        || blocks < 1
        || blocks > IndexCheckpointFormat.CHUNK_BLOCKS_MAX
        || start > fileBlocks - blocks) {
      throw damaged(start);
    }
    MemorySegment chunk =
        memory.segment().asSlice(0, headerOnly ? Blocks.BYTES : Blocks.offset(blocks));
    long storeId = superblock.storeId();
    long sequence = superblock.base().sequence();
    boolean valid =
        disk.read(chunk, Blocks.offset(start)) == chunk.byteSize()
            && (headerOnly
                ? IndexCheckpointFormat.hasHeader(chunk, storeId, sequence, start, blocks, crc32c)
                : IndexCheckpointFormat.isValid(chunk, storeId, sequence, start, crc32c));
    if (!valid) {
      throw damaged(start);
    }
    return chunk;
  }

  private static CorruptionException damaged(long block) {
    return new CorruptionException(
        "the index checkpoint is damaged: block=" + block, null, block, 0, 0, null);
  }

  private void load(MemorySegment chunk, BlobIndex into) {
    long offset = IndexCheckpointFormat.HEADER_BYTES;
    int count = IndexCheckpointFormat.entries(chunk);
    for (int i = 0; i < count; i++) {
      int kind = IndexCheckpointFormat.kind(chunk, offset);
      long version = IndexCheckpointFormat.version(chunk, offset);
      switch (kind) {
        case IndexCheckpointFormat.STORED ->
            location.setStored(
                IndexCheckpointFormat.startBlock(chunk, offset),
                (int) IndexCheckpointFormat.length(chunk, offset),
                IndexCheckpointFormat.crc32c(chunk, offset),
                version);
        case IndexCheckpointFormat.EVICTED ->
            location.setEvicted(
                (int) IndexCheckpointFormat.length(chunk, offset),
                IndexCheckpointFormat.crc32c(chunk, offset),
                version,
                IndexCheckpointFormat.cold(chunk, offset, 0),
                IndexCheckpointFormat.cold(chunk, offset, 1),
                IndexCheckpointFormat.cold(chunk, offset, 2));
        default -> location.setTombstone(version);
      }
      into.load(
          IndexCheckpointFormat.idHigh(chunk, offset),
          IndexCheckpointFormat.idLow(chunk, offset),
          location);
      offset += IndexCheckpointFormat.entryBytes(kind);
    }
    entries += count;
  }

  /** Returns how many entries were loaded. */
  public long entries() {
    return entries;
  }

  @Override
  public void close() {
    memory.close();
  }
}
