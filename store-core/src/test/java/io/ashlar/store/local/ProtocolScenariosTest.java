package io.ashlar.store.local;

import static io.ashlar.store.local.ScriptedStore.Change.delete;
import static io.ashlar.store.local.ScriptedStore.Change.put;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.Epoch;
import io.ashlar.store.StorageFullException;
import io.ashlar.store.disk.BlockImage;
import io.ashlar.store.disk.DiskEvent;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.store.format.LogRecordFormat;
import io.ashlar.store.local.ScriptedStore.BlockImageDamage;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The histories that broke drafts of the commit protocol, one test each: those of the log, of
 * reuse, and of the open. {@link CheckpointScenariosTest} has those of index checkpoints, {@link
 * PlantedScenarioBugsTest} shows that each fails when its rule is broken.
 */
class ProtocolScenariosTest {

  /** Longer than any log extent of so small a store: such a value is placed elsewhere. */
  private static final int FAR = 10;

  /** Blocks of a value that is written ahead once more is put behind it. */
  private static final int AHEAD = 9;

  @Test
  void shouldKeepAGroupThatPutAndDeletedOneIdThroughTwoPowerCuts() {
    ScriptedStore first = ScriptedStore.create();
    first.group(put(1, FAR), delete(1));
    long extent = first.lastBlob(FAR).offset();
    ScriptedStore second = ScriptedStore.afterPowerCut(first.powerCut(), first.history, 2);
    // Opening has freed the blob that nothing refers to, though no later record marks its own.
    second.commit(put(2, FAR));
    DiskEvent.Write reused = second.lastBlob(FAR);
    assertThat(reused.offset()).isEqualTo(extent);
    BlockImage cut =
        second.powerCut(
            second.behind(second.lastRecord()), (change, sector) -> change.equals(reused));
    // Without the fence's mark the first group's blob would be looked for, and the group dropped.
    ScriptedStore.afterPowerCut(cut, second.history, 2).close(); // L3, L5
    second.close();
    assertThat(second.cutPowerEverywhere(0, BlockImageDamage.NONE)).isPositive();
  }

  @Test
  void shouldNotReuseAnExtentBeforeAMarkCoversTheRecordThatFreedIt() {
    ScriptedStore store = ScriptedStore.create();
    store.group(put(1, FAR), delete(1));
    long extent = store.lastBlob(FAR).offset();
    // The record that freed the extent is durable. Reachable it is only by its own blobs' being
    // whole, until a mark says so: one of them is what would be written over here.
    store.commit(put(2, FAR));
    DiskEvent.Write next = store.lastBlob(FAR);
    BlockImage cut =
        store.powerCut(store.behind(store.lastRecord()), (change, sector) -> change.equals(next));
    ScriptedStore.afterPowerCut(cut, store.history.upTo(3), 2).close();
    assertThat(next.offset()).as("L2").isNotEqualTo(extent);
    store.commit(put(3, FAR)); // the record before carried the mark
    assertThat(store.lastBlob(FAR).offset()).as("L2 lets it go at last").isEqualTo(extent);
    assertThat(store.cutPowerEverywhere(0, BlockImageDamage.NONE)).isPositive();
    store.close();
  }

  @Test
  void shouldDropAGroupWholeWhenOnlyItsFirstEpochsBlobHasLanded() {
    ScriptedStore first = ScriptedStore.create();
    first.commit(put(1, 1));
    first.group(put(2, 1), put(3, 1));
    DiskEvent.Write group = first.lastRecord();
    BlockImage cut =
        first.powerCut(
            first.behind(group),
            (change, sector) -> change.equals(group) && sector < 16); // record and first blob
    ScriptedStore second = ScriptedStore.afterPowerCut(cut, first.history, 1);
    assertThat(second.lastEpoch()).as("L4: neither of both epochs").isEqualTo(1);
    second.commit(put(4, 1)); // where the first epoch's blob was
    assertThat(second.lastRecord().offset()).isEqualTo(group.offset());
    second.commit(put(5, FAR));
    assertThat(second.cutPowerEverywhere(0, BlockImageDamage.NONE)).isPositive();
    second.close();
    first.close();
  }

  @Test
  void shouldNotLookForTheReusedBlobsOfRecordsBelowTheMark() {
    ScriptedStore store = ScriptedStore.create();
    store.commit(put(1, FAR));
    long extent = store.lastBlob(FAR).offset();
    store.commit(put(1, FAR));
    store.commit(put(2, 1)); // its mark lets the first extent go
    store.commit(put(3, FAR));
    assertThat(store.lastBlob(FAR).offset()).isEqualTo(extent);
    // The first record's blob is gone, for good reason: no false alarm (L3). Nor is where it lay
    // held against the record (L28).
    ScriptedStore.afterPowerCut(store.powerCut(), store.history, 4).close();
    assertThat(store.cutPowerEverywhere(0, BlockImageDamage.NONE)).isPositive();
    store.close();
  }

