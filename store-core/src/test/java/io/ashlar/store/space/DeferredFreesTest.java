package io.ashlar.store.space;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class DeferredFreesTest {
  private final ExtentAllocator allocator = new ExtentAllocator();
  private final DeferredFrees deferred = new DeferredFrees(allocator::free);

  @Test
  void shouldReleaseOnlyWhatTheMarkCovers() {
    deferred.free(3, 10, 2);
    deferred.free(4, 20, 1);
    deferred.free(4, 30, 1);
    deferred.free(5, 40, 7);
    assertThat(deferred.pendingBlocks()).isEqualTo(11);
    assertThat(deferred.release(2)).isZero();
    assertThat(allocator.freeBlocks()).isZero();
    assertThat(deferred.release(4)).isEqualTo(4);
    assertThat(allocator.freeBlocks()).isEqualTo(4);
    assertThat(deferred.pendingBlocks()).isEqualTo(7);
    assertThat(deferred.release(Long.MAX_VALUE)).isEqualTo(7);
    assertThat(deferred.pendingBlocks()).isZero();
  }

  @Test
  void shouldRefuseASequenceThatGoesBack() {
    deferred.free(3, 10, 2);
    assertThatThrownBy(() -> deferred.free(2, 20, 2)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> deferred.free(3, 20, 0)).isInstanceOf(IllegalArgumentException.class);
    deferred.release(3);
    assertThatThrownBy(() -> deferred.free(2, 20, 2)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void shouldReportADoubleFreeWhenReleased() {
    deferred.free(1, 10, 2);
    deferred.free(2, 11, 1);
    assertThatThrownBy(() -> deferred.release(2)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void shouldKeepOrderWhileItGrowsAndWraps() {
    long freed = 0;
    long released = 0;
    for (long sequence = 1; sequence <= 2000; sequence++) {
      for (int i = 0; i < 5; i++) {
        deferred.free(sequence, freed++ * 2, 1);
      }
      if (sequence % 3 == 0) {
        released += deferred.release(sequence - sequence % 7 - 20);
      }
      assertThat(deferred.pendingBlocks()).isEqualTo(freed - released);
    }
    List<Long> freeRuns = new ArrayList<>();
    allocator.forEachFree((start, blocks) -> {
      assertThat(blocks).isEqualTo(1);
      freeRuns.add(start);
    });
    assertThat(freeRuns).hasSize((int) released);
    assertThat(freeRuns.getLast()).isEqualTo((released - 1) * 2);
    deferred.release(2000);
    assertThat(allocator.freeBlocks()).isEqualTo(freed);
  }
}
