package io.ashlar.store.spi;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * The stack that is asked for is there, whoever runs the method: the interpreter or compiled code.
 */
class StackRoomTest {

  private static final int COMPILED_CALLS = 50_000;
  private static final int FRAME_BYTES_MAX = 200; // of fill, interpreted
  private static final int MEASUREMENTS_MAX = 1_000;

  private Runnable asked = () -> {};
  private boolean overflowed;
  private volatile @Nullable Throwable failure; // of the thread with little stack

  @SuppressWarnings("InfiniteRecursion") // that is what it is for
  private int fill(int frames) {
    int left = frames;
    try {
      left = fill(frames);
    } catch (StackOverflowError e) {
      // this is the end
    }
    if (left == 0) {
      ask();
    }
    return left - 1;
  }

  private void ask() {
    try {
      asked.run();
    } catch (StackOverflowError e) {
      overflowed = true;
    }
  }

  private boolean fits(int frames) {
    overflowed = false;
    int _ = fill(frames);
    return !overflowed;
  }

  /** Returns how far above the end of the stack there is the room, in frames of {@link #fill}. */
  private int frames(Runnable question) {
    asked = question;
    int low = 2;
    int high = 2;
    while (!fits(high)) {
      low = high;
      high *= 2;
    }
    while (high - low > 1) {
      int middle = (low + high) / 2;
      if (fits(middle)) {
        high = middle;
      } else {
        low = middle;
      }
    }
    return high;
  }

  private int[] measure() {
    int nothing = frames(() -> {});
    int end = frames(StackRoom::toEnd) - nothing;
    int begin = frames(StackRoom::toBegin) - nothing;
    return new int[] {nothing, end, begin};
  }

  /**
   * Measures until the same figures come twice. A frame of {@link #fill} gets shorter when {@code
   * fill} is compiled, so figures from before and after that cannot be compared.
   */
  private int[] measureTwice() {
    int[] last = measure();
    for (int i = 0; i < MEASUREMENTS_MAX; i++) {
      int[] next = measure();
      if (Arrays.equals(last, next)) {
        return next;
      }
      last = next;
    }
    throw new AssertionError("the figures kept changing; the last: " + Arrays.toString(last));
  }

  private void compare(String by) {
    int[] measured = measureTwice();
    int end = measured[1];
    int begin = measured[2];
    assertThat(end).as(by).isGreaterThan(StackRoom.END_BYTES / FRAME_BYTES_MAX);
    assertThat((double) begin / end).as(by).isBetween(1.8, 2.2);
  }

  @Test
  void shouldAskForTheSameRoomOnceItIsCompiled() throws InterruptedException {
    StackRoom.toBegin(); // initialized where there is room for that, as by an open
    Thread thread =
        new Thread(
            null,
            () -> {
              try {
                compare("interpreted, or compiled");
                for (int i = 0; i < COMPILED_CALLS; i++) {
                  StackRoom.toBegin();
                  StackRoom.toEnd();
                }
                compare("compiled");
                long start = System.nanoTime();
                for (int i = 0; i < COMPILED_CALLS; i++) {
                  StackRoom.toBegin();
                }
                System.out.printf(
                    "asking for %d bytes of stack: %.1f ns%n",
                    StackRoom.BEGIN_BYTES, (System.nanoTime() - start) / (double) COMPILED_CALLS);
              } catch (Throwable e) {
                failure = e;
              }
            },
            "near-the-end",
            256 << 10);
    thread.start();
    thread.join();
    assertThat(failure).isNull();
  }
}
