package io.ashlar.store.local;

import static io.ashlar.store.local.ScriptedStore.Change.delete;
import static io.ashlar.store.local.ScriptedStore.Change.put;
import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.disk.BlockImage;
import io.ashlar.store.disk.DiskEvent;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.ChecksumView;
import io.ashlar.store.format.LogRecordFields;
import io.ashlar.store.format.LogRecordFormat;
import io.ashlar.store.format.OperationFormat;
import io.ashlar.store.format.Superblock;
import io.ashlar.store.format.SuperblockFormat;
import io.ashlar.store.local.ScriptedStore.BlockImageDamage;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The histories that broke drafts of the protocol, continued: checkpoints and relocation. */
@Tag("campaign")
class CheckpointScenariosTest {

  private static final int FAR = 10;
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static Superblock newest(BlockImage image) {
    Superblock first = Objects.requireNonNull(superblock(image, 0));
    Superblock second = Objects.requireNonNull(superblock(image, 1));
    return first.generation() > second.generation() ? first : second;
  }

  private static @org.jspecify.annotations.Nullable Superblock superblock(
      BlockImage image, int copy) {
    byte[] block = new byte[Blocks.BYTES];
    var _ = image.read(Blocks.offset(copy), MemorySegment.ofArray(block));
    return SuperblockFormat.decode(MemorySegment.ofArray(block), copy);
  }

  private static void damageNewestCheckpoint(BlockImage image) {
    long start = newest(image).checkpoint().start();
    assertThat(start).isPositive();
    image.flipBit(Blocks.offset(start) + 100, 2);
  }

  /** Commits until the log extents at 2 and 10 are full but for one block: 15 blocks of log. */
  private static void fillLogButForOneBlock(ScriptedStore store) {
    for (int id = 0; id < 4; id++) {
      store.commit(put(id, 1));
    }
    for (int id = 4; id < 7; id++) {
      store.commit(put(id, 1));
    }
    store.commit(delete(13));
    assertThat(store.checkpointIsDue()).isFalse();
  }

  @Test
  void shouldKeepTheRestOfALogExtentUntilTheRecordInTheNextOneIsDurable() {
    ScriptedStore store = ScriptedStore.create();
    fillLogButForOneBlock(store);
    store.commit(delete(13)); // the extent is full, and an index checkpoint due
    assertThat(store.checkpointIsDue()).isTrue();
    store.commit(put(7, 1)); // in the third extent, which leaves one block of it at the end
    store.commit(put(8, 1));
    store.commit(put(9, 1));
    store.commit(delete(13));
    long rest = store.lastRecord().offset() + Blocks.BYTES;
    int from = store.disk.events().size();
    store.runCheckpoint();
    store.commit(put(10, 1)); // does not fit into the rest
    assertThat(store.lastRecord().offset()).isNotEqualTo(rest);
    // The checkpoint is durable and the record in the next extent lost: the log goes on in the
    // rest.
    assertThat(store.cutPowerEverywhere(from, BlockImageDamage.NONE)).isPositive(); // L11
    assertThat(store.disk.events().subList(from, store.disk.events().size()))
        .noneMatch(e -> e instanceof DiskEvent.Write write && write.offset() == rest);
    store.close();
  }

  @Test
  void shouldNeverTearTheOnlyGoodSuperblock() {
    for (int damagedCopy = -1; damagedCopy < 2; damagedCopy++) {
      ScriptedStore before = ScriptedStore.create();
      for (int i = 0; i < 40; i++) {
        before.commit(put(i % 12, 1));
      }
      before.close();
      BlockImage image = before.disk.image();
      if (damagedCopy >= 0) {
        image.flipBit(Blocks.offset(damagedCopy) + 40, 3); // the open repairs it (L5)
      }
      ScriptedStore store = ScriptedStore.afterPowerCut(image, before.history, before.lastEpoch());
      for (int flip = 0; flip < 4; flip++) {
        for (int i = 0; !store.checkpointIsDue(); i++) {
          store.commit(put(i % 12, 1));
        }
        // Values that take the place of what the generation before the last has let go.
        store.commit(put(12, FAR));
        store.commit(put(12, FAR));
        int from = store.disk.events().size();
        store.runCheckpoint();
        assertThat(tearFlips(store, from)).isEqualTo(17); // L12
      }
      store.close();
    }
  }

  /** Tears the flip behind this point in every way of one cut or one lost sector. */
  private static int tearFlips(ScriptedStore store, int from) {
    int count = 0;
    List<DiskEvent> events = store.disk.events();
    for (int at = from; at < events.size(); at++) {
      if (events.get(at) instanceof DiskEvent.Write write
          && write.offset() < Blocks.offset(Blocks.FIRST)) {
        for (int cut = 0; cut < 17; cut++) {
          int choice = cut;
          BlockImage torn =
              store.powerCut(
                  at + 1,
                  (change, sector) ->
                      change.equals(write)
                          && (choice <= 8 ? sector < choice : sector != choice - 9));
          ScriptedStore.afterPowerCut(
                  torn, store.history.upTo(store.lastEpoch()), store.lastEpoch())
              .close();
          count++;
        }
      }
    }
    return count;
  }

