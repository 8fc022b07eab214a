package io.ashlar.tier.readback;

import java.util.concurrent.atomic.LongAdder;

/** What reading back counts. Thread: any. */
final class ReadBackCounters {
  final LongAdder fetches = new LongAdder();
  final LongAdder framesShared = new LongAdder();
  final LongAdder framesAhead = new LongAdder();
  final LongAdder memoryHits = new LongAdder();
  final LongAdder diskHits = new LongAdder();
}