  @Test
  void shouldPreferTheRealRecordInTheNextExtentToAStaleOneBehindTheTail() {
    ScriptedStore first = ScriptedStore.create();
    first.commit(put(1, 1));
    first.commit(put(2, 1));
    first.commit(put(3, 1));
    DiskEvent.Write lost = first.lastRecord();
    BlockImage cut = // its record lands, its blob does not
        first.powerCut(first.behind(lost), (change, sector) -> change.equals(lost) && sector < 8);
    ScriptedStore second = ScriptedStore.afterPowerCut(cut, first.history.upTo(3), 2);
    assertThat(second.lastEpoch()).isEqualTo(2);
    assertThat(second.store().recoveryReport().droppedRecords()).isEqualTo(1);
    // From now on it is older than the fence: not even looked at (L6).
    ScriptedStore again = ScriptedStore.afterPowerCut(second.powerCut(), second.history, 2);
    assertThat(again.store().recoveryReport().droppedRecords()).isZero();
    again.close();
    second.commit(put(4, 4)); // does not fit behind the tail, where the stale record stays
    assertThat(second.lastRecord().offset()).isGreaterThan(lost.offset());
    second.close();
    // From the second open on both have a sequence that the fence covers.
    BlockImage image = second.disk.image();
    for (int open = 0; open < 3; open++) {
      assertThat(isRecordAt(image, lost.offset())).as("the stale record").isTrue();
      ScriptedStore next = ScriptedStore.afterPowerCut(image, second.history, 3); // L10
      next.close();
      image = next.disk.image();
    }
    first.close();
  }

  private static boolean isRecordAt(BlockImage image, long offset) {
    byte[] block = new byte[4096];
    var _ = image.read(offset, MemorySegment.ofArray(block));
    return LogRecordFormat.hasMagic(MemorySegment.ofArray(block));
  }

  @Test
  void shouldAlwaysFindRoomForDeletesOnAFullStore() {
    // Whatever the log extent's rest is when the disk is full, no next one may be had any more.
    for (int before = 0; before < 16; before++) {
      ScriptedStore store = ScriptedStore.create();
      for (int i = 0; i < before; i++) {
        store.commit(delete(13));
      }
      store.disk.limitSize(store.disk.size());
      assertThat(fill(store)).isPositive();
      for (int i = 0; i < 40; i++) {
        store.commit(delete(20)); // frees nothing: goes on in the blocks of old records only
        store.runCheckpointIfDue();
      }
      deleteFasterThanCheckpoints(store);
      for (int i = 0; i < 40; i++) {
        store.commit(delete(i % 14)); // L14, L15
        store.runCheckpointIfDue(); // which lets old records go
      }
      assertThat(store.history.states.getLast()).isEmpty();
      assertThat(fill(store)).as("deletes made room").isPositive();
      assertThat(StoreLife.difference(store.store(), store.history.states.getLast())).isNull();
      ScriptedStore.afterPowerCut(store.powerCut(), store.history, store.lastEpoch()).close();
      store.close();
    }
  }

