package io.ashlar.store.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A wait for a thread goes on through a full heap and an interrupt. */
@Timeout(120)
class ThreadsTest {

  /** A task whose waiter finds no heap the first times. */
  private static final class ScarceTask extends FutureTask<String> {
    private int shortages = 3;

    ScarceTask(String outcome) {
      super(() -> outcome);
    }

    @Override
    public String get() throws InterruptedException, ExecutionException {
      if (shortages-- > 0) {
        throw new OutOfMemoryError("planned");
      }
      return super.get();
    }
  }

  @Test
  void shouldNotGiveUpWhereThereIsNoHeapToWait() {
    AtomicReference<Object> seen = new AtomicReference<>();
    ScarceTask task = new ScarceTask("done");
    task.run();
    try {
      seen.set(Threads.await(task));
    } catch (OutOfMemoryError e) { // JUnit would end the run
      seen.set(e);
    }
    assertThat(seen).hasValue("done");
  }

  @Test
  void shouldKeepAnInterruptPending() {
    FutureTask<String> task = new FutureTask<>(() -> "done");
    Thread other = new Thread(task);
    Thread.currentThread().interrupt();
    other.start();
    assertThat(Threads.await(task)).isEqualTo("done");
    assertThat(Thread.interrupted()).isTrue();
  }

  @Test
  void shouldThrowWhatTheTaskThrewAsItIs() {
    for (Throwable thrown :
        new Throwable[] {new IllegalStateException("planned"), new OutOfMemoryError("planned")}) {
      FutureTask<String> task =
          new FutureTask<>(() -> {
            if (thrown instanceof Error error) {
              throw error;
            }
            throw (RuntimeException) thrown;
          });
      task.run();
      assertThatThrownBy(() -> Threads.await(task)).isSameAs(thrown);
    }
  }
}
