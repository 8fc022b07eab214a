package io.ashlar.tier.object;

/**
 * What requests cost, in billionths of a currency unit ("nanos"), so that no fraction is lost. An
 * estimate: storage, taxes and free allowances are not in it. Immutable.
 *
 * @param putNanos for a put, a part, or the start or completion of an upload.
 * @param getNanos for a get.
 * @param headNanos for a head.
 * @param listNanos for a page listed.
 * @param deleteNanos for a bulk delete.
 * @param sentNanosPerGib for a GiB sent to the store.
 * @param receivedNanosPerGib for a GiB received from it.
 */
public record PriceList(
    long putNanos,
    long getNanos,
    long headNanos,
    long listNanos,
    long deleteNanos,
    long sentNanosPerGib,
    long receivedNanosPerGib) {

  /**
   * US dollars, of the order of what large services charge within a region: 0.005 for 1000 writes
   * or listings, 0.0004 for 1000 reads, nothing for deletes and traffic. Give your own.
   */
  public static final PriceList DEFAULTS = new PriceList(5_000, 400, 400, 5_000, 0, 0, 0);

  private static final double GIB = 1L << 30;

  /** Checks that nothing is negative. */
  public PriceList {
    long least =
        Math.min(
            Math.min(Math.min(putNanos, getNanos), Math.min(headNanos, listNanos)),
            Math.min(deleteNanos, Math.min(sentNanosPerGib, receivedNanosPerGib)));
    if (least < 0) {
      throw new IllegalArgumentException("a price is negative: value=" + least);
    }
  }

  /** What these requests cost, in nanos. */
  public long costNanos(RequestCounts counts) {
    return counts.puts() * putNanos
        + counts.gets() * getNanos
        + counts.heads() * headNanos
        + counts.lists() * listNanos
        + counts.deletes() * deleteNanos
        + Math.round(counts.bytesSent() / GIB * sentNanosPerGib)
        + Math.round(counts.bytesReceived() / GIB * receivedNanosPerGib);
  }
}
