package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.disk.BlockImage;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.Superblock;
import io.ashlar.store.format.SuperblockFormat;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Damage to the newest superblock or index checkpoint: the generation before must do. */
class CheckpointDamageTest {

  private static final long SEED = Long.getLong("test.seed", 20_261_120);

  private final StoreLife.History history = new StoreLife.History();
  private BlockImage image = new BlockImage();

  @BeforeEach
  void liveThroughSeveralCheckpoints() {
    SimulatedDisk disk = new SimulatedDisk();
    try (StoreLife.Opened opened = StoreLife.openOn(disk, SEED)) {
      StoreLife.over(disk, history, opened, SEED).run(80);
    }
    image = disk.image();
    assertThat(superblock(0).checkpoint().start()).isPositive();
    assertThat(superblock(1).checkpoint().start()).isPositive();
    assertThat(superblock(0).generation()).isNotEqualTo(superblock(1).generation());
  }

  private Superblock superblock(int copy) {
    byte[] bytes =
        Arrays.copyOfRange(image.bytes(), copy * Blocks.BYTES, (copy + 1) * Blocks.BYTES);
    Superblock superblock = SuperblockFormat.decode(MemorySegment.ofArray(bytes), copy);
    assertThat(superblock).isNotNull();
    return java.util.Objects.requireNonNull(superblock);
  }

  private void expectEverything(BlockImage damaged) {
    SimulatedDisk disk = SimulatedDisk.of(damaged);
    StoreLife.History past = history.upTo(history.states.size() - 1L);
    for (int open = 0; open < 3; open++) {
      try (StoreLife.Opened opened = StoreLife.openOn(disk, SEED + open)) {
        assertThat(opened.store().recoveryReport().lastEpoch()).isEqualTo(past.states.size() - 1L);
        assertThat(StoreLife.difference(opened.store(), past.states.getLast())).isNull();
        StoreLife.over(disk, past, opened, SEED + open).run(10);
        assertThat(StoreLife.difference(opened.store(), past.states.getLast())).isNull();
      }
      disk = SimulatedDisk.of(disk.image());
    }
  }

  @Test
  void shouldBoundTheReplayByTheCheckpoint() {
    try (StoreLife.Opened opened = StoreLife.openOn(SimulatedDisk.of(image), SEED)) {
      assertThat(opened.store().recoveryReport().checkpointEntries()).isPositive();
      assertThat(opened.store().recoveryReport().replayedRecords())
          .isLessThan(opened.store().recoveryReport().lastSequence() / 2);
    }
  }

  @Test
  void shouldOpenFromTheOtherSuperblockCopyWhenOneIsDamaged() {
    for (int copy = 0; copy < 2; copy++) {
      BlockImage damaged = image.copy();
      damaged.flipBit(Blocks.offset(copy) + 100, 3);
      expectEverything(damaged);
    }
  }

  @Test
  void shouldFallBackToTheCheckpointBeforeADamagedOne() {
    for (int copy = 0; copy < 2; copy++) {
      BlockImage damaged = image.copy();
      damaged.flipBit(Blocks.offset(superblock(copy).checkpoint().start()) + 80, 1);
      expectEverything(damaged);
    }
  }

  @Test
  void shouldRefuseWhenBothCheckpointsAreDamaged() {
    BlockImage damaged = image.copy();
    for (int copy = 0; copy < 2; copy++) {
      damaged.flipBit(Blocks.offset(superblock(copy).checkpoint().start()) + 80, 1);
    }
    assertThatThrownBy(() -> StoreLife.openOn(SimulatedDisk.of(damaged), SEED))
        .isInstanceOf(CorruptionException.class)
        .hasMessageContaining("index checkpoint");
  }
}
