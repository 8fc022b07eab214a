package io.ashlar.uring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import org.junit.jupiter.api.Test;

class EventFdTest {
  @Test
  void shouldBeDrainedOnceForAnyNumberOfSignals() {
    try (EventFd wake = EventFd.create()) {
      assertThat(wake.drain()).isFalse();
      wake.signal();
      wake.signal();
      assertThat(wake.drain()).isTrue();
      assertThat(wake.drain()).isFalse();
    }
  }

  @Test
  void shouldIgnoreASignalAfterClose() {
    EventFd wake = EventFd.create();
    wake.close();
    wake.close();
    wake.signal();
    assertThatIllegalStateException().isThrownBy(wake::drain);
  }
}
