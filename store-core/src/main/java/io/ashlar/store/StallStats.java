package io.ashlar.store;

/**
 * How often and how long commits waited for one cause since open.
 *
 * <p>A <i>stall</i> is a successful commit that took over a millisecond, from the call of commit
 * until its caller runs again or its listener is called. Its time is split by cause. A wait of over
 * a millisecond before that is a stall by itself: for buffers in a put or a claim, or for writes
 * ahead.
 *
 * @param cause the cause.
 * @param count stalls whose longest part had this cause. The counts of all causes add up to the
 *     number of stalls.
 * @param totalNs what all stalls spent on this cause, also where another part was longer. The
 *     totals of all causes add up to the length of all stalls.
 * @param maxNs the longest time that one stall spent on this cause.
 */
public record StallStats(StallCause cause, long count, long totalNs, long maxNs) {}
