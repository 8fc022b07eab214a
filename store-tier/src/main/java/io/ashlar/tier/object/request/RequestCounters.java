package io.ashlar.tier.object.request;

import io.ashlar.tier.object.RequestCounts;
import java.util.concurrent.atomic.LongAdder;

/** The adders of {@link RequestCounts}. Written and read by any thread. */
public final class RequestCounters {
  public final LongAdder puts = new LongAdder();
  public final LongAdder gets = new LongAdder();
  public final LongAdder heads = new LongAdder();
  public final LongAdder lists = new LongAdder();
  public final LongAdder deletes = new LongAdder();
  public final LongAdder bytesSent = new LongAdder();
  public final LongAdder bytesReceived = new LongAdder();

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
