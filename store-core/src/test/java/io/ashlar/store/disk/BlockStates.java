package io.ashlar.store.disk;

import java.util.HashSet;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;

/** Which blocks of a simulated file fail, or have no space yet. Thread: the disk's lock is held. */
final class BlockStates {

  final Set<Long> unreadable = new HashSet<>();
  final Set<Long> unwritable = new HashSet<>();
  final NavigableSet<Long> unallocated = new TreeSet<>();
  private final NavigableSet<Long> unwritten = new TreeSet<>(); // they have their space

  /** Returns whether a set has a block of a range. */
  static boolean isIn(Set<Long> blocks, long offset, long bytes) {
    for (long at = offset; at < offset + bytes && !blocks.isEmpty(); at += Disk.BLOCK_BYTES) {
      if (blocks.contains(at / Disk.BLOCK_BYTES)) {
        return true;
      }
    }
    return false;
  }

  void onWrite(long offset, long bytes) {
    for (long at = offset; at < offset + bytes; at += Disk.BLOCK_BYTES) {
      unreadable.remove(at / Disk.BLOCK_BYTES);
      unallocated.remove(at / Disk.BLOCK_BYTES);
      unwritten.remove(at / Disk.BLOCK_BYTES);
    }
  }

  /** Takes a range that got its space, of which the blocks from {@code size} on are new. */
  void onAllocate(long offset, long bytes, long size) {
    for (long at = offset; at < offset + bytes; at += Disk.BLOCK_BYTES) {
      if (unallocated.remove(at / Disk.BLOCK_BYTES) || at >= size) {
        unwritten.add(at / Disk.BLOCK_BYTES);
      }
    }
  }

  void onTruncate(long bytes) {
    unwritten.tailSet(bytes / Disk.BLOCK_BYTES).clear();
  }

  /** Visits what ext4 and XFS call holes: what has no space, and what was never written. */
  void forEachHole(Disk.RangeVisitor visitor) {
    NavigableSet<Long> holes = new TreeSet<>(unallocated);
    holes.addAll(unwritten);
    long end = 0;
    for (long block : holes) {
      if (block >= end) {
        end = block;
        while (holes.contains(end)) {
          end++;
        }
        visitor.visit(block * Disk.BLOCK_BYTES, (end - block) * Disk.BLOCK_BYTES);
      }
    }
  }
}
