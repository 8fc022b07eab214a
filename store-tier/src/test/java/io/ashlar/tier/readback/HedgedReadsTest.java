package io.ashlar.tier.readback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.tier.ReadBackConfig;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A read that is sent twice: one of both may fail, and what is not returned is freed. */
@Timeout(60)
class HedgedReadsTest {

  private final HedgedReads reads =
      new HedgedReads(ReadBackConfig.DEFAULTS.withHedgeDelayMsMin(1).withHedgePercentMax(100));
  private final AtomicInteger attempts = new AtomicInteger();
  private final AtomicInteger closed = new AtomicInteger();
  private final CompletableFuture<Thread> firstThread = new CompletableFuture<>();

  /** What a read returns; it may be freed once. */
  private record Answer(String text, AtomicInteger closed) implements AutoCloseable {
    @Override
    public void close() {
      closed.incrementAndGet();
    }
  }

  private Answer answer(String text) {
    return new Answer(text, closed);
  }

  @BeforeEach
  void learnHowLongAReadTakes() {
    for (int i = 0; i < HedgedReads.LATENCIES_MIN; i++) {
      var _ = reads.read(() -> answer("quick"));
    }
  }

  /** Two attempts, the first of which waits for the second; each does its own. */
  private Supplier<Answer> twice(Supplier<Answer> first, Supplier<Answer> second) {
    CompletableFuture<Thread> secondThread = new CompletableFuture<>();
    return () -> {
      if (attempts.getAndIncrement() == 0) {
        firstThread.complete(Thread.currentThread());
        awaitEndOf(secondThread.join());
        return first.get();
      }
      secondThread.complete(Thread.currentThread());
      return second.get();
    };
  }

  /** As a client does that does not notice an interrupt. */
  private static void awaitEndOf(Thread thread) {
    while (thread.isAlive()) {
      LockSupport.parkNanos(1_000_000);
      var _ = Thread.interrupted();
    }
  }

  private static Answer fail(String why) {
    throw new IllegalStateException(why);
  }

  @Test
  void shouldWaitForTheOtherWhenOneFails() {
    assertThatCode(() ->
            assertThat(reads.read(twice(() -> answer("first"), () -> fail("second"))).text())
                .isEqualTo("first"))
        .doesNotThrowAnyException();
    assertThat(attempts).hasValue(2);
    assertThat(closed).hasValue(0);
  }

  @Test
  void shouldFailWhenBothFail() {
    assertThatThrownBy(() -> reads.read(twice(() -> fail("first"), () -> fail("second"))))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("first");
  }

  @Test
  void shouldFreeWhatLost() throws Exception {
    Answer answer = reads.read(twice(() -> answer("first"), () -> answer("second")));
    assertThat(attempts).hasValue(2);
    firstThread.join().join(); // it may end after this read has
    assertThat(closed).as("freed; returned: %s", answer.text()).hasValue(1);
  }
}
