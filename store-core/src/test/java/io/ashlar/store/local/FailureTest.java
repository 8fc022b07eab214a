package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.Campaign;
import io.ashlar.store.Epoch;
import io.ashlar.store.StorageFullException;
import io.ashlar.store.StoreException;
import io.ashlar.store.StoreFailedException;
import io.ashlar.store.disk.CrashImages;
import io.ashlar.store.disk.DiskEvent;
import io.ashlar.store.disk.InjectedFailure;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.store.local.StoreLife.History;
import io.ashlar.uring.Errno;
import io.ashlar.uring.NativeException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.SplittableRandom;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Fails every write and sync of a scripted workload, once and for ever. */
@Tag("campaign")
class FailureTest {

  private static final long SEED = Long.getLong("test.seed", System.nanoTime());
  private static final int GROUPS = 24;

  /** Each operation fails with EIO, and with some of the other failures in turn. */
  private static final int STRIDE = Campaign.stride("failure.stride", 2);

  /** Hundreds of failures are meant: each would be logged with its stack. */
  private final Logger quiet = Logger.getLogger("io.ashlar.store");

  @BeforeEach
  void muteTheLog() {
    quiet.setLevel(Level.OFF);
  }

  @AfterEach
  void restoreTheLog() {
    quiet.setLevel(null);
  }

  @Test
  void shouldEndInThePromisedStateWhateverFails() {
    long operations = healthyOperations();
    long tried = 0;
    long poisoned = 0;
    long refusedOpens = 0;
    SplittableRandom random = new SplittableRandom(SEED);
    long turn = Math.floorMod(SEED, STRIDE);
    for (long k = 0; k < operations; k++) {
      // What is treated as one of the first two takes turns.
      int[] errnos = {Errno.EIO, Errno.ENOSPC, k % 2 == 0 ? Errno.EDQUOT : Errno.EROFS};
      for (boolean forever : new boolean[] {false, true}) {
        for (int errno : errnos) {
          if (errno != Errno.EIO && turn++ % STRIDE > 0) {
            continue;
          }
          int outcome = tryFailure(InjectedFailure.change(k, errno, forever), random.nextLong());
          tried++;
          poisoned += outcome == 1 ? 1 : 0;
          refusedOpens += outcome == 2 ? 1 : 0;
        }
      }
      if (turn++ % STRIDE == 0) {
        var _ = tryFailure(InjectedFailure.shortWrite(k, Errno.EIO, 512), random.nextLong());
        tried++;
      }
    }
    System.out.println(
        "failures tried: "
            + tried
            + " over "
            + operations
            + " operations, poisoned="
            + poisoned
            + ", opens refused="
            + refusedOpens
            + " (-Dtest.seed="
            + SEED
            + ")");
    assertThat(poisoned).isPositive();
    assertThat(refusedOpens).isPositive();
  }

  private static long healthyOperations() {
    SimulatedDisk disk = new SimulatedDisk();
    try (StoreLife.Opened opened = StoreLife.openOn(disk, SEED)) {

      StoreLife life = StoreLife.over(disk, new History(), opened, SEED);
      assertThat(life.runUntilFailure(GROUPS)).isNull();
    }
    return disk.changeCount();
  }

  /** A sync that fails is the last that is done to the file, whichever it is (G6). */
  @Test
  void shouldNeverSyncOrWriteAgainAfterAnySyncHasFailed() {
    SimulatedDisk healthy = new SimulatedDisk();
    try (StoreLife.Opened opened = StoreLife.openOn(healthy, SEED)) {
      assertThat(StoreLife.over(healthy, new History(), opened, SEED).runUntilFailure(GROUPS))
          .isNull();
    }
    long syncs = healthy.count(InjectedFailure.Kind.SYNC);
    int poisoned = 0;
    for (long k = 0; k < syncs; k++) {
      SimulatedDisk disk = new SimulatedDisk();
      disk.fail(InjectedFailure.once(InjectedFailure.Kind.SYNC, k, Errno.EIO));
      try (StoreLife.Opened opened = StoreLife.openOn(disk, SEED)) {
        StoreLife life = StoreLife.over(disk, new History(), opened, SEED);
        var _ = life.runUntilFailure(GROUPS);
        boolean due = disk.count(InjectedFailure.Kind.SYNC) > k; // else it comes at the close
        assertThat(opened.store().stats().failed()).as("sync %d", k).isEqualTo(due);
        poisoned += due ? 1 : 0;
      } catch (NativeException | StoreException e) {
        assertThat(k).as("only an open may fail").isLessThan(3);
      }
      List<DiskEvent> events = disk.events();
      int failed = 0;
      while (!(events.get(failed) instanceof DiskEvent.Failed)) {
        failed++;
      }
      assertThat(events.subList(failed + 1, events.size()))
          .as("sync %d", k)
          .noneMatch(e ->
              e instanceof DiskEvent.Sync
                  || e instanceof DiskEvent.Write
                  || e instanceof DiskEvent.Allocate);
    }
    System.out.println("syncs failed: " + syncs + ", poisoned=" + poisoned);
    assertThat(poisoned).isPositive();
  }

