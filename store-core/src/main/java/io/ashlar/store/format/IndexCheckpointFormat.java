package io.ashlar.store.format;

/**
 * The index checkpoint: the whole index as of one log record, in an extent of its own that a
 * superblock points to.
 *
 * <p><b>Place.</b> {@link SuperblockFormat} holds its extent, its length, its checksum, its version
 * and the log position that it covers; replay starts behind that position. Two generations are
 * kept: each superblock copy has its own pointer (rules L5, L12, L13).
 *
 * <p><b>Versions.</b> {@value #VERSION} is the version reserved for the first layout; a store whose
 * superblock names no checkpoint has version 0 there and is replayed from the beginning of its log.
 * An unknown version is refused with {@link io.ashlar.store.FormatVersionException}.
 */
public final class IndexCheckpointFormat {

  /** The version that a superblock names beside a checkpoint. */
  public static final int VERSION = 1;

  private IndexCheckpointFormat() {}
}
