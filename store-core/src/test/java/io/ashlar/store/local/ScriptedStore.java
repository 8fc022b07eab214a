package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.Epoch;
import io.ashlar.store.StoreException;
import io.ashlar.store.disk.BlockImage;
import io.ashlar.store.disk.CrashImages;
import io.ashlar.store.disk.DiskEvent;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.store.format.LogRecordFormat;
import io.ashlar.store.local.StoreLife.History;
import io.ashlar.store.local.StoreLife.Value;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A store on a simulated disk whose history a test writes down, change by change, and of which it
 * chooses what a crash leaves. Values are whole blocks of random bytes.
 *
 * <p>A new store has 64 blocks: the superblocks, log extents 2 to 9 and 10 to 17, the rest free. A
 * commit takes one block of log and, where it fits, one for each block of its values.
 */
final class ScriptedStore implements AutoCloseable {

  private static final long SEED = 20_261_120;
  private static final int BLOCK = 4096;
  private static final int SUBSETS_MAX = 6;

  /** One operation of an epoch. */
  record Change(int id, int blocks) {

    static Change put(int id, int blocks) {
      return new Change(id, blocks);
    }

    static Change delete(int id) {
      return new Change(id, -1);
    }
  }

  final SimulatedDisk disk;
  final History history;
  private final StoreLife.Opened opened;
  private long seeds;

  private ScriptedStore(SimulatedDisk disk, History history) {
    this.disk = disk;
    this.history = history;
    seeds = 1000L * history.states.size();
    opened = StoreLife.openAfterCrash(disk, SEED + history.states.size() + disk.events().size());
  }

  static ScriptedStore create() {
    return new ScriptedStore(new SimulatedDisk(), new History());
  }

  /** Opens what a power cut left and checks it against what was acknowledged before. */
  static ScriptedStore afterPowerCut(BlockImage image, History before, long acknowledged) {
    return open(SimulatedDisk.of(image), before, acknowledged);
  }

  /** Opens what a killed process left and checks it. */
  static ScriptedStore open(SimulatedDisk disk, History before, long acknowledged) {
    History history = before.upTo(before.states.size() - 1L);
    ScriptedStore store = new ScriptedStore(disk, history);
    long kept = store.store().recoveryReport().lastEpoch();
    assertThat(kept).isBetween(acknowledged, history.states.size() - 1L);
    assertThat(history.groupEnds).as("L4: kept whole groups").contains(kept);
    assertThat(StoreLife.difference(store.store(), history.states.get((int) kept))).isNull();
    history.states.subList((int) kept + 1, history.states.size()).clear();
    history.groupEnds.tailSet(kept, false).clear();
    return store;
  }

  /** Returns the last epoch that was begun. */
  long lastEpoch() {
    return history.states.size() - 1L;
  }

  DataFileStore store() {
    return opened.store();
  }

  /** Lets an index checkpoint that is due be written to its end. */
  void runCheckpoint() {
    assertThat(opened.steps()).as("no index checkpoint is due").isNotEmpty();
    opened.runSteps();
  }

  /** Lets an index checkpoint be written if one is due. */
  void runCheckpointIfDue() {
    opened.runSteps();
  }

  /** Lets so much time pass that the I/O thread marks the last group. */
  void quiet() {
    opened.clockNs().addAndGet(1_000_000_000L);
    assertThat(opened.store().doWork()).isOne();
  }

  /** Returns whether an index checkpoint waits to be written. */
  boolean checkpointIsDue() {
    return !opened.steps().isEmpty();
  }

  /** Commits one epoch the way a lone blocking caller does. */
  void commit(Change... changes) {
    disk.mark(new StoreLife.Begun(history.states.size()));
    Map<Integer, Value> state = new HashMap<>(history.states.getLast());
    try (Epoch epoch = opened.store().beginEpoch()) {
      for (Change change : changes) {
        apply(epoch, state, change);
      }
      history.states.add(state);
      assertThat(epoch.commit()).isEqualTo(lastEpoch());
    } catch (StoreException e) {
      history.states.remove(state);
      throw e;
    }
    history.groupEnds.add(lastEpoch());
    disk.mark(new StoreLife.Acked(lastEpoch()));
  }

  /** Commits epochs of one change each as one group. */
  void group(Change... epochs) {
    disk.mark(new StoreLife.Begun(lastEpoch() + epochs.length));
    long sequence = opened.store().stats().sequence();
    List<java.util.concurrent.CompletableFuture<?>> all = new ArrayList<>();
    for (Change change : epochs) {
      Map<Integer, Value> state = new HashMap<>(history.states.getLast());
      Epoch epoch = opened.store().beginEpoch();
      apply(epoch, state, change);
      history.states.add(state);
      all.add(epoch.commitAsync());
    }
    assertThat(opened.store().doWork()).isEqualTo(epochs.length);
    assertThat(opened.store().stats().sequence()).as("one group").isEqualTo(sequence + 1);
    all.forEach(future -> assertThat(future).isCompleted());
    history.groupEnds.add(lastEpoch());
    disk.mark(new StoreLife.Acked(lastEpoch()));
  }

