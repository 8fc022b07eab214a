package io.ashlar.store.disk;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * What crashes at every moment of a recorded workload may leave of the file.
 *
 * <p>The model: a write that is in flight, or complete and not durable, may have landed in part and
 * in any order. A completed durable write has landed, and, where durable writes flush the device's
 * cache, so has everything that was complete when it began. A completed sync has made durable what
 * was complete when it began: writes with the length of file they need, and, for a sync of
 * everything, truncations, holes and the length of allocated space. A failed sync makes nothing
 * durable, and drops what it covered from the cache, so that later syncs leave it out (as Linux
 * does). A failed write may land any time, whole or in part.
 *
 * <p>The images are built in one pass over the trace and share their blocks. Deterministic: the
 * same trace, seed and count give the same images.
 */
public final class CrashImages {
  /** Which part of what was not durable has landed. */
  public enum Damage {
    /** Nothing. */
    NONE,
    /** Everything. */
    ALL,
    /** The first few changes. */
    PREFIX,
    /** Some of the changes, each whole. */
    SOME,
    /** Some blocks of 4 KiB, whatever their order. */
    SUBSET,
    /** Some sectors of 512 bytes, whatever their order. */
    TORN,
    /** Everything but the last change, and the first sectors of that. */
    LAST_TORN,
    /** Everything but the last change, and some sectors of that. */
    LAST_SHREDDED
  }

  /**
   * A file after a crash.
   *
   * @param image the content; the caller's to keep and to change.
   * @param point the crash came behind this many events of the trace.
   * @param marks what the test had noted by then, oldest first.
   */
  public record Crash(BlockImage image, int point, Damage damage, long seed, List<Object> marks) {
    @Override
    public String toString() {
      return "Crash[point=%d, damage=%s, seed=%d, marks=%d]"
          .formatted(point, damage, seed, marks.size());
    }
  }

  private final List<DiskEvent> events;
  private final boolean durableWritesFlush;
  private final BlockImage durable;
  private final List<PendingChange> pending = new ArrayList<>();
  private final Map<Integer, List<PendingChange>> covered = new HashMap<>();
  private final List<Object> marks = new ArrayList<>();
  private long sizeSeen;

  private CrashImages(SimulatedDisk disk, boolean durableWritesFlush) {
    this.events = disk.events();
    this.durable = disk.initialImage();
    this.durableWritesFlush = durableWritesFlush;
    this.sizeSeen = durable.size();
  }

  /**
   * Visits the crashes at every point of a disk's trace but those right before a mark, where the
   * same images come with one promise less.
   *
   * @param durableWritesFlush whether the device has no FUA, so that a durable write flushes its
   *     cache.
   * @param imagesPerPoint the first are one of each {@link Damage}, then those that have a choice
   *     come again.
   * @return how many images there were.
   */
  public static long forEach(
      SimulatedDisk disk,
      boolean durableWritesFlush,
      long seed,
      int imagesPerPoint,
      Consumer<Crash> visitor) {
    return forEach(disk, durableWritesFlush, seed, imagesPerPoint, () -> true, visitor);
  }

  /**
   * Visits some of the crashes that the other form visits. An image that is not wanted is not built
   * either, which is most of the work.
   *
   * @param wanted asked once for each image, in their order.
   * @return how many images there were, the unwanted ones included.
   */
  public static long forEach(
      SimulatedDisk disk,
      boolean durableWritesFlush,
      long seed,
      int imagesPerPoint,
      BooleanSupplier wanted,
      Consumer<Crash> visitor) {
    CrashImages images = new CrashImages(disk, durableWritesFlush);
    SplittableRandom random = new SplittableRandom(seed);
    long count = 0;
    for (int point = 0; point <= images.events.size(); point++) {
      if (point > 0) {
        images.step(images.events.get(point - 1));
      }
      long pointSeed = random.nextLong();
      if (point == images.events.size() || !(images.events.get(point) instanceof DiskEvent.Mark)) {
        count += images.visit(point, pointSeed, imagesPerPoint, wanted, visitor);
      }
    }
    return count;
  }

  /** Returns the crash that {@link #forEach} described by these, to look at it again. */
  public static Crash at(
      SimulatedDisk disk, boolean durableWritesFlush, int point, Damage damage, long seed) {
    CrashImages images = new CrashImages(disk, durableWritesFlush);
    for (DiskEvent event : images.events.subList(0, point)) {
      images.step(event);
    }
    return images.crash(point, damage, seed);
  }

  /** Says which sectors of what was not durable have landed. */
  @FunctionalInterface
  public interface Landing {
    /**
     * Returns whether a sector has landed.
     *
     * @param change the write, truncation, hole or allocation; a truncation lands whole or not.
     * @param sector of 512 bytes, counted from its begin.
     */
    boolean lands(DiskEvent change, int sector);
  }

  /**
   * Returns a file of which a test chooses what has landed.
   *
   * @param point the crash comes behind this many events of the trace.
   */
  public static BlockImage chosen(
      SimulatedDisk disk, boolean durableWritesFlush, int point, Landing landing) {
    CrashImages images = new CrashImages(disk, durableWritesFlush);
    for (DiskEvent event : images.events.subList(0, point)) {
      images.step(event);
    }
    BlockImage image = images.durable.copy();
    for (PendingChange change : images.pending) {
      DiskEvent event = images.eventOf(change.id);
      boolean any = false;
      for (int sector = 0; sector < Math.max(1, change.sectors()) && !any; sector++) {
        any = landing.lands(event, sector);
      }
      if (any) {
        change.apply(image, sector -> landing.lands(event, sector), true);
      }
    }
    return image;
  }

