package io.ashlar.store.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.disk.InjectedFailure.Kind;
import io.ashlar.uring.Errno;
import io.ashlar.uring.NativeException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class SimulatedDiskTest {
  private static final int BLOCK = Disk.BLOCK_BYTES;

  private final Arena arena = Arena.ofAuto();
  private final SimulatedDisk disk = new SimulatedDisk();

  @Test
  void shouldReopenWithTheImageLeft() {
    disk.write(block(1), 0);
    disk.write(block(2), 5 * BLOCK);
    SimulatedDisk reopened = SimulatedDisk.of(disk.image());
    assertThat(reopened.size()).isEqualTo(6 * BLOCK);
    assertThat(reopened.image().get(5 * BLOCK)).isEqualTo((byte) 2);
    reopened.write(block(3), 0);
    assertThat(disk.image().get(0)).isEqualTo((byte) 1);
  }

  @Test
  void shouldRefuseWhatDirectIoRefuses() {
    MemorySegment odd = arena.allocate(2 * BLOCK, BLOCK).asSlice(512, BLOCK);
    for (Runnable misuse :
        List.<Runnable>of(
            () -> disk.write(block(1), 512),
            () -> disk.write(block(1).asSlice(0, 512), 0),
            () -> disk.write(odd, 0),
            () -> disk.read(odd, 0))) {
      assertErrno(Errno.EINVAL, misuse);
    }
    assertThat(disk.size()).isZero();
  }

  @Test
  void shouldFailOnceOrForeverAtTheOperationAskedFor() {
    disk.fail(InjectedFailure.once(Kind.WRITE, 1, Errno.EIO));
    disk.fail(InjectedFailure.forever(Kind.SYNC, 1, Errno.EIO));
    disk.write(block(1), 0);
    assertErrno(Errno.EIO, () -> disk.write(block(2), 0));
    assertThat(disk.image().get(0)).isEqualTo((byte) 1);
    disk.write(block(3), 0);
    disk.sync();
    assertErrno(Errno.EIO, disk::sync);
    assertErrno(Errno.EIO, disk::syncAll);
    disk.heal();
    disk.sync();
    disk.failNext(Kind.READ, Errno.EIO);
    assertErrno(Errno.EIO, () -> disk.read(block(0), 0));
    assertThat(disk.read(block(0), 0)).isEqualTo(BLOCK);
    assertThat(disk.count(Kind.SYNC)).isEqualTo(4);
    assertThat(disk.changeCount()).isEqualTo(7);
    disk.fail(InjectedFailure.change(7, Errno.EDQUOT, true));
    assertErrno(Errno.EDQUOT, () -> disk.truncate(0));
    assertErrno(Errno.EDQUOT, () -> disk.punchHole(0, BLOCK));
  }

  @Test
  void shouldLeaveAPartOfAShortWrite() {
    disk.fail(InjectedFailure.shortWrite(0, Errno.ENOSPC, 512));
    assertErrno(Errno.ENOSPC, () -> disk.write(block(7), 0));
    assertThat(disk.size()).isEqualTo(512);
    assertThat(disk.image().get(511)).isEqualTo((byte) 7);
  }

  @Test
  void shouldCallAHoleWhatWasAllocatedAndNeverWritten() {
    disk.write(block(1), 0);
    disk.makeUnallocated(2);
    disk.allocate(0, 5 * BLOCK);
    disk.write(block(2), 3 * BLOCK);
    assertThat(holes(disk)).containsExactly("1+2", "4+1");
    disk.setFull(true);
    disk.write(block(3), 2 * BLOCK);
    assertThat(holes(disk)).as("its space was given").containsExactly("1+1", "4+1");
    SimulatedDisk killed = SimulatedDisk.afterKill(disk, disk.events().size());
    assertThat(holes(killed)).containsExactly("1+1", "4+1");
    disk.truncate(4 * BLOCK);
    assertThat(holes(disk)).containsExactly("1+1");
  }

  private static List<String> holes(SimulatedDisk disk) {
    List<String> holes = new ArrayList<>();
    disk.forEachHole((offset, bytes) -> holes.add(offset / BLOCK + "+" + bytes / BLOCK));
    return holes;
  }

  @Test
  void shouldAllocateAPartBeforeItFails() {
    disk.fail(new InjectedFailure(EnumSet.of(Kind.ALLOCATE), 0, Errno.ENOSPC, false, 2 * BLOCK));
    assertErrno(Errno.ENOSPC, () -> disk.allocate(0, 5 * BLOCK));
    assertThat(disk.size()).isEqualTo(2 * BLOCK);
    disk.limitSize(4 * BLOCK);
    assertErrno(Errno.ENOSPC, () -> disk.allocate(0, 5 * BLOCK));
    disk.allocate(0, 4 * BLOCK);
    disk.makeUnallocated(1);
    disk.setFull(true);
    assertErrno(Errno.ENOSPC, () -> disk.allocate(0, 4 * BLOCK));
  }

  @Test
  void shouldRunOutOfSpaceAtTheLimit() {
    disk.limitSize(2 * BLOCK);
    disk.write(block(1), BLOCK);
    assertErrno(Errno.ENOSPC, () -> disk.write(block(1), 2 * BLOCK));
    assertErrno(Errno.ENOSPC, () -> disk.truncate(3 * BLOCK));
    disk.write(block(2), 0);
  }

  @Test
  void shouldDeliverFailuresOfAQueue() {
    try (DiskQueue queue = disk.openQueue(4)) {
      disk.failNext(Kind.WRITE, Errno.EIO);
      queue.submitWrite(Sources.of(block(1)), 0, false, 11);
      queue.submitWrite(Sources.of(block(2)), 0, false, 12);
      List<String> done = new ArrayList<>();
      int count =
          queue.poll((token, failure, bytes) ->
              done.add(token + " " + (failure == null ? "ok" : failure.errno()) + " " + bytes));
      assertThat(count).isEqualTo(2);
      assertThat(done).containsExactly("11 5 0", "12 ok 4096");
    }
  }

  @Test
  void shouldShuffleCompletionsFromASeed() {
    assertThat(deliveries(5)).isEqualTo(deliveries(5)).isNotEqualTo(deliveries(6));
    assertThat(deliveries(5)).containsExactlyInAnyOrderElementsOf(deliveries(6));
  }

  private List<Long> deliveries(long seed) {
    List<Long> tokens = new ArrayList<>();
    SimulatedDisk shuffled = new SimulatedDisk();
    shuffled.shuffleCompletions(seed);
    try (DiskQueue queue = shuffled.openQueue(16)) {
      for (int i = 0; i < 16; i++) {
        queue.submitWrite(Sources.of(block(i)), (long) i * BLOCK, false, i);
      }
      queue.poll((token, failure, bytes) -> tokens.add(token));
    }
    return tokens;
  }

  @Test
  void shouldRecordWhatHappened() {
    disk.write(block(1), 0);
    disk.sync();
    disk.mark("acknowledged");
    assertThat(disk.events().toString())
        .isEqualTo(
            "[Write[id=0, offset=0, length=4096, durable=false], Completed[id=0],"
                + " Sync[id=1, all=false], Completed[id=1], Mark[value=acknowledged]]");
  }

  @Test
  void shouldDamageImages() {
    BlockImage before = disk.image();
    disk.write(block(1), 0);
    disk.write(block(2), BLOCK);
    BlockImage image = disk.image();
    image.flipBit(10, 3);
    assertThat(image.get(10)).isEqualTo((byte) (1 ^ 8));
    image.swapBlocks(0, 1);
    assertThat(image.get(0)).isEqualTo((byte) 2);
    image = disk.image();
    image.misdirect(0, 1, before);
    assertThat(image.get(0)).isZero();
    assertThat(image.get(BLOCK)).isEqualTo((byte) 1);
    image.makeStale(1, disk.image());
    assertThat(image.get(BLOCK)).isEqualTo((byte) 2);
    assertThat(image.differences(disk.image())).containsExactly(0);
    assertThat(disk.image()).isEqualTo(disk.image()).isNotEqualTo(image);
    assertThat(BlockImage.of(disk.image().bytes())).isEqualTo(disk.image());
  }

  private static void assertErrno(int errno, Runnable operation) {
    assertThatThrownBy(operation::run)
        .isInstanceOfSatisfying(
            NativeException.class, failure -> assertThat(failure.errno()).isEqualTo(errno));
  }

  private MemorySegment block(int value) {
    MemorySegment block = arena.allocate(BLOCK, BLOCK);
    block.fill((byte) value);
    assertThat(block.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) value);
    return block;
  }
}
