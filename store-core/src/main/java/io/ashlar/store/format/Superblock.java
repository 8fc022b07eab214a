package io.ashlar.store.format;

/**
 * The content of one superblock copy; its bytes are {@link SuperblockFormat}'s.
 *
 * @param storeId the store's random identity (rule L7).
 * @param incarnation the identity of the open that wrote the fence: greater at each open.
 * @param generation counts superblock writes; of two valid copies the higher one is current.
 * @param createdMs when the store was made, in milliseconds since 1970.
 * @param tiered whether deletes are kept as tombstones for a tier.
 * @param fenceSequence the fence (rule L5): the last record that the open with this incarnation
 *     kept, and its mark.
 * @param base the log position that replay starts from: what the index checkpoint covers.
 * @param checkpointStart first block of the index checkpoint; 0 when there is none and replay
 *     starts from an empty index.
 * @param checkpointBlocks length of the index checkpoint in blocks.
 * @param checkpointBytes length of the index checkpoint in bytes.
 * @param checkpointCrc32c checksum of the index checkpoint's bytes.
 */
public record Superblock(
    long storeId,
    long incarnation,
    long generation,
    long createdMs,
    boolean tiered,
    long fenceSequence,
    LogPosition base,
    long checkpointStart,
    long checkpointBlocks,
    long checkpointBytes,
    int checkpointCrc32c) {

  /** Returns this content with a new fence, as one more superblock write. */
  public Superblock withFence(long newIncarnation, long newGeneration, long sequence) {
    return new Superblock(
        storeId,
        newIncarnation,
        newGeneration,
        createdMs,
        tiered,
        sequence,
        base,
        checkpointStart,
        checkpointBlocks,
        checkpointBytes,
        checkpointCrc32c);
  }

  /** Returns this content with the tiered flag set, as one more superblock write. */
  public Superblock withTiered(long newGeneration) {
    return new Superblock(
        storeId,
        incarnation,
        newGeneration,
        createdMs,
        true,
        fenceSequence,
        base,
        checkpointStart,
        checkpointBlocks,
        checkpointBytes,
        checkpointCrc32c);
  }
}
