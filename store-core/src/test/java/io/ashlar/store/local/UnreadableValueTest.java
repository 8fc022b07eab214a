package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobId;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.VerifyListener;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A value whose memory is gone, or another thread's, harms its own put and nothing else. */
@Timeout(60)
class UnreadableValueTest {

  private static final StoreConfig SMALL =
      StoreConfig.DEFAULTS.withPoolBytes(4 << 20).withInitialFileBytes(1 << 20);

  @TempDir Path folder;

  private static MemorySegment value(int fill, int bytes) {
    return Arena.ofAuto().allocate(bytes).fill((byte) fill);
  }

  private static MemorySegment gone(int bytes) {
    try (Arena arena = Arena.ofShared()) {
      return arena.allocate(bytes);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5000, 200_000, 1 << 20, 3 << 20})
  void shouldBreakItsEpochAndNothingElse(int bytes) {
    try (LocalBlobStore store = LocalBlobStore.builder(folder).config(SMALL).open()) {
      try (Epoch epoch = store.beginEpoch()) {
        epoch.put(new BlobId(0, 1), value(1, 5000));
        assertThatThrownBy(() -> epoch.put(new BlobId(0, 2), gone(bytes)))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("closed");
        assertThatThrownBy(() -> epoch.put(new BlobId(0, 3), value(3, 9000)))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("broken by a failed put: close it");
        assertThatThrownBy(epoch::commit).isInstanceOf(IllegalStateException.class);
      }
      try (Epoch epoch = store.beginEpoch()) {
        epoch.put(new BlobId(0, 3), value(3, 9000));
        long _ = epoch.commit();
      }
      MemorySegment target = value(0, 9000);
      assertThat(store.contains(new BlobId(0, 1))).isFalse();
      assertThat(store.get(new BlobId(0, 3), target)).isEqualTo(9000);
      assertThat(target.mismatch(value(3, 9000))).isEqualTo(-1);
      assertUnharmed(store);
    }
  }

  @Test
  void shouldBreakTheEpochOfATryToo() {
    try (LocalBlobStore store = LocalBlobStore.builder(folder).config(SMALL).open()) {
      try (Epoch epoch = store.beginEpoch()) {
        assertThatThrownBy(() -> epoch.tryPut(new BlobId(0, 2), gone(5000)))
            .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(epoch::commit)
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("broken");
      }
      assertUnharmed(store);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5000, 200_000, 1 << 20, 3 << 20})
  void shouldNotTakeABufferFromThePoolWhenReadInto(int bytes) {
    try (LocalBlobStore store = LocalBlobStore.builder(folder).config(SMALL).open()) {
      BlobId id = new BlobId(0, 1);
      try (Epoch epoch = store.beginEpoch()) {
        epoch.put(id, value(1, bytes));
        long _ = epoch.commit();
      }
      assertThatThrownBy(() -> store.get(id, gone(bytes)))
          .isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> store.get(id, 0, bytes, gone(bytes)))
          .isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> store.getAsync(id, gone(bytes)).join())
          .isInstanceOfAny(IllegalStateException.class, CompletionException.class);
      assertUnharmed(store);
    }
  }

  private static void assertUnharmed(LocalBlobStore store) {
    assertThat(store.stats().poolFreeBytes()).isEqualTo(store.stats().poolBytes());
    assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
  }
}
