package io.ashlar.tier;

/**
 * How evicted blobs are read back. Immutable; every setting is validated once, here.
 *
 * @param cacheBytes native memory for decoded frames that blobs were read back from, 0 to 4 GiB;
 *     with 0 each blob that is asked for is fetched again.
 * @param diskBytes bytes of a local file that keeps frames which memory has no room for, 0 to 1
 *     TiB; 0 for none. Used only where a folder for it is given too.
 * @param gapBytesMax frames of one batch that are waited for at the same time share one GET when no
 *     more than so many bytes lie between two of them, 0 to 64 MiB.
 * @param windowUs microseconds that a fetch waits for others to join it, 0 to 1,000,000.
 * @param aheadBytesMax most bytes that one GET reads beyond what was asked for, once a batch is
 *     being read in order or again and again, 0 to 64 MiB; 0 for never.
 * @param hedgeDelayMsMin a GET that is not answered after this, and after the 95th percentile of
 *     those before, is sent a second time, 1 to 60,000 milliseconds.
 * @param hedgePercentMax most such second GETs for a hundred GETs, 0 to 100; 0 for none.
 */
public record ReadBackConfig(
    long cacheBytes,
    long diskBytes,
    long gapBytesMax,
    long windowUs,
    long aheadBytesMax,
    long hedgeDelayMsMin,
    int hedgePercentMax) {

  /** The settings that an open without any uses. */
  public static final ReadBackConfig DEFAULTS =
      new ReadBackConfig(64L << 20, 0, 256L << 10, 0, 8L << 20, 100, 5);

  private static final long SPAN_MAX = 64L << 20;

  /** Validates every setting. */
  public ReadBackConfig {
    Settings.check("cacheBytes", cacheBytes, 0, 4L << 30);
    Settings.check("diskBytes", diskBytes, 0, 1L << 40);
    Settings.check("gapBytesMax", gapBytesMax, 0, SPAN_MAX);
    Settings.check("windowUs", windowUs, 0, 1_000_000);
    Settings.check("aheadBytesMax", aheadBytesMax, 0, SPAN_MAX);
    Settings.check("hedgeDelayMsMin", hedgeDelayMsMin, 1, 60_000);
    Settings.check("hedgePercentMax", hedgePercentMax, 0, 100);
  }

  /** These settings with another {@link #cacheBytes}. */
  public ReadBackConfig withCacheBytes(long value) {
    return new ReadBackConfig(
        value, diskBytes, gapBytesMax, windowUs, aheadBytesMax, hedgeDelayMsMin, hedgePercentMax);
  }

  /** These settings with another {@link #diskBytes}. */
  public ReadBackConfig withDiskBytes(long value) {
    return new ReadBackConfig(
        cacheBytes, value, gapBytesMax, windowUs, aheadBytesMax, hedgeDelayMsMin, hedgePercentMax);
  }

  /** These settings with another {@link #gapBytesMax}. */
  public ReadBackConfig withGapBytesMax(long value) {
    return new ReadBackConfig(
        cacheBytes, diskBytes, value, windowUs, aheadBytesMax, hedgeDelayMsMin, hedgePercentMax);
  }

  /** These settings with another {@link #windowUs}. */
  public ReadBackConfig withWindowUs(long value) {
    return new ReadBackConfig(
        cacheBytes, diskBytes, gapBytesMax, value, aheadBytesMax, hedgeDelayMsMin, hedgePercentMax);
  }

  /** These settings with another {@link #aheadBytesMax}. */
  public ReadBackConfig withAheadBytesMax(long value) {
    return new ReadBackConfig(
        cacheBytes, diskBytes, gapBytesMax, windowUs, value, hedgeDelayMsMin, hedgePercentMax);
  }

  /** These settings with other limits for second GETs. */
  public ReadBackConfig withHedging(long delayMsMin, int percentMax) {
    return new ReadBackConfig(
        cacheBytes, diskBytes, gapBytesMax, windowUs, aheadBytesMax, delayMsMin, percentMax);
  }
}
