package io.ashlar.store.index;

import io.ashlar.store.Interleavings;
import io.ashlar.store.format.IdHash;
import java.util.HashMap;
import java.util.Map;
import org.jetbrains.lincheck.datastructures.BooleanGen;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ManagedStrategyGuaranteeKt;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * One writer and lock-free readers, as Lincheck runs them: each id's entry is read whole, as it was
 * at some moment during the lookup.
 */
@Tag("campaign")
@Timeout(300)
class BlobIndexLincheckTest {

  @Test
  void shouldReadWholeEntriesInEveryInterleaving() {
    explore(1, 10, 300).sequentialSpecification(Model.class).check(Entries.class);
  }

  @Test
  void shouldReadWholeEntriesBesideAWriter() {
    Interleavings.collide(5, 500).sequentialSpecification(Model.class).check(Entries.class);
  }

  @Test
  void shouldFindEntriesInEveryInterleavingWithSplits() {
    explore(2, 6, 100)
        .addGuarantee(
            // A reader meets a split as a whole: one within has too many steps to be explored.
            ManagedStrategyGuaranteeKt.forClasses(Directory.class.getName())
                .methods("split")
                .treatAsAtomic())
        .sequentialSpecification(Model.class)
        .check(Splits.class);
  }

  @Test
  void shouldFindEntriesBesideSplits() {
    Interleavings.collide(3, 300).sequentialSpecification(Model.class).check(Splits.class);
  }

  private static ModelCheckingOptions explore(int operations, int scenarios, int runs) {
    return Interleavings.explore(operations, scenarios, runs)
        .addGuarantee(
            Interleavings.unshared(
                Memory.class.getName(),
                BlobLocation.class.getName(),
                IdHash.class.getName(),
                EntryCounts.class.getName()));
  }

  /** The index that runs share, as mapping one takes longer than a run; empty at the start. */
  private static final class Memory {
    private static final BlobIndex INDEX = new BlobIndex(1);

    static BlobIndex empty() {
      for (int id = 1; id <= 3; id++) {
        INDEX.delete(1, id, 1, false, null);
      }
      INDEX.dropTombstones(Long.MAX_VALUE);
      return INDEX;
    }
  }

  /** What a lookup says. */
  private static String text(BlobLocation location) {
    return location.toString();
  }

  private static void stored(BlobLocation into, int version) {
    into.setStored(10L * version, 100 * version, 1_000 * version, version);
  }

  /** What both subjects do. */
  public abstract static class Subject {
    final BlobIndex index;
    private final BlobLocation found = new BlobLocation(); // the writer's

    Subject(BlobIndex index) {
      this.index = index;
    }

    @Operation(nonParallelGroup = "writer")
    public boolean put(
        @Param(gen = IntGen.class, conf = "1:2") int id,
        @Param(gen = IntGen.class, conf = "1:9") int version) {
      return index.put(1, id, 10L * version, 100 * version, 1_000 * version, version, false, null);
    }

    @Operation
    public String find(@Param(gen = IntGen.class, conf = "1:2") int id) {
      BlobLocation location = new BlobLocation();
      index.find(1, id, location);
      return text(location);
    }

    BlobLocation find(long id) {
      index.find(1, id, found);
      return found;
    }
  }

  /** All changes of an entry, in an index whose memory is used again and again. */
  public static class Entries extends Subject {

    public Entries() {
      super(Memory.empty());
    }

    @Operation(nonParallelGroup = "writer")
    public boolean delete(
        @Param(gen = IntGen.class, conf = "1:2") int id,
        @Param(gen = BooleanGen.class) boolean tombstone) {
      return index.delete(1, id, 7, tombstone, null);
    }

    @Operation(nonParallelGroup = "writer")
    public boolean evict(@Param(gen = IntGen.class, conf = "1:2") int id) {
      BlobLocation now = find((long) id);
      return index.evict(1, id, now.version(), now.startBlock(), id, now.version(), 5, null);
    }

    @Operation(nonParallelGroup = "writer")
    public boolean relocate(@Param(gen = IntGen.class, conf = "1:2") int id) {
      BlobLocation now = find((long) id);
      return index.relocate(1, id, now.version(), now.startBlock(), now.startBlock() + 1);
    }
  }

  /** Buckets that are split, and used again for other hashes, while they are looked into. */
  public static class Splits extends Subject {

    public Splits() {
      super(new BlobIndex(1));
    }

    @Operation(nonParallelGroup = "writer")
    public void split(@Param(gen = IntGen.class, conf = "1:2") int id) {
      index.directory().split(index.hash(1, id));
    }

    @Validate
    public void close() {
      index.close();
    }
  }

  /** What an index does, one call after another. */
  public static class Model {
    private final Map<Integer, BlobLocation> entries = new HashMap<>();

    public boolean put(int id, int version) {
      boolean had = at(id).isLive();
      BlobLocation next = new BlobLocation();
      stored(next, version);
      change(id, next);
      return had;
    }

    public boolean delete(int id, boolean tombstone) {
      if (!at(id).isLive()) {
        return false;
      }
      BlobLocation next = new BlobLocation();
      next.setTombstone(7);
      if (tombstone) {
        change(id, next);
      } else {
        entries.remove(id);
      }
      return true;
    }

    public boolean evict(int id) {
      BlobLocation now = at(id);
      if (now.kind() != BlobLocation.Kind.STORED) {
        return false;
      }
      BlobLocation next = new BlobLocation();
      next.setEvicted(now.lengthBytes(), now.crc32c(), now.version(), id, now.version(), 5);
      change(id, next);
      return true;
    }

    public boolean restore(int id) {
      BlobLocation now = at(id);
      return now.kind() == BlobLocation.Kind.EVICTED && move(id, now, 77);
    }

    public boolean relocate(int id) {
      BlobLocation now = at(id);
      return now.kind() == BlobLocation.Kind.STORED && move(id, now, now.startBlock() + 1);
    }

    public void split(int id) {}

    public String find(int id) {
      return text(at(id));
    }

    private boolean move(int id, BlobLocation now, long block) {
      BlobLocation next = new BlobLocation();
      next.setStored(block, now.lengthBytes(), now.crc32c(), now.version());
      change(id, next);
      return true;
    }

    private BlobLocation at(int id) {
      return entries.getOrDefault(id, new BlobLocation());
    }

    private void change(int id, BlobLocation next) {
      BlobLocation old = entries.put(id, next);
      next.setChangeCount(old == null ? 0 : old.changeCount() + 1);
    }
  }
}
