package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.StoreException;
import io.ashlar.store.disk.BlockImage;
import io.ashlar.store.disk.InjectedFailure;
import io.ashlar.store.disk.InjectedFailure.Kind;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.store.format.Blocks;
import io.ashlar.uring.Errno;
import io.ashlar.uring.NativeException;
import io.ashlar.uring.NativeMemory;
import java.util.EnumSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** An open that fails leaves nothing behind: no native memory, and nothing of the store changed. */
class OpenFailureTest {

  private static final long SEED = Long.getLong("test.seed", 20_261_121);

  private static BlockImage store(StoreLife.History history) {
    SimulatedDisk disk = new SimulatedDisk();
    try (StoreLife.Opened opened = StoreLife.openOn(disk, SEED)) {
      StoreLife.over(disk, history, opened, SEED).run(80);
    }
    return disk.image();
  }

  @Test
  void shouldFreeItsMemoryWhateverReadWriteOrSyncFails() {
    StoreLife.History history = new StoreLife.History();
    BlockImage image = store(history);
    long before = NativeMemory.mappedBytes();
    int refused = 0;
    for (Kind kind : EnumSet.of(Kind.READ, Kind.WRITE, Kind.SYNC)) {
      boolean failed = true;
      for (int index = 0; failed; index++) {
        SimulatedDisk disk = SimulatedDisk.of(image);
        // An unreadable block is no more than damage; a device that is gone ends the open.
        disk.fail(InjectedFailure.once(kind, index, kind == Kind.READ ? Errno.ENODEV : Errno.EIO));
        try (StoreLife.Opened opened = StoreLife.openOn(disk, SEED)) {
          failed = false;
          assertThat(opened.store().recoveryReport().lastEpoch())
              .isEqualTo(history.states.size() - 1L);
        } catch (NativeException | StoreException e) {
          refused++;
        }
        assertThat(NativeMemory.mappedBytes()).as("%s %d", kind, index).isEqualTo(before);
      }
    }
    System.out.println("opens that failed: " + refused + " (-Dtest.seed=" + SEED + ")");
    assertThat(refused).isGreaterThan(5);
  }

  @Test
  @Tag("campaign")
  void shouldFreeItsMemoryWhateverBlockIsDamaged() {
    BlockImage image = store(new StoreLife.History());
    long before = NativeMemory.mappedBytes();
    int refused = 0;
    for (long block = 0; block < image.size() / Blocks.BYTES; block++) {
      BlockImage damaged = image.copy();
      damaged.zero(Blocks.offset(block), Blocks.BYTES);
      damaged.zero(Blocks.offset(1), Blocks.BYTES); // one superblock copy, so no fall back
      try (StoreLife.Opened opened = StoreLife.openOn(SimulatedDisk.of(damaged), SEED)) {
        assertThat(opened.store().stats().failed()).isFalse();
      } catch (StoreException e) {
        refused++;
      }
      assertThat(NativeMemory.mappedBytes()).as("block %d", block).isEqualTo(before);
    }
    assertThat(refused).as("the superblock and the index checkpoint").isGreaterThan(1);
  }

  @Test
  void shouldFreeItsMemoryWhenTheRingCannotBeOpened() {
    BlockImage image = store(new StoreLife.History());
    long before = NativeMemory.mappedBytes();
    SimulatedDisk disk = SimulatedDisk.of(image);
    disk.refuseQueues(Errno.ENOMEM);
    assertThatThrownBy(() -> StoreLife.openOn(disk, SEED))
        .isInstanceOf(NativeException.class)
        .hasMessageContaining("ENOMEM");
    assertThat(NativeMemory.mappedBytes()).isEqualTo(before);
  }
}
