package io.ashlar.tier.object;

import java.util.concurrent.atomic.LongAdder;

/** The adders behind {@link RequestCounts}. Written and read by any thread. */
final class RequestCounters {
  final LongAdder puts = new LongAdder();
  final LongAdder gets = new LongAdder();
  final LongAdder heads = new LongAdder();
  final LongAdder lists = new LongAdder();
  final LongAdder deletes = new LongAdder();
  final LongAdder bytesSent = new LongAdder();
  final LongAdder bytesReceived = new LongAdder();

  RequestCounts snapshot() {
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
