package io.ashlar.tier.readback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Reads ahead in an order: what is not taken is freed, and bounds are kept. */
@Timeout(60)
class OrderedReadsTest {
  private final AtomicInteger open = new AtomicInteger();
  private final AtomicInteger read = new AtomicInteger();

  /** What a read returns; to be closed once. */
  private final class Result implements AutoCloseable {
    private final int number;

    Result(int number) {
      this.number = number;
      open.incrementAndGet();
      read.incrementAndGet();
    }

    @Override
    public void close() {
      open.decrementAndGet();
    }
  }

  private OrderedReads<Result> reads(int count, long bytes, int countMax, long bytesMax) {
    List<OrderedReads.Read<Result>> reads = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int number = i;
      reads.add(new OrderedReads.Read<>(bytes, () -> new Result(number)));
    }
    return new OrderedReads<>(reads, countMax, bytesMax);
  }

  @Test
  void shouldFreeWhatWasReadAheadAndNotTaken() {
    try (OrderedReads<Result> ahead = reads(10, 1, 4, 100)) {
      ahead.free(ahead.next());
    }
    assertThat(read).hasValue(4);
    assertThat(open).hasValue(0);
  }

  @Test
  void shouldGiveAllOfThemInTheirOrder() {
    try (OrderedReads<Result> ahead = reads(10, 1, 4, 100)) {
      for (int i = 0; i < 10; i++) {
        assertThat(ahead.hasNext()).isTrue();
        try (Result next = ahead.next()) {
          assertThat(next.number).isEqualTo(i);
        }
      }
      assertThat(ahead.hasNext()).isFalse();
    }
    assertThat(open).hasValue(0);
  }

  @Test
  void shouldReadNoMoreAheadThanItMayHold() {
    try (OrderedReads<Result> ahead = reads(10, 60, 8, 100)) {
      ahead.next().close(); // one is longer than two may be together
      assertThat(read).hasValue(1);
    }
    try (OrderedReads<Result> ahead = reads(3, 1_000, 8, 100)) {
      ahead.next().close(); // one alone may be longer
      ahead.next().close();
    }
    assertThat(open).hasValue(0);
  }

  @Test
  void shouldThrowWhatAReadThrewAndFreeTheOthers() {
    IllegalStateException failure = new IllegalStateException("expected");
    List<OrderedReads.Read<Result>> reads =
        List.of(
            new OrderedReads.Read<>(
                1,
                () -> {
                  throw failure;
                }),
            new OrderedReads.Read<>(1, () -> new Result(1)));
    try (OrderedReads<Result> ahead = new OrderedReads<>(reads, 4, 100)) {
      assertThatThrownBy(ahead::next).isSameAs(failure);
    }
    assertThat(open).hasValue(0);
  }
}