  /** Uses the log up while no checkpoint gets on, which must not be the end of it. */
  private static void deleteFasterThanCheckpoints(ScriptedStore store) {
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 100; i++) {
                store.commit(delete(20));
              }
            })
        .isInstanceOf(StorageFullException.class);
    int failed = 0;
    for (int succeeded = 0; succeeded == 0; ) {
      store.runCheckpointIfDue();
      try {
        store.commit(delete(20));
        succeeded++;
      } catch (StorageFullException e) {
        failed++;
        assertThat(failed).as("checkpoints that freed no record").isLessThan(3);
      }
    }
  }

  /** Puts until nothing fits any more, ever smaller values; returns how many blobs there are. */
  private static int fill(ScriptedStore store) {
    int id = 0;
    for (int blocks = 6; blocks > 0 && id < 13; blocks--) {
      for (boolean full = false; !full && id < 13; ) {
        int next = id;
        int size = blocks;
        if (store.store().contains(StoreLife.id(next))) {
          return next;
        }
        try {
          store.commit(put(next, size));
          id++;
        } catch (StorageFullException e) {
          full = true;
        }
      }
    }
    assertThatThrownBy(() -> store.commit(put(13, 9))).isInstanceOf(StorageFullException.class);
    return id;
  }

  @Test
  void shouldApplyAGroupsDeletesInTheirOrder() {
    ScriptedStore store = ScriptedStore.create();
    store.commit(put(1, 1), put(2, 1));
    store.group(delete(1), put(1, 2), put(2, 1), delete(2), delete(3), put(3, FAR));
    assertThat(store.value(1)).isNotNull();
    assertThat(StoreLife.difference(store.store(), store.history.states.getLast())).isNull();
    ScriptedStore.afterPowerCut(store.powerCut(), store.history, 7).close();
    assertThat(store.cutPowerEverywhere(0, BlockImageDamage.NONE)).isPositive();
    store.close();
  }

  @Test
  void shouldMakeDurableWhatAKilledProcessLeftBeforeAnythingIsExposed() {
    ScriptedStore first = ScriptedStore.create();
    first.commit(put(1, 1));
    first.commit(put(2, FAR)); // written, then synced
    DiskEvent.Write record = first.lastRecord();
    // Killed between both: its writes are to be read, and may still be lost.
    SimulatedDisk left = SimulatedDisk.afterKill(first.disk, first.behind(record));
    ScriptedStore second = ScriptedStore.open(left, first.history, 1);
    assertThat(second.lastEpoch()).as("found, and so exposed").isEqualTo(2);
    ScriptedStore.afterPowerCut(second.powerCut(), second.history, 2).close(); // L5
    second.commit(put(3, 1));
    ScriptedStore.afterPowerCut(second.powerCut(), second.history, 3).close();
    second.close();
    first.close();
  }

  @Test
  @Tag("campaign")
  void shouldNotUseGrownSpaceBeforeItsZeroesAndSizeAreDurable() {
    ScriptedStore store = ScriptedStore.create();
    long before = store.disk.size();
    int from = store.disk.events().size();
    for (int id = 0; store.disk.size() == before; id++) {
      store.commit(put(id % 14, FAR));
    }
    int grown = store.disk.events().size();
    // The last write before a commit goes there is a sync that covers the growth (L29).
    store.commit(put(1, FAR));
    store.commit(put(2, FAR));
    store.commit(put(3, 1));
    assertThat(store.disk.events().subList(from, grown))
        .anyMatch(e -> e instanceof DiskEvent.Write write && write.offset() >= before);
    for (int point = from; point <= store.disk.events().size(); point++) {
      requireSyncedGrowth(store.disk, point, before);
    }
    assertThat(store.cutPowerEverywhere(from, BlockImageDamage.NONE)).isPositive();
    store.close();
  }

  /** Fails if a value or record is written behind the old end while a zero there is not durable. */
  private static void requireSyncedGrowth(SimulatedDisk disk, int point, long oldEnd) {
    if (point == 0
        || !(disk.events().get(point - 1) instanceof DiskEvent.Write write)
        || write.offset() < oldEnd
        || isZero(write)) {
      return;
    }
    assertThat(io.ashlar.store.disk.CrashImages.pendingAt(disk, false, point))
        .as("L29: zeroes that are not durable when the space is used")
        .noneMatch(e -> e instanceof DiskEvent.Write zeroes && isZero(zeroes));
  }

  private static boolean isZero(DiskEvent.Write write) {
    for (byte one : write.bytes()) {
      if (one != 0) {
        return false;
      }
    }
    return true;
  }

  @Test
  void shouldSyncValuesThatLieElsewhereThoughTheRecordIsDurable() {
    ScriptedStore store = ScriptedStore.create();
    store.commit(put(1, FAR));
    // A device with FUA: the record's durable write flushes nothing else (L17).
    ScriptedStore.afterPowerCut(store.powerCut(), store.history, 1).close();
    store.group(put(2, FAR), put(3, 1));
    ScriptedStore.afterPowerCut(store.powerCut(), store.history, 3).close();
    store.commit(put(4, 290));
    store.commit(delete(4));
    store.commit(put(5, 1));
    store.commit(put(5, 1)); // the long value's extent may be reused: no growth, and its sync, now
    long size = store.disk.size();
    store.commit(put(4, 290)); // longer than the longest buffer: written ahead, in parts (L26)
    assertThat(store.disk.size()).isEqualTo(size);
    ScriptedStore.afterPowerCut(store.powerCut(), store.history, 8).close();
    store.close();
  }

  /**
   * L26, L17: what a large epoch wrote ahead has ended before its record, and is synced with it.
   */
  @Test
  @Tag("campaign")
  void shouldHaveWrittenAheadWhatTheRecordNames() {
    ScriptedStore store = ScriptedStore.create();
    store.commit(put(1, AHEAD), put(2, 1), put(3, 1));
    DiskEvent.Write ahead = store.lastBlob(AHEAD); // whose caller put two more meanwhile
    assertThat(store.behind(ahead)).isLessThan(store.behind(store.lastRecord()));
    ScriptedStore.afterPowerCut(store.powerCut(), store.history, 1).close();
    assertThat(store.cutPowerEverywhere(0, BlockImageDamage.NONE)).isPositive();
    store.close();
  }

  /** L26: the blocks of an epoch that was given up are free again, once nothing lands there. */
  @Test
  @Tag("campaign")
  void shouldFreeWhatAnAbandonedEpochWroteAhead() {
    ScriptedStore store = ScriptedStore.create();
    store.commit(put(4, 1));
    try (Epoch epoch = store.store().beginEpoch()) {
      epoch.put(StoreLife.id(1), MemorySegment.ofArray(new byte[AHEAD * 4096]));
      epoch.put(StoreLife.id(2), MemorySegment.ofArray(new byte[4096]));
    }
    DiskEvent.Write abandoned = store.lastBlob(AHEAD);
    store.commit(put(1, AHEAD), put(2, 1));
    assertThat(store.lastBlob(AHEAD).offset()).isEqualTo(abandoned.offset());
    assertThat(store.behind(abandoned)).isLessThan(store.behind(store.lastBlob(AHEAD)));
    assertThat(store.cutPowerEverywhere(0, BlockImageDamage.NONE)).isPositive();
    store.close();
  }
}
