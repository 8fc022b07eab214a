package io.ashlar.store;

/**
 * The result of {@link BlobStore#verify}.
 *
 * @param blobs local blobs that were read.
 * @param bytes their bytes.
 * @param damaged blobs whose bytes differ from those put.
 * @param remote blobs that only the tier has; they were not read.
 * @param unaccountedBlocks 4 KiB blocks of the data file without an owner; negative if blocks have
 *     more than one owner (promise G13: always 0).
 * @param nextCursor where the next verification resumes ({@link VerifyOptions#cursor}), or −1 if
 *     this one reached the end.
 */
public record VerifyReport(
    long blobs, long bytes, long damaged, long remote, long unaccountedBlocks, long nextCursor) {

  /** {@return whether no blob is damaged and every block is accounted for} */
  public boolean clean() {
    return damaged == 0 && unaccountedBlocks == 0;
  }
}
