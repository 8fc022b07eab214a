package io.ashlar.jmh.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class SpinnersTest {

  @Test
  void shouldSpinUntilClosed() throws Exception {
    Spinners spinners = Spinners.start(2, 60);
    List<ProcessHandle> started = ProcessHandle.current().children().toList();
    assertThat(started).hasSizeGreaterThanOrEqualTo(2);
    spinners.check();
    spinners.close();
    for (ProcessHandle process : started) {
      process.onExit().get(60, TimeUnit.SECONDS);
    }
    assertThatThrownBy(spinners::check).isInstanceOf(IllegalStateException.class);
  }
}
