package io.ashlar.store.disk;

import java.util.BitSet;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * A change of the file that is not durable yet: a crash may leave any of its 512-byte sectors done.
 *
 * <p>Sectors that a later change made durable are given up here: a cache does not write an older
 * version of a sector over a newer one.
 */
final class PendingChange {
  static final int SECTOR = 512;

  /** What is done to the file. */
  private enum Effect {
    WRITE,
    PUNCH,
    TRUNCATE,
    /** Only the length changes, up to the last sector that lands. */
    ALLOCATE
  }

  final int id;
  final boolean durable;
  final boolean metadata;
  private final long offset;
  private final long length;
  private final byte @Nullable [] bytes; // null: zeroes
  private final Effect effect;
  private final BitSet superseded = new BitSet();
  private long sizeAfter;

  boolean completed;
  boolean cleaned; // a failed sync dropped it from the cache: later syncs do not cover it

  private PendingChange(
      Effect effect,
      int id,
      long offset,
      long length,
      byte @Nullable [] bytes,
      boolean durable,
      long sizeAfter) {
    this.effect = effect;
    this.id = id;
    this.offset = offset;
    this.length = length;
    this.bytes = bytes;
    this.durable = durable;
    this.metadata = effect != Effect.WRITE;
    this.sizeAfter = sizeAfter;
  }

  static PendingChange of(DiskEvent.Write write) {
    int length = write.bytes().length;
    return new PendingChange(
        Effect.WRITE,
        write.id(),
        write.offset(),
        length,
        write.bytes(),
        write.durable(),
        write.offset() + length);
  }

  /** A truncation zeroes what it cuts off, up to the largest size the file had before. */
  static PendingChange of(DiskEvent.Truncate truncate, long sizeBefore) {
    long from = (truncate.bytes() + SECTOR - 1) / SECTOR * SECTOR;
    return new PendingChange(
        Effect.TRUNCATE,
        truncate.id(),
        from,
        Math.max(0, sizeBefore - from),
        null,
        false,
        truncate.bytes());
  }

  static PendingChange of(DiskEvent.Punch punch) {
    return new PendingChange(
        Effect.PUNCH, punch.id(), punch.offset(), punch.bytes(), null, false, -1);
  }

  static PendingChange of(DiskEvent.Allocate allocate) {
    return new PendingChange(
        Effect.ALLOCATE,
        allocate.id(),
        allocate.offset(),
        allocate.bytes(),
        null,
        false,
        allocate.offset() + allocate.bytes());
  }

  private boolean truncates() {
    return effect == Effect.TRUNCATE;
  }

  long end() {
    return offset + length;
  }

  int sectors() {
    return (int) ((length + SECTOR - 1) / SECTOR);
  }

  /** Does all that was not given up, as when it becomes durable or has landed whole. */
  void apply(BlockImage image) {
    apply(image, sector -> true, true);
  }

  /**
   * Does the chosen sectors.
   *
   * @param resizes whether the change of the file's length is done too; without it, what lies
   *     beyond the end is lost.
   */
  void apply(BlockImage image, IntPredicate sectors, boolean resizes) {
    if (!resizes && (truncates() || effect == Effect.ALLOCATE)) {
      return;
    }
    if (effect == Effect.ALLOCATE) {
      applyAllocation(image, sectors);
      return;
    }
    long size = image.size();
    int count = sectors();
    for (int sector = 0; sector < count; ) {
      if (!lands(sector, sectors)) {
        sector++;
        continue;
      }
      int first = sector++;
      while (sector < count && lands(sector, sectors)) {
        sector++;
      }
      applyRun(image, first, sector);
    }
    if (!resizes || sizeAfter < 0) {
      image.truncate(size);
    } else if (truncates()) {
      image.truncate(sizeAfter);
    } else {
      image.truncate(Math.max(size, sizeAfter));
    }
  }

  /** Gives up what {@code later}, which is durable now, has overwritten. */
  void yieldTo(PendingChange later) {
    for (int sector = 0; sector < sectors(); sector++) {
      long at = offset + (long) sector * SECTOR;
      if (at >= later.offset && at < later.end()) {
        superseded.set(sector);
      }
    }
    if (later.truncates()) {
      sizeAfter = truncates() || sizeAfter < 0 ? sizeAfter : Math.min(sizeAfter, later.sizeAfter);
    } else if (truncates()) {
      sizeAfter = Math.max(sizeAfter, later.sizeAfter);
    }
  }

  /** A truncation lands whole or not at all. */
  private boolean lands(int sector, IntPredicate sectors) {
    return !superseded.get(sector) && (truncates() || sectors.test(sector));
  }

  /** A file system gives a long range its space in parts, each with the length it needs. */
  private void applyAllocation(BlockImage image, IntPredicate sectors) {
    int landed = sectors();
    while (landed > 0 && !lands(landed - 1, sectors)) {
      landed--;
    }
    long end = (offset + (long) landed * SECTOR) / Disk.BLOCK_BYTES * Disk.BLOCK_BYTES;
    if (landed > 0) {
      image.extend(Math.min(end, sizeAfter));
    }
  }

  private void applyRun(BlockImage image, int first, int end) {
    long from = (long) first * SECTOR;
    long to = Math.min((long) end * SECTOR, length);
    if (bytes != null) {
      image.write(offset + from, bytes, (int) from, (int) (to - from));
    } else {
      image.zero(offset + from, to - from);
    }
  }
}
