package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BackPressureTimeoutException;
import io.ashlar.store.BlobId;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.StoreFailedException;
import io.ashlar.store.disk.InjectedFailure;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.uring.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** L26: what open epochs hold of the data file is bounded, and counted right however they end. */
@Timeout(60)
class HeldQuotaTest {

  private static final long STREAMED_BYTES = 3 << 20;
  private static final StoreConfig CONFIG =
      StoreConfig.DEFAULTS
          .withPoolBytes(4 << 20)
          .withHeldBytesMax(7 << 20) // two such values with their checksum tables
          .withBackPressureTimeoutMs(1);

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment value = arena.allocate(STREAMED_BYTES, 4096);
  private final SimulatedDisk disk = new SimulatedDisk();
  private final DataFileStore store = StoreLife.openOn(disk, CONFIG, 1).store();

  @AfterEach
  void end() {
    store.close();
    arena.close();
  }

  private static BlobId id(int number) {
    return new BlobId(3, number);
  }

  private void stream(Epoch epoch, int number) {
    assertThat(STREAMED_BYTES).isGreaterThan(store.claimBytesMax());
    epoch.put(id(number), value);
  }

  private void assertAllIsFree() {
    try (Epoch epoch = store.beginEpoch()) {
      stream(epoch, 100);
      stream(epoch, 101);
    }
  }

  @Test
  void shouldLetNoStreamHoldWhatOthersLeaveNoRoomFor() {
    try (Epoch first = store.beginEpoch();
        Epoch second = store.beginEpoch()) {
      stream(first, 0);
      stream(first, 1);
      assertThatThrownBy(() -> stream(second, 2))
          .isInstanceOf(BackPressureTimeoutException.class)
          .hasMessageContaining("heldBytesMax=7340032")
          .hasMessageContaining("commit or close them");
      second.put(id(3), MemorySegment.ofArray(new byte[] {1})); // holds nothing
      long _ = second.commit();
      long _ = first.commit();
    }
    assertThat(store.contains(id(0))).isTrue();
    assertThat(store.contains(id(1))).isTrue();
    assertThat(store.contains(id(2))).isFalse();
    assertThat(store.contains(id(3))).isTrue();
    assertAllIsFree();
  }

  @Test
  void shouldRefuseAnEpochThatAloneWouldHoldTooMuch() {
    try (Epoch epoch = store.beginEpoch()) {
      stream(epoch, 0);
      stream(epoch, 1);
      assertThatThrownBy(() -> stream(epoch, 2))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("heldBytesMax=7340032");
      long _ = epoch.commit(); // it is as it was
    }
    assertThat(store.contains(id(1))).isTrue();
    assertThat(store.contains(id(2))).isFalse();
    assertAllIsFree();
  }

  @Test
  void shouldCountNothingThatHasEnded() {
    for (int round = 0; round < 3; round++) {
      try (Epoch epoch = store.beginEpoch()) {
        stream(epoch, 0); // given up
      }
      try (Epoch epoch = store.beginEpoch()) {
        stream(epoch, 1);
        var durable = epoch.commitAsync();
        long _ = store.doWork();
        assertThat(durable).isCompleted();
      }
      disk.fail(InjectedFailure.change(disk.changeCount() + 1, Errno.EIO, false));
      try (Epoch epoch = store.beginEpoch()) {
        assertThatThrownBy(() -> stream(epoch, 2)).isInstanceOf(StoreException.class);
      }
      assertAllIsFree();
    }
  }

  /** L24: what was held for a stream counts once, also where what it must write first fails. */
  @Test
  void shouldCountOnceWhatAStreamHeldThatCouldNotBegin() {
    try (Epoch other = store.beginEpoch();
        Epoch epoch = store.beginEpoch()) {
      other.claim(id(0), store.claimBytesMax()); // the only buffer that long
      epoch.put(id(1), MemorySegment.ofArray(new byte[5000])); // to be written ahead
      disk.fail(InjectedFailure.change(disk.changeCount(), Errno.EIO, false));
      assertThatThrownBy(() -> stream(epoch, 2))
          .isInstanceOf(StoreFailedException.class)
          .hasMessageContaining("could not be written ahead");
    }
    assertAllIsFree();
  }
}
