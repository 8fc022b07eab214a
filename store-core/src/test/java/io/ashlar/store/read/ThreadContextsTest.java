package io.ashlar.store.read;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Each platform thread has a context of its own as long as it lives. */
@Timeout(60)
class ThreadContextsTest {

  private static final int THREADS = 600;

  @Test
  void shouldGiveAThreadTheSameContextAlways() throws InterruptedException {
    ReadContext mine = ThreadContexts.ofThisThread();
    List<ReadContext> others = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      Thread other = Thread.ofPlatform().start(() -> others.add(ThreadContexts.ofThisThread()));
      other.join();
      System.gc(); // a thread refers to its context weakly
    }
    assertThat(ThreadContexts.ofThisThread()).isSameAs(mine);
    assertThat(others).hasSize(2).doesNotContain(mine).doesNotHaveDuplicates();
  }

  @Test
  void shouldDropTheContextsOfThreadsThatHaveEnded() throws InterruptedException {
    int before = ThreadContexts.count();
    for (int i = 0; i < THREADS; i++) {
      Thread thread = Thread.ofPlatform().start(ThreadContexts::ofThisThread);
      thread.join();
    }
    assertThat(ThreadContexts.count()).isLessThanOrEqualTo(2 * (before + 64));
  }
}
