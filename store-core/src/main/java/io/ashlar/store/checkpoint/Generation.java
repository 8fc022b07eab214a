package io.ashlar.store.checkpoint;

import io.ashlar.store.format.LogPosition;
import io.ashlar.store.space.BlockSpace;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The generation of one superblock copy: a log position and the index checkpoint that covers the
 * log up to it.
 *
 * @param base where replay starts.
 * @param covered the last record that an entry of the checkpoint can come from.
 * @param chunks where its chunks lie; none without a checkpoint.
 * @param last the last chunk written, which names the others; null without a checkpoint.
 * @param crc32c checksum of the last chunk, which covers the others'.
 */
public record Generation(
    LogPosition base, long covered, List<Chunk> chunks, @Nullable Chunk last, int crc32c) {

  /**
   * The extent of a chunk.
   *
   * @param start its first block.
   * @param blocks its length in blocks.
   */
  public record Chunk(long start, long blocks) {}

  /** Returns the blocks of all chunks. */
  public long blocks() {
    long sum = 0;
    for (Chunk chunk : chunks) { // at open: a stream takes longer to load than this to run
      sum += chunk.blocks();
    }
    return sum;
  }

  /** Returns whether another one refers to the same index checkpoint; to none is the same, too. */
  public boolean hasSameCheckpoint(Generation other) {
    // Not equals: the first one of a record class takes 10 ms to link.
    return start(last) == start(other.last) && crc32c == other.crc32c;
  }

  private static long start(@Nullable Chunk chunk) {
    return chunk == null ? 0 : chunk.start;
  }

  /** Frees all chunks: no superblock copy refers to them any more. */
  void free(BlockSpace space) {
    for (Chunk chunk : chunks) {
      space.free(chunk.start(), chunk.blocks());
    }
  }
}
