package io.ashlar.store.format;

import io.ashlar.store.spi.ManifestNotes;

/**
 * The content of one superblock copy; its bytes are {@link SuperblockFormat}'s.
 *
 * @param storeId the store's random identity (rule L7).
 * @param createdMs when the store was made, in milliseconds since 1970.
 * @param generation counts checkpoints; of two valid copies the higher one is current.
 * @param tiered whether deletes are kept as tombstones for a tier.
 * @param fence what the last open for writing kept of the log.
 * @param checkpoint where the next open begins.
 * @param notes the manifests that the store's tier has sent (rule L32).
 */
public record Superblock(
    long storeId,
    long createdMs,
    long generation,
    boolean tiered,
    Fence fence,
    Checkpoint checkpoint,
    ManifestNotes notes) {

  /**
   * The fence that an open writes (rule L5). No record of an older incarnation after it is
   * replayed.
   *
   * @param incarnation the identity of the open that wrote the fence: greater at each open.
   * @param sequence the last record that this open kept, and its mark.
   */
  public record Fence(long incarnation, long sequence) {}

  /**
   * An index checkpoint, and the log position from which replay continues it.
   *
   * @param base the log position from which replay starts: the end of the log that the index
   *     checkpoint covers.
   * @param covered the last record that an entry of the index checkpoint can come from.
   * @param start first block of the index checkpoint's last chunk; 0 when there is none and replay
   *     starts from an empty index.
   * @param blocks length of that chunk in blocks.
   * @param bytes length of all chunks in bytes.
   * @param crc32c checksum of the last chunk, which covers the others'.
   */
  public record Checkpoint(
      LogPosition base, long covered, long start, long blocks, long bytes, int crc32c) {

    /** Returns that of a new store: an empty index, and a log that starts at {@code base}. */
    public static Checkpoint none(LogPosition base) {
      return new Checkpoint(base, 0, 0, 0, 0, 0);
    }

    /** Returns whether there is no index checkpoint: replay starts from an empty index. */
    public boolean isNone() {
      return start == 0;
    }
  }

  /** Returns the identity of the open that wrote the fence. */
  public long incarnation() {
    return fence.incarnation;
  }

  /** Returns the last record that this open kept. */
  public long fenceSequence() {
    return fence.sequence;
  }

  /** Returns the log position from which replay starts. */
  public LogPosition base() {
    return checkpoint.base;
  }

  /** Returns this content with a new fence. */
  public Superblock withFence(Fence newFence) {
    return new Superblock(storeId, createdMs, generation, tiered, newFence, checkpoint, notes);
  }

  /** Returns this content with the tiered flag set. */
  public Superblock withTiered() {
    return new Superblock(storeId, createdMs, generation, true, fence, checkpoint, notes);
  }

  /** Returns this content with other notes. */
  public Superblock withNotes(ManifestNotes newNotes) {
    return new Superblock(storeId, createdMs, generation, tiered, fence, checkpoint, newNotes);
  }

  /** Returns this content with another checkpoint, as the next generation. */
  public Superblock withCheckpoint(Checkpoint newCheckpoint) {
    return new Superblock(storeId, createdMs, generation + 1, tiered, fence, newCheckpoint, notes);
  }
}