  /**
   * Returns 0 when the life went on, 1 when the store was poisoned, 2 when it could not be opened.
   */
  private static int tryFailure(InjectedFailure failure, long damageSeed) {
    SimulatedDisk disk = new SimulatedDisk();
    disk.fail(failure);
    History history = new History();
    long acknowledged;
    int outcome = 0;
    try (StoreLife.Opened opened = StoreLife.openOn(disk, SEED)) {
      DataFileStore store = opened.store();
      StoreLife life = StoreLife.over(disk, history, opened, SEED);
      StoreException failed = life.runUntilFailure(GROUPS);
      acknowledged = life.acknowledged();
      if (failed != null) {
        assertThat(failed).as("%s", failure).isInstanceOf(StoreFailedException.class);
      }
      assertThat(StoreLife.difference(store, history.states.get((int) acknowledged)))
          .as("reads go on after %s", failure)
          .matches(what -> what == null || (failed != null && what.startsWith("VerifyReport")));
      if (store.stats().failed()) {
        outcome = 1;
        refuseEveryWrite(disk, opened, failure);
      }
    } catch (NativeException | StoreException e) {
      acknowledged = 0; // the store could not be opened or made
      outcome = 2;
    }
    reopen(disk, history, acknowledged, failure, damageSeed);
    return outcome;
  }

  /** L24: after poison nothing is written, whatever is asked for. */
  private static void refuseEveryWrite(
      SimulatedDisk disk, StoreLife.Opened opened, InjectedFailure failure) {
    DataFileStore store = opened.store();
    long before = disk.changeCount();
    assertThatThrownBy(
            () -> {
              try (Epoch epoch = store.beginEpoch()) {
                epoch.put(StoreLife.id(1), MemorySegment.ofArray(new byte[10]));
                epoch.commit();
              }
            })
        .as("%s", failure)
        .isInstanceOf(StoreFailedException.class);
    assertThatThrownBy(store::markTiered).isInstanceOf(StoreFailedException.class);
    while (store.doWork() > 0) {
      assertThat(disk.changeCount()).isEqualTo(before);
    }
    opened.close();
    assertThat(disk.changeCount()).as("writes after poison: %s", failure).isEqualTo(before);
  }

  /** Whatever of the failed writes has landed, the next open keeps what was acknowledged. */
  private static void reopen(
      SimulatedDisk disk,
      History history,
      long acknowledged,
      InjectedFailure failure,
      long damageSeed) {
    CrashImages.Damage[] kinds = CrashImages.Damage.values();
    for (int i = 0; i < 2; i++) {
      CrashImages.Damage damage = kinds[(int) Math.floorMod(damageSeed + i, (long) kinds.length)];
      CrashImages.Crash crash =
          CrashImages.at(disk, false, disk.events().size(), damage, damageSeed + i);
      SimulatedDisk after = SimulatedDisk.of(crash.image());
      try (StoreLife.Opened opened = StoreLife.openAfterCrash(after, damageSeed)) {
        DataFileStore store = opened.store();
        long kept = store.recoveryReport().lastEpoch();
        assertThat(kept)
            .as("%s, %s", failure, crash)
            .isBetween(acknowledged, (long) history.states.size() - 1);
        assertThat(StoreLife.difference(store, history.states.get((int) kept)))
            .as("%s, %s", failure, crash)
            .isNull();
      }
    }
  }

  @Test
  void shouldFailOneEpochWhenTheDiskIsFullAndGoOn() {
    SimulatedDisk disk = new SimulatedDisk();
    try (StoreLife.Opened opened = StoreLife.openOn(disk, SEED)) {
      DataFileStore store = opened.store();
      disk.limitSize(disk.size());
      int stored = fill(store);
      assertThat(stored).isPositive();
      try (Epoch epoch = store.beginEpoch()) {
        epoch.put(StoreLife.id(0), MemorySegment.ofArray(new byte[100_000]));
        assertThatThrownBy(epoch::commit)
            .isInstanceOf(StorageFullException.class)
            .hasMessageContaining("neededBytes=")
            .hasMessageContaining("freeBytes=")
            .hasMessageContaining("ENOSPC");
      }
      assertThat(store.stats().failed()).isFalse();
      assertThat(store.length(StoreLife.id(0))).isEqualTo(20_000);
      for (int i = 0; i < stored; i++) {
        try (Epoch epoch = store.beginEpoch()) {
          epoch.delete(StoreLife.id(i));
          epoch.commit(); // deletes go on (G7)
        }
      }
      assertThat(fill(store)).isPositive();
    }
  }

  private static int fill(DataFileStore store) {
    for (int i = 0; i < 1000; i++) {
      try (Epoch epoch = store.beginEpoch()) {
        epoch.put(StoreLife.id(i), MemorySegment.ofArray(new byte[20_000]));
        epoch.commit();
      } catch (StorageFullException e) {
        return i;
      }
    }
    throw new AssertionError("a disk of bounded size never filled");
  }
}
