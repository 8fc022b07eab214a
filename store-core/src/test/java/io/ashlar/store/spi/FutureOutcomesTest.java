package io.ashlar.store.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A future gets its outcome although the call that gives it breaks off (G10). */
@Timeout(120)
class FutureOutcomesTest {

  /** A future for which there is no heap the first times. */
  private static final class ScarceFuture extends CompletableFuture<String> {
    private int shortages = 3;

    private void breakOff() {
      if (shortages-- > 0) {
        throw new OutOfMemoryError("planned");
      }
    }

    @Override
    public boolean complete(String value) {
      breakOff();
      return super.complete(value);
    }

    @Override
    public boolean completeExceptionally(Throwable failure) {
      breakOff();
      return super.completeExceptionally(failure);
    }
  }

  @Test
  void shouldTryAgainWhenThereIsNoHeapToCompleteIt() {
    CompletableFuture<String> future = new ScarceFuture();
    assertThatCode(() -> FutureOutcomes.complete(future, "done")).doesNotThrowAnyException();
    assertThat(future.resultNow()).isEqualTo("done");
  }

  @Test
  void shouldTryAgainWhenThereIsNoHeapToFailIt() {
    CompletableFuture<String> future = new ScarceFuture();
    RuntimeException failure = new IllegalStateException("planned");
    assertThatCode(() -> FutureOutcomes.fail(future, failure)).doesNotThrowAnyException();
    assertThat(future.exceptionNow()).isSameAs(failure);
  }

  @Test
  void shouldTellWhateverTheWorkThrew() {
    OutOfMemoryError thrown = new OutOfMemoryError("planned");
    assertThatThrownBy(() ->
            FutureOutcomes.supply(
                    () -> {
                      throw thrown;
                    },
                    Runnable::run)
                .join())
        .isInstanceOf(CompletionException.class)
        .hasCause(thrown);
    assertThat(FutureOutcomes.supply(() -> "done", Runnable::run).join()).isEqualTo("done");
  }

  @Test
  void shouldThrowWhatTheExecutorThrew() {
    assertThatThrownBy(() ->
            FutureOutcomes.supply(
                () -> "done",
                task -> {
                  throw new RejectedExecutionException("planned");
                }))
        .isInstanceOf(RejectedExecutionException.class);
  }
}