  private void apply(Epoch epoch, Map<Integer, Value> state, Change change) {
    if (change.blocks < 0) {
      epoch.delete(StoreLife.id(change.id));
      state.remove(change.id);
    } else {
      Value value = new Value(++seeds, change.blocks * BLOCK);
      epoch.put(StoreLife.id(change.id), MemorySegment.ofArray(value.bytes()));
      state.put(change.id, value);
    }
  }

  /** Returns the event that wrote the last log record. */
  DiskEvent.Write lastRecord() {
    return lastWrite(ScriptedStore::isRecord);
  }

  /** Returns the last write of a value alone, away from the log, of this many blocks. */
  DiskEvent.Write lastBlob(int blocks) {
    return lastWrite(write -> !isRecord(write) && write.bytes().length == blocks * BLOCK);
  }

  private DiskEvent.Write lastWrite(java.util.function.Predicate<DiskEvent.Write> wanted) {
    for (DiskEvent event : disk.events().reversed()) {
      if (event instanceof DiskEvent.Write write && wanted.test(write)) {
        return write;
      }
    }
    throw new AssertionError("no such write");
  }

  static boolean isRecord(DiskEvent event) {
    return event instanceof DiskEvent.Write write
        && write.offset() >= 2 * BLOCK
        && LogRecordFormat.hasMagic(MemorySegment.ofArray(write.bytes()));
  }

  /** Returns how many events there were until this one began, it included. */
  int behind(DiskEvent event) {
    int at = disk.events().lastIndexOf(event);
    assertThat(at).isNotNegative();
    return at + 1;
  }

  /** Returns what a power cut now leaves: only what is durable. */
  BlockImage powerCut() {
    return powerCut(disk.events().size(), (change, sector) -> false);
  }

  /** Returns what a power cut leaves on a device with FUA. */
  BlockImage powerCut(int point, CrashImages.Landing landing) {
    return CrashImages.chosen(disk, false, point, landing);
  }

  /**
   * Cuts the power at every moment from {@code from} on, with every choice of writes that have
   * landed while there are few of them (else none, all, all but one, only one), each whole or only
   * in its first half, with and without FUA; and opens what is left.
   *
   * @return how many there were.
   */
  int cutPowerEverywhere(int from, BlockImageDamage damage) {
    int count = 0;
    for (boolean flush : new boolean[] {false, true}) {
      for (int point = from; point <= disk.events().size(); point++) {
        List<DiskEvent> pending = CrashImages.pendingAt(disk, flush, point);
        IdentityHashMap<DiskEvent, Integer> places = places(pending);
        int n = Math.min(new HashSet<>(places.values()).size(), SUBSETS_MAX);
        for (int subset = 0; subset < 1 << n; subset++) {
          for (int torn = 0; torn < (subset == 0 ? 1 : 2); torn++) {
            int chosen = subset;
            int half = torn;
            BlockImage image =
                CrashImages.chosen(
                    disk,
                    flush,
                    point,
                    (change, sector) ->
                        (chosen >> Math.min(n - 1, places.getOrDefault(change, 0)) & 1) != 0
                            && (half == 0 || sector < sectors(change) / 2));
            check(image, point, "flush=" + flush + ", landed=" + subset + ", torn=" + torn, damage);
            count++;
          }
        }
      }
    }
    return count;
  }

  /** Numbers changes that land or not by themselves; those of a growth land together. */
  private static IdentityHashMap<DiskEvent, Integer> places(List<DiskEvent> pending) {
    IdentityHashMap<DiskEvent, Integer> places = new IdentityHashMap<>();
    int growth = -1;
    int count = 0;
    for (DiskEvent change : pending) {
      if (change instanceof DiskEvent.Allocate || isZeroes(change)) {
        growth = growth < 0 ? count++ : growth;
        places.put(change, growth);
      } else {
        places.put(change, count++);
      }
    }
    return places;
  }

  private static boolean isZeroes(DiskEvent change) {
    return change instanceof DiskEvent.Write write
        && Arrays.mismatch(write.bytes(), new byte[write.bytes().length]) < 0;
  }

  /** Changes what a power cut has left. */
  @FunctionalInterface
  interface BlockImageDamage {

    BlockImageDamage NONE = image -> {};

    void apply(BlockImage image);
  }

  private static int sectors(DiskEvent change) {
    return change instanceof DiskEvent.Write write ? write.bytes().length / 512 : 2;
  }

  private void check(BlockImage image, int point, String what, BlockImageDamage damage) {
    long acked = 0;
    for (DiskEvent event : disk.events().subList(0, point)) {
      if (event instanceof DiskEvent.Mark(StoreLife.Acked(long epoch))) {
        acked = epoch;
      }
    }
    damage.apply(image);
    try (ScriptedStore next = afterPowerCut(image, history, acked)) {
      next.commit(Change.put(0, 1));
      assertThat(StoreLife.difference(next.store(), next.history.states.getLast())).isNull();
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError("point=" + point + ", " + what, e);
    }
  }

  /** Returns the value that an id has now. */
  byte @Nullable [] value(int id) {
    Value value = history.states.getLast().get(id);
    return value == null ? null : value.bytes();
  }

  /** Closes the store in good order. */
  @Override
  public void close() {
    opened.close();
  }
}
