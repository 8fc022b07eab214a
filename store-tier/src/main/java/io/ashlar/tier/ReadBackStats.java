package io.ashlar.tier;

/**
 * How blobs were read back since the tier or follower was opened.
 *
 * @param gets GETs of frames or old batches; second GETs are not counted.
 * @param hedges second GETs, sent because the first was slow.
 * @param hedgesWon second GETs that were answered before the first.
 * @param framesShared frames that came with the GET of another frame.
 * @param framesAhead frames that were read ahead, before any read asked for them.
 * @param memoryHits reads that were served from memory.
 * @param diskHits reads that were served from the local file.
 * @param cachedBytes native memory that cached frames take.
 */
public record ReadBackStats(
    long gets,
    long hedges,
    long hedgesWon,
    long framesShared,
    long framesAhead,
    long memoryHits,
    long diskHits,
    long cachedBytes) {}
