package io.ashlar.store.spi;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.uring.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class LargeArenaTest {

  @Test
  void shouldGiveZeroedMemoryOfAnySizeUntilItIsClosed() {
    long before = NativeMemory.mappedBytes();
    for (Arena arena : new Arena[] {LargeArena.ofShared(), LargeArena.ofConfined()}) {
      MemorySegment large;
      MemorySegment small;
      try (arena) {
        large = arena.allocate(3 << 20);
        small = arena.allocate(100, 64);
        assertThat(large.address() % NativeMemory.ALIGNMENT).isZero();
        assertThat(small.address() % 64).isZero();
        assertThat(large.get(JAVA_BYTE, (3 << 20) - 1)).isZero();
        assertThat(small.get(JAVA_BYTE, 99)).isZero();
        assertThat(NativeMemory.mappedBytes()).isEqualTo(before + (4 << 20));
        assertThat(arena.scope().isAlive()).isTrue();
      }
      assertThatIllegalStateException().isThrownBy(() -> large.get(JAVA_BYTE, 0));
      assertThatIllegalStateException().isThrownBy(() -> small.get(JAVA_BYTE, 0));
      assertThat(arena.scope().isAlive()).isFalse();
      assertThat(NativeMemory.mappedBytes()).isEqualTo(before);
    }
  }

  @Test
  void shouldFailAsAnArenaDoesWithoutMemory() {
    try (Arena arena = LargeArena.ofConfined()) {
      assertThatThrownBy(() -> arena.allocate(1L << 60)).isInstanceOf(OutOfMemoryError.class);
    }
  }
}
