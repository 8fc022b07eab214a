package io.ashlar.store.format;

import io.ashlar.store.spi.ManifestNotes;

/**
 * The content of one superblock copy; its bytes are {@link SuperblockFormat}'s.
 *
 * @param storeId the store's random identity (rule L7).
 * @param incarnation the identity of the open that wrote the fence: greater at each open.
 * @param generation counts checkpoints; of two valid copies the higher one is current.
 * @param createdMs when the store was made, in milliseconds since 1970.
 * @param tiered whether deletes are kept as tombstones for a tier.
 * @param fenceSequence the fence (rule L5): the last record that the open with this incarnation
 *     kept, and its mark.
 * @param base the log position from which replay starts: the end of the log that the index
 *     checkpoint covers.
 * @param covered the last record that an entry of the index checkpoint can come from.
 * @param checkpointStart first block of the index checkpoint's last chunk; 0 when there is none and
 *     replay starts from an empty index.
 * @param checkpointBlocks length of that chunk in blocks.
 * @param checkpointBytes length of all chunks in bytes.
 * @param checkpointCrc32c checksum of the last chunk, which covers the others'.
 * @param notes the manifests that the store's tier has sent (rule L32).
 */
public record Superblock(
    long storeId,
    long incarnation,
    long generation,
    long createdMs,
    boolean tiered,
    long fenceSequence,
    LogPosition base,
    long covered,
    long checkpointStart,
    long checkpointBlocks,
    long checkpointBytes,
    int checkpointCrc32c,
    ManifestNotes notes) {

  /** Returns this content with a new fence. */
  public Superblock withFence(long newIncarnation, long sequence) {
    return new Superblock(
        storeId,
        newIncarnation,
        generation,
        createdMs,
        tiered,
        sequence,
        base,
        covered,
        checkpointStart,
        checkpointBlocks,
        checkpointBytes,
        checkpointCrc32c,
        notes);
  }

  /** Returns this content with the tiered flag set. */
  public Superblock withTiered() {
    return new Superblock(
        storeId,
        incarnation,
        generation,
        createdMs,
        true,
        fenceSequence,
        base,
        covered,
        checkpointStart,
        checkpointBlocks,
        checkpointBytes,
        checkpointCrc32c,
        notes);
  }

  /** Returns this content with other notes. */
  public Superblock withNotes(ManifestNotes newNotes) {
    return new Superblock(
        storeId,
        incarnation,
        generation,
        createdMs,
        tiered,
        fenceSequence,
        base,
        covered,
        checkpointStart,
        checkpointBlocks,
        checkpointBytes,
        checkpointCrc32c,
        newNotes);
  }

  /** Returns this content with another checkpoint, as the next generation. */
  public Superblock withCheckpoint(
      LogPosition newBase, long newCovered, long start, long blocks, long bytes, int crc32c) {
    return new Superblock(
        storeId,
        incarnation,
        generation + 1,
        createdMs,
        tiered,
        fenceSequence,
        newBase,
        newCovered,
        start,
        blocks,
        bytes,
        crc32c,
        notes);
  }
}
