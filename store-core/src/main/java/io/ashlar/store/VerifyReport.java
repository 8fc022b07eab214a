package io.ashlar.store;

/**
 * What {@link BlobStore#verify} found.
 *
 * @param blobs local blobs that were read.
 * @param bytes their bytes.
 * @param damaged blobs whose bytes are not those that were put.
 * @param remote blobs that are in the tier only, and were not read.
 * @param unaccountedBlocks 4 KiB blocks of the data file that belong to nothing, or, when negative,
 *     to more than one thing (promise G13: always 0).
 * @param nextCursor where to go on when it ended early ({@link VerifyOptions#cursor}), or −1 when
 *     it has seen everything.
 */
public record VerifyReport(
    long blobs, long bytes, long damaged, long remote, long unaccountedBlocks, long nextCursor) {

  /** Returns whether nothing is damaged and every block is accounted for. */
  public boolean clean() {
    return damaged == 0 && unaccountedBlocks == 0;
  }
}
