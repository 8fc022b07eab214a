package io.ashlar.tier;

/**
 * What reading back did since it was opened.
 *
 * @param gets GETs of frames or old batches that were sent, second ones not counted.
 * @param hedges second GETs, sent because the first was slow.
 * @param hedgesWon of these, those that were answered first.
 * @param framesShared frames that came with the GET of another that was waited for.
 * @param framesAhead frames that nobody had asked for yet.
 * @param memoryHits requests that were answered from memory.
 * @param diskHits requests that were answered from the local file.
 * @param cachedBytes native memory of what is kept.
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
