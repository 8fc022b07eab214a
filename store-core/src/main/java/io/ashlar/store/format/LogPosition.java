package io.ashlar.store.format;

/**
 * Where the log continues after one of its records.
 *
 * @param sequence the record's number; 0 before the first.
 * @param epoch the last epoch in it or before it.
 * @param incarnation the incarnation that wrote it.
 * @param chain its checksum, which the next record carries.
 * @param extentStart first block of the log extent in which the log continues.
 * @param extentBlocks length of that extent.
 * @param block where the next record may be: directly after the record's blobs.
 * @param nextStart first block of the reserved next log extent, where the next record may lie
 *     instead; 0 when none is reserved.
 * @param nextBlocks length of the reserved next log extent.
 */
public record LogPosition(
    long sequence,
    long epoch,
    long incarnation,
    int chain,
    long extentStart,
    long extentBlocks,
    long block,
    long nextStart,
    long nextBlocks) {

  /** Returns the first block after the log extent. */
  public long extentEnd() {
    return extentStart + extentBlocks;
  }
}
