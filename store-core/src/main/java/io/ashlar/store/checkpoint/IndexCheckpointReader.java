package io.ashlar.store.checkpoint;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.IndexCheckpointEntries;
import io.ashlar.store.format.IndexCheckpointFormat;
import io.ashlar.store.format.Superblock;
import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.index.IndexLoader;
import io.ashlar.uring.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Reads an index checkpoint, last chunk first: while the entries of one chunk are loaded, a thread
 * of this reader's reads and verifies the one before it.
 *
 * <p>Thread: one. Memory: two chunks, whatever the file claims (promise G12).
 */
public final class IndexCheckpointReader implements AutoCloseable {

  private static final long CHUNK_BYTES_MAX = Blocks.offset(IndexCheckpointFormat.CHUNK_BLOCKS_MAX);

  /** An index is made ready for this many entries at most, whatever the superblock claims. */
  private static final long EXPECTED_ENTRIES_MAX = 4 << 20;

  private final Disk disk;
  private final long fileBlocks;
  private final NativeMemory memory = NativeMemory.reserve(2 * CHUNK_BYTES_MAX);
  private final ExecutorService ahead =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("ashlar-checkpoint-read").factory());
  private IndexCheckpointEntries[] decoded = {};
  private long entries;

  /** Where a chunk lies, by the superblock or by the chunk behind it, and what it must be. */
  private record Place(long start, long blocks, int crc32c) {}

  /** Reads and verifies a chunk; no lambda, which takes milliseconds to link in a cold JVM. */
  private record ReadAhead(
      IndexCheckpointReader reader, Superblock superblock, Place place, int half)
      implements Callable<MemorySegment> {
    @Override
    public MemorySegment call() {
      return reader.chunk(superblock, place, half, false);
    }
  }

  /** Creates one over a file of {@code fileBlocks} blocks. */
  public IndexCheckpointReader(Disk disk, long fileBlocks) {
    this.disk = disk;
    this.fileBlocks = fileBlocks;
  }

  /** Returns how many entries the checkpoint of a superblock can have, for an index to be ready. */
  public static long expectedEntries(Superblock superblock) {
    return Math.clamp(
        superblock.checkpointBytes() / IndexCheckpointFormat.ENTRY_BYTES_STORED,
        0,
        EXPECTED_ENTRIES_MAX);
  }

  /**
   * Reads the checkpoint that a superblock names.
   *
   * @param into receives the entries.
   * @return what the superblock refers to.
   * @throws CorruptionException if a chunk is damaged.
   */
  public Generation read(Superblock superblock, BlobIndex into) {
    entries = 0;
    decoded =
        new IndexCheckpointEntries[] {new IndexCheckpointEntries(), new IndexCheckpointEntries()};
    IndexLoader loader = new IndexLoader(into);
    Generation generation = follow(superblock, loader);
    loader.finish();
    return generation;
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

  private Generation follow(Superblock superblock, @Nullable IndexLoader into) {
    List<Generation.Chunk> chunks = new ArrayList<>();
    long bytes = 0;
    int number = -1;
    int half = 0;
    Place place =
        new Place(
            superblock.checkpointStart(),
            superblock.checkpointBlocks(),
            superblock.checkpointCrc32c());
    MemorySegment chunk = place.start() == 0 ? null : chunk(superblock, place, 0, into == null);
    while (chunk != null) {
      int thisNumber = IndexCheckpointFormat.number(chunk);
      if (thisNumber < 0 || (number >= 0 && thisNumber != number - 1)) {
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
      half = 1 - half;
      if (into != null) {
        chunk = loadAndReadOn(superblock, decoded[1 - half], chunks.getLast(), place, half, into);
      } else {
        chunk = place.start() == 0 ? null : chunk(superblock, place, 0, true);
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

  /** Loads a chunk while the one before it is read; returns that one, or null without one. */
  private @Nullable MemorySegment loadAndReadOn(
      Superblock superblock,
      IndexCheckpointEntries loading,
      Generation.Chunk at,
      Place before,
      int half,
      IndexLoader into) {
    Future<MemorySegment> next =
        before.start() == 0 ? null : ahead.submit(new ReadAhead(this, superblock, before, half));
    entries += into.load(loading);
    MemorySegment chunk = next == null ? null : outcome(next);
    if (loading.isDamaged()) {
      throw damaged(at.start());
    }
    return chunk;
  }

  private static MemorySegment outcome(Future<MemorySegment> future) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return future.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException("cannot read an index checkpoint", e.getCause());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private MemorySegment chunk(Superblock superblock, Place place, int half, boolean headerOnly) {
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
            .asSlice(half * CHUNK_BYTES_MAX, headerOnly ? Blocks.BYTES : Blocks.offset(blocks));
    long storeId = superblock.storeId();
    long sequence = superblock.base().sequence();
    int crc32c = place.crc32c();
    boolean valid =
        disk.read(chunk, Blocks.offset(start)) == chunk.byteSize()
            && (headerOnly
                ? IndexCheckpointFormat.hasHeader(chunk, storeId, sequence, start, blocks, crc32c)
                : IndexCheckpointFormat.isValid(
                    chunk, storeId, sequence, start, crc32c, decoded[half]));
    if (!valid) {
      throw damaged(start);
    }
    return chunk;
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
    ahead.close(); // waits: nothing may still read into the memory
    memory.close();
  }
}
