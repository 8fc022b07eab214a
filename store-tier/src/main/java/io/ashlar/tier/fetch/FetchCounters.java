package io.ashlar.tier.fetch;

import java.util.concurrent.atomic.LongAdder;

/** What reading back counts. Thread: any. */
final class FetchCounters {
  final LongAdder fetches = new LongAdder();
  final LongAdder framesShared = new LongAdder();
  final LongAdder framesAhead = new LongAdder();
  final LongAdder memoryHits = new LongAdder();
  final LongAdder diskHits = new LongAdder();
}
