package io.ashlar.store.commit.group;

import io.ashlar.store.commit.epoch.EpochBuffer;
import io.ashlar.store.commit.epoch.ScatteredPlacement;
import io.ashlar.store.disk.DiskQueue;
import io.ashlar.store.disk.GuardedDisk;
import io.ashlar.store.format.LogRecordFormat;
import io.ashlar.store.space.BlockSpace;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Places the values of a group wherever there is space, because no run of blocks holds them all,
 * and begins to write them. Epochs for which there is no space are refused.
 *
 * <p>Thread: the commit role's holder, on the I/O thread.
 */
final class ScatteredGroup implements ScatteredPlacement.Space {

  private final GuardedDisk disk;
  private final BlockSpace space;
  private final GroupWrites writes;
  private final Refusals refusals;
  private final ScatteredPlacement placement = new ScatteredPlacement(this, this::addPiece);
  private final boolean[] placed = new boolean[LogRecordFormat.EPOCHS_MAX];
  private @Nullable DiskQueue pieces; // the queue that the group is written through

  ScatteredGroup(GuardedDisk disk, BlockSpace space, GroupWrites writes, Refusals refusals) {
    this.disk = disk;
    this.space = space;
    this.writes = writes;
    this.refusals = refusals;
  }

  /**
   * Places the values of a group, and fails the epochs for which there is no space.
   *
   * @return how many epochs are left, at the front of {@code group}.
   */
  int place(EpochBuffer[] group, int count, long blocks, DiskQueue queue) {
    int left = 0;
    pieces = queue;
    placement.begin(blocks);
    for (int i = 0; i < count; i++) {
      placed[i] = placement.place(group[i]);
      left += placed[i] ? 1 : 0;
    }
    placement.end();
    pieces = null;
    if (left == count) {
      return count;
    }
    writes.drain(
        queue); // the extents of an epoch that fails are freed: nothing may still land there
    left = 0;
    for (int i = 0; i < count; i++) {
      EpochBuffer epoch = takeOut(group, i);
      if (placed[i]) {
        group[left++] = epoch;
      } else {
        refusals.refuse(epoch, epoch.writableBlocks());
      }
    }
    return left;
  }

  /** Takes an epoch out of a group: what happens to the group from here on is not the epoch's. */
  static EpochBuffer takeOut(EpochBuffer[] group, int place) {
    EpochBuffer epoch = group[place];
    Arrays.fill(group, place, place + 1, null);
    return epoch;
  }

  private void addPiece(MemorySegment buffer, long offset, long bytes, long fileOffset) {
    DiskQueue queue = pieces;
    // L24: growth for another value may have failed; the group is then given up before its record
    if (queue != null && !disk.poison().isSet()) {
      writes.add(queue, buffer, offset, bytes, fileOffset);
      disk.counters().bytesWritten.add(bytes);
    }
  }

  @Override
  public long allocateFree(long least, long most) {
    return space.allocateFree(least, most);
  }

  @Override
  public long allocatedBlocks() {
    return space.allocatedBlocks();
  }

  @Override
  public long allocate(long blocks) {
    return space.allocate(blocks);
  }

  @Override
  public void giveBack(long start, long blocks) {
    space.free(start, blocks);
  }
}
