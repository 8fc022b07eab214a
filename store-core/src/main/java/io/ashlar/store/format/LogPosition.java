package io.ashlar.store.format;

/**
 * Where the log continues after one of its records.
 *
 * @param sequence the record's number; 0 before the first.
 * @param epoch the last epoch in it or before it.
 * @param incarnation the incarnation that wrote it.
 * @param chain its checksum, which the next record carries.
 * @param extent the log extent in which the log continues.
 * @param block where the next record may be: directly after the record's blobs.
 * @param next the reserved next log extent, at whose start the next record may lie instead; {@link
 *     LogExtent#NONE} when none is reserved.
 */
public record LogPosition(
    long sequence,
    long epoch,
    long incarnation,
    int chain,
    LogExtent extent,
    long block,
    LogExtent next) {

  /** Returns the first block after the log extent. */
  public long extentEnd() {
    return extent.end();
  }

  /** Returns the first block of the reserved next log extent, or 0. */
  public long nextStart() {
    return next.start();
  }
}
