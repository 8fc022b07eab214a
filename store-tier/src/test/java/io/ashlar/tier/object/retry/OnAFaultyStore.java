package io.ashlar.tier.object.retry;

import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.FaultyObjectStore.Outcome;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.RequestLimits;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;

/** A retrying store over one whose requests fail as a test says, with a clock that a test moves. */
abstract class OnAFaultyStore {
  static final RetryPolicy POLICY = new RetryPolicy(100, 800, 50, 20_000, 10_000, 5_000, 1_000);

  /** The greatest jitter there is. */
  static final RandomGenerator MOST =
      new RandomGenerator() {
        @Override
        public long nextLong() {
          return 0;
        }

        @Override
        public long nextLong(long bound) {
          return bound - 1;
        }
      };

  final InMemoryObjectStore memory = new InMemoryObjectStore();
  final FaultyObjectStore faulty = new FaultyObjectStore(memory);
  final ManualClock clock = new ManualClock();
  final RetryingObjectStore store = retrying(faulty, RequestLimits.DEFAULTS);

  final RetryingObjectStore retrying(ObjectStore delegate, RequestLimits limits) {
    return RetryingObjectStore.builder(delegate)
        .policy(POLICY)
        .limits(limits)
        .clock(clock)
        .random(MOST)
        .build();
  }

  static ObjectBody body(String text) {
    return ObjectBody.of(text.getBytes(StandardCharsets.UTF_8));
  }

  static String text(ObjectStore from, String key) {
    try (ObjectContent content = from.get(key)) {
      return new String(content.stream().readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Fails the first {@code times} requests that start with {@code prefix}. */
  final void failFirst(int times, String prefix, Outcome outcome) {
    AtomicInteger left = new AtomicInteger(times);
    faulty.fault((request, key) ->
        request.startsWith(prefix) && left.getAndDecrement() > 0 ? outcome : Outcome.ANSWERED);
  }

  final long requests(String prefix) {
    return faulty.requests().stream().filter(r -> r.startsWith(prefix + " ")).count();
  }
}