  @Test
  void shouldNotCountACheckpointAsAMark() {
    ScriptedStore store = ScriptedStore.create();
    fillLogButForOneBlock(store);
    store.group(put(20 % 14, FAR), delete(20 % 14)); // fills the extent: a checkpoint is due
    long extent = store.lastBlob(FAR).offset();
    long covered = store.lastEpoch();
    store.runCheckpoint();
    store.commit(put(12, FAR));
    DiskEvent.Write next = store.lastBlob(FAR);
    BlockImage cut =
        store.powerCut(store.behind(store.lastRecord()), (change, sector) -> change.equals(next));
    assertThat(newest(cut).checkpoint().covered())
        .as("the checkpoint covers the group")
        .isPositive();
    damageNewestCheckpoint(cut);
    // Recovery falls back to the log, and must find the group's own blob where it was (L2).
    ScriptedStore.afterPowerCut(cut, store.history.upTo(covered + 1), covered).close();
    assertThat(next.offset()).isNotEqualTo(extent);
    store.close();
  }

  @Test
  void shouldProtectTheOlderGenerationWhenFreeSpaceIsRebuilt() {
    ScriptedStore first = ScriptedStore.create();
    for (int flip = 0; flip < 2; flip++) {
      for (int i = 0; !first.checkpointIsDue(); i++) {
        // Before the second only records, one behind another, so that they leave long free runs.
        first.commit(flip == 0 ? put(i % 12, 1) : delete(13));
      }
      first.runCheckpoint();
    }
    first.close();
    ScriptedStore second =
        ScriptedStore.afterPowerCut(first.disk.image(), first.history, first.lastEpoch());
    int from = second.disk.events().size();
    // Everything that counts as free is written over, and no other checkpoint is written.
    for (int i = 0; i < 20; i++) {
      second.commit(put(12 + i % 2, i % 3 == 0 ? FAR : 1));
    }
    BlockImage cut = second.powerCut();
    damageNewestCheckpoint(cut);
    ScriptedStore.afterPowerCut(cut, second.history, second.lastEpoch()).close(); // L13
    assertThat(second.cutPowerEverywhere(from, CheckpointScenariosTest::damageNewestCheckpoint))
        .isPositive();
    second.close();
  }

  @Test
  void shouldDoNothingForARelocationLoggedBehindAPutOfTheSameId() {
    ScriptedStore store = ScriptedStore.create();
    store.commit(put(1, FAR));
    long oldBlock = store.lastBlob(FAR).offset() / Blocks.BYTES;
    long oldVersion = store.store().stats().sequence();
    store.commit(put(1, FAR)); // concurrent with the vacuum that copied the old value
    DiskEvent.Write last = store.lastRecord();
    BlockImage image = store.disk.image();
    appendRelocation(image, last, oldVersion, oldBlock, 50);
    // The new value stays, and the relocation's target is free (L16).
    ScriptedStore next = ScriptedStore.afterPowerCut(image, relocated(store), 3);
    assertThat(StoreLife.difference(next.store(), store.history.states.getLast())).isNull();
    next.close();
    store.close();
  }

  /** Returns the history with one epoch more, which changed nothing. */
  private static StoreLife.History relocated(ScriptedStore store) {
    StoreLife.History history = store.history.upTo(store.lastEpoch());
    history.states.add(history.states.getLast());
    history.groupEnds.add(history.states.size() - 1L);
    return history;
  }

  /** Appends a record that moves blob 1 of a version from one block to another. */
  private static void appendRelocation(
      BlockImage image, DiskEvent.Write last, long version, long oldBlock, long newBlock) {
    MemorySegment before = MemorySegment.ofArray(last.bytes());
    long block = (last.offset() + last.bytes().length) / Blocks.BYTES;
    byte[] bytes = new byte[Blocks.BYTES];
    MemorySegment record = MemorySegment.ofArray(bytes);
    LogRecordFormat.epoch(record, 0, 1, 0);
    long operation = LogRecordFormat.recordBytes(1, 0);
    OperationFormat.delete(record, operation, StoreLife.id(1).high(), StoreLife.id(1).low());
    record.set(ValueLayout.JAVA_BYTE, operation, (byte) OperationFormat.RELOCATE);
    record.set(LONG, operation + 24, version);
    record.set(LONG, operation + 32, oldBlock);
    record.set(LONG, operation + 40, newBlock);
    var _ =
        LogRecordFormat.seal(
            new ChecksumView(record),
            LogRecordFields.storeId(before),
            LogRecordFields.incarnation(before),
            LogRecordFormat.sequence(before) + 1,
            LogRecordFormat.sequence(before),
            block,
            LogRecordFields.firstEpoch(before) + 1,
            1,
            1,
            LogRecordFormat.recordBytes(1, OperationFormat.bytes(OperationFormat.RELOCATE)),
            0,
            LogRecordFields.chain(before),
            LogRecordFormat.nextStart(before),
            LogRecordFormat.nextBlocks(before),
            0);
    image.write(Blocks.offset(block), bytes, 0, bytes.length);
  }
}
