package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.StorageFullException;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.disk.DiskEvent;
import io.ashlar.store.disk.InjectedFailure;
import io.ashlar.store.disk.InjectedFailure.Kind;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.local.ScriptedStore.Change;
import io.ashlar.uring.Errno;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The data file is allocated first and zeroed then (L29), whatever fails or ends in between. */
class GrowthTest {

  private static final int VALUE_BLOCKS = 9;
  private static final int PUTS_MAX = 200;

  private int nextId;

  private void put(ScriptedStore store) {
    store.commit(Change.put(nextId++ % StoreLife.IDS, VALUE_BLOCKS));
  }

  /** Puts until the file is longer than {@code bytes}. */
  private void putUntilLongerThan(ScriptedStore store, long bytes) {
    for (int i = 0; i < PUTS_MAX && store.disk.size() <= bytes; i++) {
      put(store);
    }
    assertThat(store.disk.size()).isGreaterThan(bytes);
  }

  /** A device that is full, or fails, when space is asked for: only the epochs without it fail. */
  @Test
  void shouldLoseNothingAndGoOnAfterAnAllocationFailed() {
    for (int errno : new int[] {Errno.ENOSPC, Errno.EDQUOT, Errno.EFBIG, Errno.EIO}) {
      loseNothingAndGoOn(errno);
    }
  }

  private void loseNothingAndGoOn(int errno) {
    ScriptedStore store = ScriptedStore.create();
    SimulatedDisk disk = store.disk;
    long size = disk.size();
    disk.fail(new InjectedFailure(EnumSet.of(Kind.ALLOCATE), 0, errno, true, Blocks.offset(3)));
    StorageFullException refused = null;
    for (int i = 0; i < PUTS_MAX && refused == null; i++) {
      try {
        put(store);
      } catch (StorageFullException e) {
        refused = e;
      }
    }
    assertThat(refused).isNotNull();
    assertThat(refused).hasMessageContaining("growth=fallocate");
    assertThat(store.store().stats().failed()).isFalse();
    assertThat(disk.size()).as("what was allocated in part is cut off").isEqualTo(size);
    store.commit(Change.delete(0)); // deletes need no growth
    assertThat(StoreLife.difference(store.store(), store.history.states.getLast())).isNull();
    disk.heal();
    putUntilLongerThan(store, size);
    assertThat(StoreLife.difference(store.store(), store.history.states.getLast())).isNull();
    ScriptedStore.afterPowerCut(store.powerCut(), store.history, store.lastEpoch()).close();
    store.close();
  }

  @Test
  void shouldGrowByZeroesAloneWhereTheFileSystemCannotAllocate() {
    growByZeroes(Errno.EOPNOTSUPP);
    growByZeroes(Errno.ENOSYS);
  }

  private void growByZeroes(int errno) {
    ScriptedStore store = ScriptedStore.create();
    SimulatedDisk disk = store.disk;
    disk.fail(InjectedFailure.forever(Kind.ALLOCATE, 0, errno));
    putUntilLongerThan(store, disk.size());
    putUntilLongerThan(store, disk.size());
    assertThat(disk.count(Kind.ALLOCATE)).as("asked once").isOne();
    assertThat(store.store().verify(VerifyListener.NONE).clean()).isTrue();
    ScriptedStore.afterPowerCut(store.powerCut(), store.history, store.lastEpoch()).close();
    store.close();
  }

  /** A growth that is cut short by a kill leaves a longer file, whose new blocks are holes. */
  @Test
  void shouldFillWhatAKilledGrowthHadOnlyAllocatedBeforeACommitGoesThere() {
    ScriptedStore store = ScriptedStore.create();
    long size = store.disk.size();
    putUntilLongerThan(store, size);
    List<DiskEvent> events = store.disk.events();
    int allocated = 0;
    while (!(events.get(allocated) instanceof DiskEvent.Allocate)) {
      allocated++;
    }
    SimulatedDisk left = SimulatedDisk.afterKill(store.disk, allocated + 2);
    assertThat(left.size()).as("longer already").isGreaterThan(size);
    int from = left.events().size();
    long lastMarked = acknowledgedIn(events.subList(0, allocated + 2));
    ScriptedStore second = ScriptedStore.open(left, store.history, lastMarked);
    long longer = left.size();
    putUntilLongerThan(second, longer);
    requireFilledFirst(left.events().subList(from, left.events().size()), size, longer);
    assertThat(StoreLife.difference(second.store(), second.history.states.getLast())).isNull();
    second.close();
    store.close();
  }

  private static long acknowledgedIn(List<DiskEvent> events) {
    long acknowledged = 0;
    for (DiskEvent event : events) {
      if (event instanceof DiskEvent.Mark mark && mark.value() instanceof StoreLife.Acked acked) {
        acknowledged = Math.max(acknowledged, acked.epoch());
      }
    }
    return acknowledged;
  }

  /** Fails if something else than zeroes was first written to a block of a range. */
  private static void requireFilledFirst(List<DiskEvent> events, long offset, long endOffset) {
    Set<Long> filled = new HashSet<>();
    Set<Long> synced = new HashSet<>();
    long used = 0;
    for (DiskEvent event : events) {
      if (event instanceof DiskEvent.Sync) {
        synced.addAll(filled);
      }
      if (event instanceof DiskEvent.Write write) {
        boolean zero = isZero(write);
        for (int at = 0; at < write.bytes().length; at += Blocks.BYTES) {
          long block = (write.offset() + at) / Blocks.BYTES;
          if (write.offset() + at < offset || write.offset() + at >= endOffset) {
            continue;
          }
          if (zero) {
            filled.add(block);
          } else {
            assertThat(synced).as("L29: zeroes are durable at block %d", block).contains(block);
            used++;
          }
        }
      }
    }
    assertThat(used).as("blocks that were used").isPositive();
  }

  private static boolean isZero(DiskEvent.Write write) {
    for (byte one : write.bytes()) {
      if (one != 0) {
        return false;
      }
    }
    return true;
  }
}
