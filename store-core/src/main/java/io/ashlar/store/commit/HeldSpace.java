package io.ashlar.store.commit;

import io.ashlar.store.BackPressureTimeoutException;
import io.ashlar.store.StoreException;
import io.ashlar.store.commit.epoch.EpochBuffer;
import io.ashlar.store.commit.epoch.HeldQuota;
import io.ashlar.store.commit.group.Refusals;
import io.ashlar.store.commit.role.RoleTasks;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.space.BlockSpace;
import io.ashlar.store.spi.HeapShortage;
import java.util.function.Supplier;

/**
 * The extents that epochs hold before their commit, for values that are streamed, spilled or
 * written ahead. Nothing refers to them yet, so a crash frees them.
 *
 * <p>A held extent ends in one of three ways (rules L26, L24). The epoch is committed and its
 * record names the extent. Or its writes have ended and the extent is freed. Or a write to it
 * failed, and the extent stays unused until the next open. {@link HeldQuota} bounds the total of
 * all epochs.
 *
 * <p>An extent is returned even if the heap is full for a while ({@link HeapShortage}).
 *
 * <p>Thread: an epoch's caller. Only the commit role's holder touches the space itself (L19).
 */
final class HeldSpace {

  /**
   * An extent that was taken.
   *
   * @param start the first block, or −1 when there was no space.
   * @param blocks how many, 0 then.
   */
  record Held(long start, long blocks) {
    private static final Held NOTHING = new Held(-1, 0);
  }

  private final RoleTasks tasks;
  private final HeldQuota quota;
  private final BlockSpace space;
  private final Poison poison;
  private final Refusals refusals;
  private final long timeoutMs;

  /**
   * Creates one.
   *
   * @param timeoutMs how long is waited for others to hold less.
   */
  HeldSpace(
      RoleTasks tasks,
      HeldQuota quota,
      BlockSpace space,
      Poison poison,
      Refusals refusals,
      long timeoutMs) {
    this.tasks = tasks;
    this.quota = quota;
    this.space = space;
    this.poison = poison;
    this.refusals = refusals;
    this.timeoutMs = timeoutMs;
  }

  /** Takes a run that is free now, if there is one and the quota has room for it. */
  Held tryTake(EpochBuffer buffer, long least, long most) {
    if (!quota.tryTake(most)) {
      return Held.NOTHING;
    }
    return take(
        buffer,
        most,
        () -> {
          long start = space.allocateFree(least, most);
          return new Held(start, start < 0 ? 0 : space.allocatedBlocks());
        });
  }

  /**
   * Takes one run, growing the file if it must; returns the first block or −1.
   *
   * @throws IllegalArgumentException if the epoch would hold too much: it is as before.
   * @throws BackPressureTimeoutException if others held too much until the deadline; nothing is
   *     taken then either.
   */
  long take(EpochBuffer buffer, long blocks) {
    quota.take(buffer.heldBlocks(), blocks, timeoutMs);
    return take(
            buffer,
            blocks,
            () -> {
              long start = space.allocate(blocks);
              return new Held(start, start < 0 ? 0 : blocks);
            })
        .start();
  }

  private Held take(EpochBuffer buffer, long counted, Supplier<Held> allocation) {
    Held held = Held.NOTHING;
    try {
      held =
          tasks.ask(() -> {
            poison.check();
            Held found = allocation.get();
            space.hold(found.blocks());
            return found;
          });
    } finally {
      quota.giveBack(counted - held.blocks());
    }
    buffer.addHeldBlocks(held.blocks());
    return held;
  }

  /** Returns the exception for a value that found no space. */
  StoreException fullException(long blocks) {
    return tasks.ask(() -> refusals.full(blocks));
  }

  /** Frees an extent whose value was not completed; no write to it is in flight (L26). */
  void free(EpochBuffer buffer, long start, long blocks) {
    noLongerHeld(buffer, blocks);
    boolean done = false;
    for (int attempt = 0; !done; attempt++) {
      try {
        tasks.perform(() -> {
          space.unhold(blocks);
          if (!poison.isSet()) {
            space.free(start, blocks);
          }
        });
        done = true;
      } catch (OutOfMemoryError e) {
        HeapShortage.await(attempt, e);
      }
    }
  }

  /** Frees all that an epoch holds which will not be committed; every write ahead has ended. */
  void freeAll(EpochBuffer buffer) {
    boolean done = buffer.heldBlocks() == 0;
    for (int attempt = 0; !done; attempt++) {
      try {
        tasks.perform(() -> {
          if (!poison.isSet()) {
            refusals.freePlaced(buffer); // L26
          }
        });
        done = true;
      } catch (OutOfMemoryError e) {
        HeapShortage.await(attempt, e);
      }
    }
  }

  /** Keeps an extent unused until the next open: a write to it failed (L24). */
  void quarantine(EpochBuffer buffer, long blocks) {
    noLongerHeld(buffer, blocks);
    boolean done = false;
    for (int attempt = 0; !done; attempt++) {
      try {
        tasks.perform(() -> {
          space.unhold(blocks);
          space.quarantine(blocks);
        });
        done = true;
      } catch (OutOfMemoryError e) {
        HeapShortage.await(attempt, e);
      }
    }
  }

  /** Keeps all of an epoch's extents unused until the next open: a write to one failed (L24). */
  void quarantineAll(EpochBuffer buffer) {
    quarantine(buffer, buffer.heldBlocks());
  }

  private void noLongerHeld(EpochBuffer buffer, long blocks) {
    buffer.addHeldBlocks(-blocks);
    quota.giveBack(blocks);
  }
}
