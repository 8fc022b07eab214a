package io.ashlar.store.space;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.background.Governors;
import io.ashlar.store.disk.DiskEvent;
import io.ashlar.store.disk.GuardedDisk;
import io.ashlar.store.disk.InjectedFailure;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.metrics.StoreCounters;
import io.ashlar.uring.Errno;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BlockSpaceTest {

  private static final long FILE_BLOCKS = 1000;
  private static final long STEP_BLOCKS = 16;
  private static final int PIECE = 256 << 10;

  private final SimulatedDisk disk = new SimulatedDisk();
  private final StoreCounters counters = new StoreCounters();
  private final Poison poison = new Poison();
  private final ExtentAllocator allocator = new ExtentAllocator();
  private final DataFile file;
  private final BlockSpace space;
  private long holeStart;
  private long holeBlocks;

  BlockSpaceTest() {
    disk.truncate(Blocks.offset(FILE_BLOCKS));
    allocator.addFree(0, FILE_BLOCKS);
    GuardedDisk guarded = new GuardedDisk(disk, poison, counters);
    file = new DataFile(guarded, Runnable::run, Governors.unpaced(), STEP_BLOCKS, FILE_BLOCKS, 0);
    space = new BlockSpace(allocator, file, poison, 20);
    space.noteGroup(1 << 20); // so long that its record's share is nothing
  }

  @AfterEach
  void close() {
    file.close();
    disk.close();
  }

  private void assertAccounted(long usedBlocks) {
    assertThat(space.freeBlocks() + space.pendingBlocks() + space.heldBlocks() + space.holeBlocks())
        .isEqualTo(space.fileBlocks() - usedBlocks);
  }

  @Test
  void shouldCutFreeSpaceAtTheEndButForTheRoomToGrowAhead() {
    long used = space.allocate(100);
    long end = space.beginCut(1);
    assertThat(used).isZero();
    assertThat(end).isEqualTo(file.lengthAhead(100)).isLessThan(150);
    file.cut(end);
    assertThat(disk.size()).isEqualTo(Blocks.offset(end));
    assertAccounted(100);
    space.growAhead();
    assertThat(disk.size()).as("it does not grow at once").isEqualTo(Blocks.offset(end));
    assertThat(space.beginCut(1)).as("nothing more to gain").isEqualTo(-1);
  }

  @Test
  void shouldNotCutBelowWhatWaitsForAMark() {
    long _ = space.allocate(100);
    long top = space.allocate(400);
    space.freeAfter(7, top, 400);
    assertThat(space.beginCut(1)).isEqualTo(file.lengthAhead(500));
    file.cut(space.fileBlocks());
    space.markDurable(6);
    assertThat(space.beginCut(1)).isEqualTo(-1);
    space.markDurable(7);
    assertThat(space.beginCut(1)).isEqualTo(file.lengthAhead(100));
    file.cut(space.fileBlocks());
    assertAccounted(100);
  }

  @Test
  void shouldLeaveWhatIndexCheckpointsMayNeed() {
    long _ = space.allocate(100);
    space.reserve(300);
    long end = space.beginCut(1);
    assertThat(end).isEqualTo(400);
    file.cut(end);
    assertThat(space.allocate(10)).as("puts leave it, so the file grows").isPositive();
    assertThat(space.fileBlocks()).isGreaterThan(400);
  }

  @Test
  void shouldGrowAgainOverZeroesAfterACut() {
    long _ = space.allocate(100);
    file.cut(space.beginCut(1));
    long before = counters.bytesGrown.sum();
    long start = space.allocate(500);
    assertThat(start).isEqualTo(100);
    assertThat(counters.bytesGrown.sum() - before).isPositive();
    assertAccounted(600);
    assertThat(disk.size()).isEqualTo(Blocks.offset(space.fileBlocks()));
  }

  @Test
  void shouldGoOnWhenTheFileCannotBeCut() {
    long _ = space.allocate(100);
    disk.failNext(InjectedFailure.Kind.TRUNCATE, Errno.EIO);
    long end = space.beginCut(1);
    assertThat(org.assertj.core.api.Assertions.catchThrowable(() -> file.cut(end))).isNotNull();
    assertThat(space.fileBlocks()).isEqualTo(end);
    assertThat(space.allocate(300)).isEqualTo(100);
    assertAccounted(400);
    assertThat(poison.isSet()).isFalse();
  }

  private boolean punch(long leastBlocks) {
    boolean taken =
        space.takeForHole(
            leastBlocks,
            (start, blocks) -> {
              holeStart = start;
              holeBlocks = blocks;
            });
    if (taken) {
      assertAccounted(100);
      disk.punchHole(Blocks.offset(holeStart), Blocks.offset(holeBlocks));
      space.addHole(holeStart, holeBlocks);
    }
    return taken;
  }

  @Test
  void shouldPunchOnlyWhatIsMoreThanTheFileMayKeepFree() {
    long _ = space.allocate(100);
    assertThat(punch(10)).isTrue();
    assertThat(space.freeBlocks()).isEqualTo(FILE_BLOCKS / 5);
    assertThat(space.holeBlocks()).isEqualTo(FILE_BLOCKS - 100 - FILE_BLOCKS / 5);
    assertAccounted(100);
    assertThat(punch(10)).isFalse();
  }

  @Test
  void shouldFillAHoleWithZeroesAndSyncBeforeItIsAllocated() {
    long _ = space.allocate(100);
    assertThat(punch(10)).isTrue();
    long hole = holeStart;
    long left = space.freeBlocks();
    assertThat(space.allocateFree(left, left)).as("all that is free").isNotNegative();
    assertThat(space.allocateFree(1, 1)).as("a hole is not free").isEqualTo(-1);
    int before = disk.events().size();
    long start = space.allocate(20);
    assertThat(start).isBetween(hole, hole + holeBlocks - 20);
    assertThat(space.fileBlocks()).as("it did not grow").isEqualTo(FILE_BLOCKS);
    List<DiskEvent> events = disk.events().subList(before, disk.events().size());
    assertThat(events.getFirst()).isInstanceOf(DiskEvent.Allocate.class);
    DiskEvent.Write zeroes = writesIn(events).getFirst();
    assertThat(zeroes.offset()).isEqualTo(Blocks.offset(hole));
    assertThat(zeroes.bytes()).containsOnly(0);
    assertThat(zeroes.bytes().length).isGreaterThanOrEqualTo((int) Blocks.offset(20));
    assertThat(events.subList(events.indexOf(zeroes), events.size()))
        .anyMatch(DiskEvent.Sync.class::isInstance);
    assertAccounted(100 + left + 20);
  }

  private static List<DiskEvent.Write> writesIn(List<DiskEvent> events) {
    return events.stream()
        .filter(DiskEvent.Write.class::isInstance)
        .map(DiskEvent.Write.class::cast)
        .toList();
  }

  private List<DiskEvent> eventsOfGrowth() {
    long _ = space.allocate(FILE_BLOCKS);
    int before = disk.events().size();
    assertThat(space.allocate(200)).isEqualTo(FILE_BLOCKS);
    assertThat(disk.size()).isEqualTo(Blocks.offset(space.fileBlocks()));
    return disk.events().subList(before, disk.events().size());
  }

  @Test
  void shouldChangeTheLengthOnceAndThenWriteShortPieces() {
    List<DiskEvent> events = eventsOfGrowth();
    assertThat(events.getFirst())
        .isEqualTo(
            new DiskEvent.Allocate(
                ((DiskEvent.Allocate) events.getFirst()).id(),
                Blocks.offset(FILE_BLOCKS),
                Blocks.offset(space.fileBlocks() - FILE_BLOCKS)));
    assertThat(events.stream().filter(DiskEvent.Allocate.class::isInstance)).hasSize(1);
    List<DiskEvent.Write> writes = writesIn(events);
    assertThat(writes).hasSizeGreaterThan(1);
    long at = Blocks.offset(FILE_BLOCKS);
    for (DiskEvent.Write write : writes) {
      assertThat(write.offset()).isEqualTo(at);
      assertThat(write.bytes().length).isLessThanOrEqualTo(PIECE);
      assertThat(write.bytes()).containsOnly(0);
      at += write.bytes().length;
    }
    assertThat(at).isEqualTo(disk.size());
    int lastWrite = events.indexOf(writes.getLast());
    assertThat(events.subList(lastWrite, events.size()))
        .as("L29: synced")
        .anyMatch(DiskEvent.Sync.class::isInstance);
  }

  @ParameterizedTest
  @ValueSource(ints = {Errno.EOPNOTSUPP, Errno.ENOSYS})
  void shouldLengthenTheFileByZeroesWhereItsSystemCannotAllocate(int errno) {
    disk.failNext(InjectedFailure.Kind.ALLOCATE, errno);
    List<DiskEvent> events = eventsOfGrowth();
    assertThat(writesIn(events)).hasSize(1);
    assertThat(writesIn(events).getFirst().bytes().length).isGreaterThan(PIECE);
    long _ = space.allocate(200);
    assertThat(disk.count(InjectedFailure.Kind.ALLOCATE)).as("asked once").isOne();
  }

  @ParameterizedTest
  @ValueSource(ints = {Errno.ENOSPC, Errno.EDQUOT, Errno.EFBIG, Errno.EIO})
  void shouldCutOffWhatAFailedAllocationHasLeft(int errno) {
    long _ = space.allocate(FILE_BLOCKS);
    disk.fail(
        new InjectedFailure(
            EnumSet.of(InjectedFailure.Kind.ALLOCATE), 0, errno, false, Blocks.offset(7)));
    assertThat(space.allocate(20)).isEqualTo(-1);
    assertThat(space.growthFailure()).isNotNull();
    assertThat(disk.size()).isEqualTo(Blocks.offset(FILE_BLOCKS));
    assertThat(poison.isSet()).isFalse();
    assertThat(space.allocate(20)).as("the next time it goes well").isEqualTo(FILE_BLOCKS);
    assertAccounted(FILE_BLOCKS + 20);
  }

  @Test
  void shouldPoisonWhenTheSyncOfAnAllocationFails() {
    long _ = space.allocate(FILE_BLOCKS);
    disk.failNext(InjectedFailure.Kind.SYNC, Errno.EIO);
    file.grow(0);
    assertThat(poison.isSet()).isTrue();
    assertThat(writesIn(disk.events())).as("L24").isEmpty();
  }

  @Test
  void shouldKeepAHoleThatCannotBeFilled() {
    long _ = space.allocate(100);
    assertThat(punch(10)).isTrue();
    long holes = space.holeBlocks();
    long left = space.freeBlocks();
    long _ = space.allocateFree(left, left);
    disk.failNext(InjectedFailure.Kind.WRITE, Errno.ENOSPC);
    assertThat(space.allocate(20)).isEqualTo(-1);
    assertThat(space.growthFailure()).isNotNull();
    assertThat(space.holeBlocks()).isEqualTo(holes);
    assertThat(disk.size()).isEqualTo(Blocks.offset(FILE_BLOCKS));
    assertThat(space.allocate(20)).as("the next time it goes well").isNotNegative();
    assertAccounted(100 + left + 20);
  }

  @Test
  void shouldCutHolesAtTheEnd() {
    long _ = space.allocate(100);
    assertThat(punch(10)).isTrue();
    long end = space.beginCut(1);
    assertThat(end).isEqualTo(file.lengthAhead(100));
    file.cut(end);
    assertAccounted(100);
    assertThat(space.holeBlocks()).isLessThanOrEqualTo(end - 100);
  }

  @Test
  void shouldGrowAheadOnlyWhileNoMoreThanTheShareIsFree() {
    long _ = space.allocate(FILE_BLOCKS);
    space.free(0, 210);
    space.outOfHoles();
    space.takeGrown();
    assertThat(space.fileBlocks()).as("21 in a hundred are free").isEqualTo(FILE_BLOCKS);
    long _ = space.allocate(20);
    space.outOfHoles();
    space.takeGrown();
    assertThat(space.fileBlocks()).as("19 are").isEqualTo(FILE_BLOCKS + 32);
    assertThat((double) space.fileBlocks() / (FILE_BLOCKS - 190)).isLessThan(1.0625 / 0.8);
  }

  @Test
  void shouldAllocateOnlyBelowALimit() {
    long _ = space.allocate(FILE_BLOCKS);
    space.free(50, 10);
    space.free(100, 30);
    assertThat(space.allocateBelow(20, 129)).as("its first 20 blocks end at 120").isEqualTo(100);
    assertThat(space.allocateBelow(20, 129)).isEqualTo(-1);
    assertThat(space.allocateBelow(5, 40, 59))
        .as("all of the lower hole is too long")
        .isEqualTo(-1);
    assertThat(space.allocateBelow(5, 40, 60)).isEqualTo(50);
    assertThat(space.allocatedBlocks()).isEqualTo(10);
    assertThat(space.freeBlocks()).isEqualTo(10);
  }
}