  /** Returns the writes, truncations and holes that are not durable at a point, oldest first. */
  public static List<DiskEvent> pendingAt(
      SimulatedDisk disk, boolean durableWritesFlush, int point) {
    CrashImages images = new CrashImages(disk, durableWritesFlush);
    for (DiskEvent event : images.events.subList(0, point)) {
      images.step(event);
    }
    return images.pending.stream().map(change -> images.eventOf(change.id)).toList();
  }

  private DiskEvent eventOf(int id) {
    for (DiskEvent event : events) {
      boolean begins =
          switch (event) {
            case DiskEvent.Write write -> write.id() == id;
            case DiskEvent.Truncate truncate -> truncate.id() == id;
            case DiskEvent.Punch punch -> punch.id() == id;
            case DiskEvent.Allocate allocate -> allocate.id() == id;
            default -> false;
          };
      if (begins) {
        return event;
      }
    }
    throw new IllegalStateException("no such operation: id=" + id);
  }

  private int visit(
      int point, long seed, int count, BooleanSupplier wanted, Consumer<Crash> visitor) {
    Damage[] kinds = Damage.values();
    if (pending.isEmpty()) {
      if (wanted.getAsBoolean()) {
        visitor.accept(crash(point, Damage.NONE, seed));
      }
      return 1;
    }
    for (int i = 0; i < count; i++) {
      if (!wanted.getAsBoolean()) {
        continue;
      }
      // NONE and ALL come once only, as they leave nothing to chance.
      Damage damage =
          i < kinds.length ? kinds[i] : kinds[2 + (i - kinds.length) % (kinds.length - 2)];
      visitor.accept(crash(point, damage, seed + i));
    }
    return count;
  }

  private Crash crash(int point, Damage damage, long seed) {
    BlockImage image = durable.copy();
    SplittableRandom random = new SplittableRandom(seed);
    int last = pending.size() - 1;
    int whole =
        switch (damage) {
          case NONE, SOME, SUBSET, TORN -> 0;
          case ALL -> pending.size();
          case PREFIX -> random.nextInt(pending.size() + 1);
          case LAST_TORN, LAST_SHREDDED -> Math.max(0, last);
        };
    for (int i = 0; i < pending.size(); i++) {
      PendingChange change = pending.get(i);
      if (i < whole) {
        change.apply(image);
        continue;
      }
      switch (damage) {
        case SOME -> {
          if (random.nextBoolean()) {
            change.apply(image);
          }
        }
        case SUBSET -> land(change, image, random, Disk.BLOCK_BYTES / PendingChange.SECTOR);
        case TORN, LAST_SHREDDED -> land(change, image, random, 1);
        case LAST_TORN -> {
          int sectors = random.nextInt(change.sectors() + 1);
          change.apply(image, sector -> sector < sectors, random.nextBoolean());
        }
        default -> {}
      }
    }
    return new Crash(image, point, damage, seed, List.copyOf(marks));
  }

  /** Lets runs of sectors land by the throw of a coin, whose bias is thrown first. */
  private static void land(
      PendingChange change, BlockImage image, SplittableRandom random, int sectorsPerUnit) {
    double bias = random.nextDouble();
    boolean[] lands = new boolean[change.sectors() / sectorsPerUnit + 1];
    for (int i = 0; i < lands.length; i++) {
      lands[i] = random.nextDouble() < bias;
    }
    change.apply(image, sector -> lands[sector / sectorsPerUnit], random.nextBoolean());
  }

  private void step(DiskEvent event) {
    switch (event) {
      case DiskEvent.Write write -> {
        sizeSeen = Math.max(sizeSeen, write.offset() + write.bytes().length);
        pending.add(PendingChange.of(write));
        if (write.durable() && durableWritesFlush) {
          cover(write.id(), false);
        }
      }
      case DiskEvent.Truncate truncate -> {
        pending.add(PendingChange.of(truncate, sizeSeen));
        sizeSeen = Math.max(sizeSeen, truncate.bytes());
      }
      case DiskEvent.Punch punch -> pending.add(PendingChange.of(punch));
      case DiskEvent.Allocate allocate -> {
        pending.add(PendingChange.of(allocate));
        sizeSeen = Math.max(sizeSeen, allocate.offset() + allocate.bytes());
      }
      case DiskEvent.Sync sync -> cover(sync.id(), sync.all());
      case DiskEvent.Completed completed -> complete(completed.id());
      case DiskEvent.Failed failed -> fail(failed.id());
      case DiskEvent.Mark mark -> marks.add(mark.value());
    }
  }

  private void cover(int id, boolean all) {
    List<PendingChange> changes = new ArrayList<>();
    for (PendingChange change : pending) {
      if (change.completed && !change.cleaned && (all || !change.metadata)) {
        changes.add(change);
      }
    }
    covered.put(id, changes);
  }

  private void complete(int id) {
    List<PendingChange> changes = covered.remove(id);
    if (changes != null) {
      changes.forEach(this::makeDurable);
    }
    for (int i = pending.size() - 1; i >= 0; i--) {
      PendingChange change = pending.get(i);
      if (change.id == id) {
        change.completed = true;
        if (change.durable) {
          makeDurable(change);
        }
        return;
      }
    }
  }

  private void fail(int id) {
    List<PendingChange> changes = covered.remove(id);
    if (changes != null) {
      changes.forEach(change -> change.cleaned = true);
    }
  }

  private void makeDurable(PendingChange change) {
    int at = pending.indexOf(change);
    if (at < 0) {
      return; // another sync did it meanwhile
    }
    pending.remove(at);
    change.apply(durable);
    for (PendingChange earlier : pending.subList(0, at)) {
      earlier.yieldTo(change);
    }
  }
}
