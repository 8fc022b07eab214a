package io.ashlar.tier.object.request;

import io.ashlar.tier.object.RequestCounts;
import java.util.concurrent.atomic.LongAdder;

/** The adders of {@link RequestCounts}. Written and read by any thread. */
public final class RequestCounters {
  /** {@link RequestCounts#puts}. */
  public final LongAdder puts = new LongAdder();

  /** {@link RequestCounts#gets}. */
  public final LongAdder gets = new LongAdder();

  /** {@link RequestCounts#heads}. */
  public final LongAdder heads = new LongAdder();

  /** {@link RequestCounts#lists}. */
  public final LongAdder lists = new LongAdder();

  /** {@link RequestCounts#deletes}. */
  public final LongAdder deletes = new LongAdder();

  /** {@link RequestCounts#bytesSent}. */
  public final LongAdder bytesSent = new LongAdder();

  /** {@link RequestCounts#bytesReceived}. */
  public final LongAdder bytesReceived = new LongAdder();

  /** Creates counters at zero. */
  public RequestCounters() {}

  /** {@return the counts so far; requests that end meanwhile may be in some of them only} */
  public RequestCounts snapshot() {
    return new RequestCounts(
        puts.sum(),
        gets.sum(),
        heads.sum(),
        lists.sum(),
        deletes.sum(),
        bytesSent.sum(),
        bytesReceived.sum());
  }
}
