package io.ashlar.uring;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NativeMemoryTest {
  @ParameterizedTest
  @ValueSource(longs = {1, 4096, 4097, 2L << 20, (2L << 20) + 1, 5L << 20})
  void shouldGiveZeroedMemoryAlignedToHugePages(long bytes) {
    try (NativeMemory touched = NativeMemory.allocate(bytes);
        NativeMemory untouched = NativeMemory.reserve(bytes)) {
      for (NativeMemory memory : new NativeMemory[] {touched, untouched}) {
        assertThat(memory.segment().byteSize()).isEqualTo(bytes);
        assertThat(memory.segment().address() % NativeMemory.ALIGNMENT).isZero();
        for (long offset = 0; offset + 8 <= bytes; offset += 4096) {
          assertThat(memory.segment().get(JAVA_LONG, offset)).isZero();
        }
      }
    }
  }

  @Test
  void shouldTouchTheEndFirst() {
    try (NativeMemory all = NativeMemory.allocate(8L << 20);
        NativeMemory end = NativeMemory.allocate(8L << 20, 3L << 20);
        NativeMemory more = NativeMemory.allocate(1L << 20, 3L << 20)) {
      assertThat(all.untouchedBytes()).isZero();
      assertThat(end.untouchedBytes()).isIn(0L, 4L << 20); // 0 before Linux 5.14
      assertThat(more.untouchedBytes()).isZero();
      assertThat(end.segment().get(JAVA_LONG, 0)).isZero();
    }
  }

  @Test
  void shouldBeUsableFromAnotherThread() throws InterruptedException {
    try (NativeMemory memory = NativeMemory.allocate(4096)) {
      Thread other = new Thread(() -> memory.segment().set(JAVA_LONG, 0, 42));
      other.start();
      other.join();
      assertThat(memory.segment().get(JAVA_LONG, 0)).isEqualTo(42);
    }
  }

  @Test
  void shouldBeThisThreadsOnlyWhenConfined() throws InterruptedException {
    long before = NativeMemory.mappedBytes();
    NativeMemory memory = NativeMemory.reserveConfined(4096);
    AtomicReference<Throwable> refusal = new AtomicReference<>();
    Thread other =
        new Thread(() -> refusal.set(catchThrowable(() -> memory.segment().set(JAVA_LONG, 0, 42))));
    other.start();
    other.join();
    assertThat(refusal.get()).isInstanceOf(WrongThreadException.class);
    memory.close();
    assertThat(NativeMemory.mappedBytes()).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 4097, 3L << 20})
  void shouldUnmapWithTheArenaItLiesIn(long bytes) {
    long before = NativeMemory.mappedBytes();
    MemorySegment segment;
    try (Arena arena = Arena.ofShared()) {
      segment = NativeMemory.reserveIn(arena, bytes);
      assertThat(segment.byteSize()).isEqualTo(bytes);
      assertThat(segment.get(JAVA_BYTE, bytes - 1)).isZero();
      segment.set(JAVA_BYTE, bytes - 1, (byte) 1);
      assertThat(NativeMemory.mappedBytes()).isGreaterThanOrEqualTo(before + bytes);
    }
    assertThatIllegalStateException().isThrownBy(() -> segment.get(JAVA_BYTE, 0));
    assertThat(NativeMemory.mappedBytes()).isEqualTo(before);
  }

  @Test
  void shouldRefuseAccessAfterClose() {
    NativeMemory memory = NativeMemory.allocate(4096);
    memory.close();
    memory.close();
    assertThatIllegalStateException().isThrownBy(() -> memory.segment().get(JAVA_LONG, 0));
  }

  @Test
  void shouldSayWhatToChangeWhenThereIsNoMemory() {
    assertThatExceptionOfType(NativeException.class)
        .isThrownBy(() -> NativeMemory.allocate(1L << 60))
        .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.ENOMEM))
        .withMessageContaining("use less memory");
  }

  @Test
  void shouldRefuseASizeThatIsNotPositive() {
    assertThatIllegalArgumentException().isThrownBy(() -> NativeMemory.allocate(0));
    assertThatIllegalArgumentException().isThrownBy(() -> NativeMemory.reserve(-1));
  }
}
