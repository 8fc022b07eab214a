package io.ashlar.uring;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class IoVectorsTest {
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment memory = arena.allocate(4096);
  private final IoVectors vectors = new IoVectors(2);

  @AfterEach
  void close() {
    vectors.close();
    arena.close();
  }

  @Test
  void shouldMergeSourcesThatLieNextToEachOther() {
    vectors.add(memory.asSlice(0, 100));
    vectors.add(memory.asSlice(100, 50));
    vectors.add(memory.asSlice(200, 8));
    assertThat(vectors.count()).isEqualTo(2);
    assertThat(vectors.sourceCount()).isEqualTo(3);
    assertThat(vectors.bytes()).isEqualTo(158);
    assertThat(vectors.source(1).byteSize()).isEqualTo(50);
    assertThat(iovec(0)).containsExactly(memory.address(), 150);
    assertThat(iovec(1)).containsExactly(memory.address() + 200, 8);
  }

  @Test
  void shouldRefuseMoreThanItHoldsUnlessItMerges() {
    vectors.add(memory.asSlice(0, 8));
    vectors.add(memory.asSlice(16, 8));
    assertThatIllegalStateException().isThrownBy(() -> vectors.add(memory.asSlice(32, 8)));
    vectors.add(memory.asSlice(24, 8));
    assertThat(vectors.count()).isEqualTo(2);
  }

  @Test
  void shouldBeEmptyAfterClear() {
    vectors.add(memory.asSlice(0, 8));
    vectors.clear();
    assertThat(vectors.count()).isZero();
    assertThat(vectors.bytes()).isZero();
    assertThat(vectors.sourceCount()).isZero();
    vectors.add(memory.asSlice(8, 8));
    assertThat(iovec(0)).containsExactly(memory.address() + 8, 8);
  }

  @Test
  void shouldIgnoreAnEmptySource() {
    vectors.add(memory.asSlice(0, 0));
    assertThat(vectors.count()).isZero();
  }

  @Test
  void shouldLeaveTheRestOfAShortWrite() {
    vectors.add(memory.asSlice(0, 100));
    vectors.add(memory.asSlice(200, 100));
    try (IoVectors rest = new IoVectors(2)) {
      rest.setToRestOf(vectors, 130);
      assertThat(rest.count()).isOne();
      assertThat(rest.bytes()).isEqualTo(70);
      assertThat(rest.source(0).address()).isEqualTo(memory.address() + 230);
      rest.setToRestOf(vectors, 40);
      assertThat(rest.count()).isEqualTo(2);
      assertThat(rest.bytes()).isEqualTo(160);
      rest.setToRestOf(vectors, 200);
      assertThat(rest.bytes()).isZero();
    }
  }

  @Test
  void shouldRefuseHeapMemoryAndBadCapacities() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> vectors.add(MemorySegment.ofArray(new byte[8])));
    assertThatIllegalArgumentException().isThrownBy(() -> new IoVectors(0).close());
    assertThatIllegalArgumentException().isThrownBy(() -> new IoVectors(1025).close());
  }

  private long[] iovec(int i) {
    MemorySegment vector = MemorySegment.ofAddress(vectors.address() + 16L * i).reinterpret(16);
    return new long[] {vector.get(JAVA_LONG, 0), vector.get(JAVA_LONG, 8)};
  }
}
